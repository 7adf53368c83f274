import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { App, Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import { COMMANDS } from '../../../cli/commands';
import { findConnector } from '../../../cli/connector/find-connector';
import { main } from '../../../cli/main';
import { processTerminal } from '../../../cli/shell/terminal';
import { Env } from '../../../contract/environment';
import { type ManageSubscriptionsOptions, PowerAutomateConnector, PowerAutomateConnectorStack } from '../../../lib';
import type { AwsCall } from '../../../local/engines/protocol/calls';
import { type LocalStack, startLocalStack } from '../../../local/stack';
import { type LoadedTemplate, loadTemplate } from '../../../local/template/template';
import { roleProblems } from '../../support/app/least-privilege';
import { temporaryFolder } from '../../support/temporary-files';

const PREFIX = 'marketing-';
const directory = temporaryFolder('prefix');

/** A connector that runs locally, with a role that may manage the subscriptions under the prefix. */
async function world(options: ManageSubscriptionsOptions) {
  const outdir = temporaryFolder('prefix-stack');
  const app = new App({ outdir });
  const stack = new PowerAutomateConnectorStack(app, 'Connector');
  const role = new iam.Role(stack, 'Team', { assumedBy: new iam.AccountPrincipal('111122223333') });
  stack.connector.grantManageSubscriptions(role, options).assertSuccess();
  app.synth();
  const templateFile = join(outdir, stack.templateFile);
  const loaded = loadTemplate(templateFile);
  const roleId = Object.keys(loaded.template.Resources).find((id) => /^Team[0-9A-F]{8}$/.test(id)) as string;
  const calls: AwsCall[] = [];
  const local = await startLocalStack({
    templateFile,
    functionEnvironment: { [Env.LOOPBACK_FLOWS]: '1' },
    onCall: (call) => {
      // Of the CLI, not of the functions.
      if (call.accessKeyId === 'local') calls.push(call);
    },
  });
  return { loaded, roleId, calls, local };
}

async function cli(local: LocalStack, ...args: string[]) {
  const texts = { out: '', err: '' };
  const stream = (name: keyof typeof texts) => ({ write: (text: string) => (texts[name] += text) });
  const streams = { stdin: {}, stdout: stream('out'), stderr: stream('err') } as unknown as NodeJS.Process;
  const status = await main([...args, `--local=${local.endpoint}`], COMMANDS, {
    terminal: processTerminal(streams),
    clock: Date.now,
    wait: async () => {},
    environment: {},
    readInput: async () => '',
    untilInterrupted: () => new AbortController().signal,
    print: (text) => streams.stdout.write(text),
    findConnector,
  });
  return { status, ...texts };
}

const entry = (name: string, fields: object) => ({
  name,
  ...fields,
  flowUrl: 'http://127.0.0.1:9/flow?sig=0123456789-0123456789-0123456789',
});
const refresh = (name: string) => entry(name, { trigger: 'data-source-refresh-failed', dataSource: name });
function fileOf(...subscriptions: object[]): string {
  const file = join(directory, 'subscriptions.yaml');
  writeFileSync(file, JSON.stringify({ subscriptions }, undefined, 1));
  return file;
}

/** The six commands, on subscriptions of the prefix. */
async function useCommands(local: LocalStack, ...more: object[]) {
  const run = async (...args: string[]) => {
    const result = await cli(local, ...args, '--prefix', PREFIX);
    expect(result.err, args.join(' ')).toBe('');
    expect(result.status).toBe(0);
    return result.out;
  };
  const file = fileOf(refresh('marketing-one'), refresh('marketing-two'), ...more);
  await run('apply', '-f', file);
  const listed = await run('list');
  const shown = await run('show', 'marketing-one');
  await run('pause', 'marketing-one');
  await run('resume', 'marketing-one');
  await run('remove', 'marketing-two');
  await run('apply', '-f', fileOf(), '--prune');
  return { listed, shown };
}

describe.each<[string, ManageSubscriptionsOptions, object[]]>([
  ['the triggers of refreshes', { prefix: PREFIX }, []],
  [
    'all triggers',
    { prefix: PREFIX, allTriggers: true },
    [
      entry('marketing-vip', {
        trigger: 'measure-threshold-crossed',
        measure: 'Revenue',
        above: 10,
        fireIfAlreadyBeyond: true,
      }),
      entry('marketing-late', { trigger: 'refresh-overdue', dataSource: 'Orders', expect: { every: '24h' } }),
    ],
  ],
])('a role that may manage a prefix with %s', (_, options, more) => {
  let made: Awaited<ReturnType<typeof world>>;
  let outputs: Awaited<ReturnType<typeof useCommands>>;
  let loaded: LoadedTemplate;
  beforeAll(async () => {
    made = await world(options);
    ({ loaded } = made);
    const others = fileOf(refresh('sales-one'));
    await cli(made.local, 'apply', '-f', others);
    made.calls.length = 0;
    outputs = await useCommands(made.local, ...more);
  }, 60_000);
  afterAll(() => made.local.stop());

  const problemsOf = async (calls: readonly AwsCall[] = made.calls) =>
    (await roleProblems(loaded, made.roleId, calls)).map(({ text }) => text);

  it('allows exactly the calls of the commands', async () => {
    expect(await problemsOf()).toEqual([]);
  });

  it('sees only these subscriptions', () => {
    expect(outputs.listed).toContain('marketing-one');
    expect(outputs.listed).not.toContain('sales-one');
    expect(outputs.shown).toContain('marketing-one');
  });

  const callOf = (operation: string, of: (input: AwsCall['input']) => boolean = () => true) =>
    made.calls.find((call) => call.operation === operation && of(call.input)) as AwsCall;
  const renamed = (call: AwsCall): AwsCall => ({
    ...call,
    input: JSON.parse(JSON.stringify(call.input).replaceAll('marketing-', 'sales-')),
  });
  const isSubscription = (input: AwsCall['input']) => JSON.stringify(input).includes('"marketing-');

  it.each(['BatchGetItem', 'PutItem', 'UpdateItem', 'DeleteItem', 'Query', 'Encrypt'])(
    'refuses %s for the subscription of another team',
    async (operation) => {
      const other = renamed(callOf(operation, operation === 'Encrypt' ? undefined : isSubscription));
      expect(await problemsOf([...made.calls, other])).toEqual([
        expect.stringMatching(new RegExp(`^Team\\w+ calls \\w+:${operation} on \\S+, which its role does not allow`)),
      ]);
    },
  );

  it('refuses a batch in which one subscription is of another team', async () => {
    const call = callOf('BatchGetItem', isSubscription);
    const input = structuredClone(call.input) as { RequestItems: Record<string, { Keys: object[] }> };
    for (const request of Object.values(input.RequestItems)) request.Keys.push({ pk: { S: 'sales-one' } });
    expect(await problemsOf([...made.calls, { ...call, input }])).toEqual([
      expect.stringContaining('calls dynamodb:BatchGetItem'),
    ]);
  });

  it.each<[string, object]>([
    ['whole items', { Select: undefined, ProjectionExpression: undefined }],
    ['other attributes', { ProjectionExpression: 'pk, flow' }],
    ['all attributes', { Select: 'ALL_ATTRIBUTES' }],
  ])('refuses a scan that returns %s', async (_what, change) => {
    const scan = callOf('Scan');
    expect(await problemsOf([...made.calls, { ...scan, input: { ...scan.input, ...change } }])).toEqual([
      expect.stringContaining('calls dynamodb:Scan'),
    ]);
  });

  it('refuses the index of the deliveries of all subscriptions', async () => {
    const query = callOf('Query', isSubscription);
    const input = { ...query.input, IndexName: 'by-open' };
    expect(await problemsOf([...made.calls, { ...query, input }])).toEqual([
      expect.stringContaining('/index/by-open, which its role does not allow'),
    ]);
  });

  it('names a permission that no command needs', async () => {
    const template = structuredClone(loaded.template);
    // biome-ignore lint/suspicious/noExplicitAny: resources of a template have any form
    const policies = Object.values(template.Resources as Record<string, any>).filter(
      ({ Type, Properties }) => Type === 'AWS::IAM::Policy' && JSON.stringify(Properties.Roles).includes('Team'),
    );
    for (const { Properties } of policies) {
      for (const one of Properties.PolicyDocument.Statement) {
        if ([one.Action].flat().includes('dynamodb:Query')) one.Action = [one.Action, 'dynamodb:GetItem'].flat();
      }
    }
    const problems = await roleProblems({ ...loaded, template }, made.roleId, made.calls);
    expect(problems.map(({ action }) => action)).toContain('dynamodb:GetItem');
  });
});

describe('a prefix', () => {
  function grants(...prefixes: string[]): () => void {
    const stack = new Stack(new App(), 'Stack');
    const connector = new PowerAutomateConnector(stack, 'Connector');
    return () => {
      for (const [n, prefix] of prefixes.entries()) {
        const role = new iam.Role(stack, `Role${n}`, { assumedBy: new iam.AccountPrincipal('111122223333') });
        connector.grantManageSubscriptions(role, { prefix });
      }
    };
  }

  test('can be of several roles, and next to others', () => {
    expect(grants('marketing-', 'sales-', 'marketing-', 'm_')).not.toThrow();
  });

  test.each([
    ['marketing-', 'marketing-eu-'],
    ['marketing-eu-', 'marketing-'],
  ])('cannot cover another: %s, %s', (first, second) => {
    expect(grants(first, second)).toThrow(
      `Stack/Connector: the prefix '${second}' and '${first}' overlap: 'marketing-' covers 'marketing-eu-'; ` +
        'write prefixes of which none starts with another',
    );
  });

  test.each(['', 'marketing', '-', 'marketing*-', 'a b-', `${'m'.repeat(32)}-`])('cannot be "%s"', (prefix) => {
    expect(grants(prefix)).toThrow(
      `Stack/Connector: the prefix '${prefix}' is no start of names: write 2 to 32 letters, digits, '-' and '_'`,
    );
  });

  test('of the CLI limits the names of a file and of the command line, before any call', async () => {
    const nowhere = { endpoint: 'http://127.0.0.1:9' } as LocalStack;
    const file = fileOf(refresh('marketing-one'), refresh('sales-one'));
    const applied = await cli(nowhere, 'apply', '-f', file, '--prefix', PREFIX);
    expect(applied.status).not.toBe(0);
    expect(applied.err).toContain(
      'subscription "sales-one": "name" does not start with marketing-; rename it, or use another --prefix',
    );
    for (const command of ['show', 'pause', 'resume', 'remove']) {
      const { status, err } = await cli(nowhere, command, 'sales-one', '--prefix', PREFIX);
      expect([status, err]).toEqual([
        2,
        'sales-one does not start with marketing-: rename it, or use another --prefix\n',
      ]);
    }
    expect(await cli(nowhere, 'list', '--prefix', 'a b')).toMatchObject({
      status: 2,
      err: '--prefix is "a b": write the start of names, such as marketing-\n',
    });
  });
});
