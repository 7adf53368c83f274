import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { flow } from '../../../cli/commands/flows/flow';
import { channelOfLink, defaultFlowName } from '../../../cli/flows/flow-spec';
import { logicAppTemplate } from '../../../cli/flows/logic-app';
import { solutionZip } from '../../../cli/flows/solution';
import { main, type ProgramEnvironment } from '../../../cli/main';
import { Exit } from '../../../cli/shell/exit';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'connector-flow-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function run(...args: string[]) {
  const said: string[] = [];
  const say = (text: string) => void said.push(text);
  const world = { print: say, terminal: { line: say, problem: say } } as unknown as ProgramEnvironment;
  return { exit: await main(['flow', ...args], [flow], world), said: said.join('\n') };
}

const LINK =
  'https://teams.microsoft.com/l/channel/19%3Aabc-DEF_1%40thread.tacv2/Data%20team?groupId=01234567-89ab-cdef-0123-456789abcdef&tenantId=1';
const CHANNEL = { teamId: '01234567-89ab-cdef-0123-456789abcdef', channelId: '19:abc-DEF_1@thread.tacv2' };

describe('flow', () => {
  it('writes a solution and prints the next steps', async () => {
    const file = join(folder, 'a.zip');
    const { exit, said } = await run('data-source-refresh-failed', '--then', 'teams', '-o', file, '--channel', LINK);
    expect(exit).toBe(Exit.SUCCESS);
    const spec = { trigger: 'data-source-refresh-failed', action: 'teams' } as const;
    const name = defaultFlowName(spec.trigger, spec.action);
    expect(readFileSync(file)).toEqual(Buffer.from(solutionZip({ ...spec, name, channel: CHANNEL, to: [] })));
    expect(said).toContain('Import solution');
  });

  it('writes an ARM template', async () => {
    const file = join(folder, 'a.json');
    const args = [
      '--then',
      'email',
      '--as',
      'logic-app',
      '--name',
      ' VIP  over 10k ',
      '--to',
      'a@example.com, b@example.com',
    ];
    expect((await run('segment-threshold-crossed', ...args, '-o', file)).exit).toBe(Exit.SUCCESS);
    const to = ['a@example.com', 'b@example.com'];
    const spec = { trigger: 'segment-threshold-crossed', action: 'email', name: 'VIP over 10k', to } as const;
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(logicAppTemplate(spec));
  });

  it.each<[string, string[], RegExp]>([
    ['no trigger', ['--then', 'teams', '-o', 'x'], /use flow TRIGGER/],
    ['an unknown trigger', ['segment-crossed', '--then', 'teams', '-o', 'x'], /unknown trigger "segment-crossed"/],
    ['no action', ['full-refresh-completed', '-o', 'x'], /use --then teams or --then email/],
    ['an unknown action', ['full-refresh-completed', '--then', 'sms', '-o', 'x'], /use one of teams, email/],
    ['no file', ['full-refresh-completed', '--then', 'teams'], /use -o FILE/],
    [
      'a channel for an email',
      ['full-refresh-completed', '--then', 'email', '-o', 'x', '--channel', LINK],
      /--then teams/,
    ],
    [
      'no link',
      ['full-refresh-completed', '--then', 'teams', '-o', 'x', '--channel', 'General'],
      /Get link to channel/,
    ],
    [
      'recipients for a Teams message',
      ['full-refresh-completed', '--then', 'teams', '-o', 'x', '--to', 'a@b.cd'],
      /--then email/,
    ],
    ['no address', ['full-refresh-completed', '--then', 'email', '-o', 'x', '--to', 'kim'], /not an email address/],
    ['a long name', ['full-refresh-completed', '--then', 'email', '-o', 'x', '--name', 'x'.repeat(101)], /too long/],
    ['an empty name', ['full-refresh-completed', '--then', 'email', '-o', 'x', '--name', ' '], /--name is empty/],
    [
      'a field of a trigger that the flow does not have',
      ['full-refresh-completed', '--then', 'email', '-o', 'x', '--set', 'status=Failed'],
      /--set needs --by connector/,
    ],
    [
      'the id of a connector that the flow does not use',
      ['full-refresh-completed', '--then', 'email', '-o', 'x', '--connector-id', 'shared_x'],
      /--connector-id needs --by connector/,
    ],
    [
      'a Logic App with the trigger of the connector',
      ['full-refresh-completed', '--then', 'email', '-o', 'x', '--by', 'connector', '--as', 'logic-app'],
      /--by connector needs --as solution/,
    ],
    [
      'something that is not the id of a connector',
      ['full-refresh-completed', '--then', 'email', '-o', 'x', '--by', 'connector', '--connector-id', 'Customer data'],
      /--connector-id is not the id of a custom connector/,
    ],
  ])('rejects %s', async (_, args, message) => {
    const { exit, said } = await run(...args);
    expect(said).toMatch(message);
    expect(exit).toBe(Exit.USAGE);
  });

  it('fails if it cannot write the file', async () => {
    const { exit, said } = await run('full-refresh-completed', '--then', 'teams', '-o', join(folder, 'no', 'x.zip'));
    expect(said).toMatch(/cannot write .* \(ENOENT\)/);
    expect(exit).toBe(Exit.FAILED);
  });
});

it.each([
  [LINK, CHANNEL],
  [LINK.replace('teams.microsoft.com', 'teams.cloud.microsoft'), CHANNEL],
  [LINK.replace('teams.microsoft.com', 'teams.example.com'), undefined],
  [LINK.replace('groupId', 'group'), undefined],
  [LINK.replace('%3A', '%'), undefined],
  [LINK.replace('/channel/', '/chat/'), undefined],
])('parses the channel link %s', (link, channel) => {
  expect(channelOfLink(link)).toEqual(channel);
});
