import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { flow } from '../../../cli/commands/flows/flow';
import { logicAppTemplate } from '../../../cli/flows/logic-app';
import { solutionZip } from '../../../cli/flows/solution';
import { channelOfLink, defaultName } from '../../../cli/flows/wish';
import { main, type World } from '../../../cli/main';
import { Exit } from '../../../cli/shell/exit';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'connector-flow-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function run(...args: string[]) {
  const said: string[] = [];
  const say = (text: string) => void said.push(text);
  const world = { print: say, terminal: { line: say, problem: say } } as unknown as World;
  return { exit: await main(['flow', ...args], [flow], world), said: said.join('\n') };
}

const LINK =
  'https://teams.microsoft.com/l/channel/19%3Aabc-DEF_1%40thread.tacv2/Data%20team?groupId=01234567-89ab-cdef-0123-456789abcdef&tenantId=1';
const CHANNEL = { teamId: '01234567-89ab-cdef-0123-456789abcdef', channelId: '19:abc-DEF_1@thread.tacv2' };

describe('flow', () => {
  it('writes a solution, and says what to do with it', async () => {
    const file = join(folder, 'a.zip');
    const { exit, said } = await run('data-source-refresh-failed', '--then', 'teams', '-o', file, '--channel', LINK);
    expect(exit).toBe(Exit.DONE);
    const wish = { trigger: 'data-source-refresh-failed', by: 'teams' } as const;
    const name = defaultName(wish.trigger, wish.by);
    expect(readFileSync(file)).toEqual(Buffer.from(solutionZip({ ...wish, name, channel: CHANNEL, to: [] })));
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
    expect((await run('segment-threshold-crossed', ...args, '-o', file)).exit).toBe(Exit.DONE);
    const to = ['a@example.com', 'b@example.com'];
    const wish = { trigger: 'segment-threshold-crossed', by: 'email', name: 'VIP over 10k', to } as const;
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(logicAppTemplate(wish));
  });

  it.each<[string, string[], RegExp]>([
    ['no trigger', ['--then', 'teams', '-o', 'x'], /write flow TRIGGER/],
    ['an unknown trigger', ['segment-crossed', '--then', 'teams', '-o', 'x'], /"segment-crossed" is no trigger/],
    ['no action', ['full-refresh-completed', '-o', 'x'], /write --then teams or --then email/],
    ['an unknown action', ['full-refresh-completed', '--then', 'sms', '-o', 'x'], /write teams, email/],
    ['no file', ['full-refresh-completed', '--then', 'teams'], /write -o FILE/],
    [
      'a channel for a mail',
      ['full-refresh-completed', '--then', 'email', '-o', 'x', '--channel', LINK],
      /--then teams/,
    ],
    [
      'no link',
      ['full-refresh-completed', '--then', 'teams', '-o', 'x', '--channel', 'General'],
      /Get link to channel/,
    ],
    [
      'addresses for a post',
      ['full-refresh-completed', '--then', 'teams', '-o', 'x', '--to', 'a@b.cd'],
      /--then email/,
    ],
    ['no address', ['full-refresh-completed', '--then', 'email', '-o', 'x', '--to', 'kim'], /not an email address/],
    ['a long name', ['full-refresh-completed', '--then', 'email', '-o', 'x', '--name', 'x'.repeat(101)], /too long/],
    ['an empty name', ['full-refresh-completed', '--then', 'email', '-o', 'x', '--name', ' '], /--name is empty/],
  ])('refuses %s', async (_, args, message) => {
    const { exit, said } = await run(...args);
    expect(said).toMatch(message);
    expect(exit).toBe(Exit.WRONG_CALL);
  });

  it('says where it cannot write', async () => {
    const { exit, said } = await run('full-refresh-completed', '--then', 'teams', '-o', join(folder, 'no', 'x.zip'));
    expect(said).toMatch(/cannot be written \(ENOENT\)/);
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
])('the channel of %s', (link, channel) => {
  expect(channelOfLink(link)).toEqual(channel);
});
