import { writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import { DeleteCommand, ScanCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { COMMANDS } from '../../cli/commands';
import { PROGRAM } from '../../cli/frame/arguments';
import { allCommands } from '../../cli/frame/command';
import { Output } from '../../contract/outputs';
import { PARTITION_KEY, SORT_KEY } from '../../contract/shared';
import { DUE_INDEX } from '../../contract/thresholds';
import { register } from '../../lambda/registration/core/register';
import { documentClient } from '../../lambda/shared/adapters/dynamodb';
import { close, LOOPBACK, listen, readBody } from '../../local/engines/protocol/http';
import { LOCAL_CLIENT_CONFIG } from '../../local/shared/client-config';
import type { LocalStack } from '../../local/stack';
import { type LocalConnector, localConnector } from '../../local/stack/connector';
import { bundleCli, type CliResult, callCli, expectClean, runCli } from '../support/cli';
import { definitionOf } from '../support/evaluation';
import { startConnectorStack } from '../support/local-run';
import { temporaryFolder } from '../support/temporary-files';

const STACK = 'PowerAutomateConnector';
const SIGNATURES = [
  'Zm9yLXRlc3RzLW9ubHktbm90LWEtc2VjcmV0LWF0LWFsbDE',
  'Zm9yLXRlc3RzLW9ubHktbm90LWEtc2VjcmV0LWF0LWFsbDI',
] as const;
const URL_PATH = '/powerautomate/automations/direct/workflows/0123456789abcdef';
const flowUrl = (signature: string = SIGNATURES[0]) =>
  `https://default0123.api.powerplatform.com${URL_PATH}/triggers/manual/paths/invoke?api-version=1&sig=${signature}`;

const cleanups: (() => Promise<unknown> | unknown)[] = [];
const directory = temporaryFolder('cli');
let bundle: string;
let stack: LocalStack;
let connector: LocalConnector;
let cloudFormationPort: number;
/** Whether DescribeStacks is allowed only for a named stack. */
let listingIsForbidden = false;
/** Outputs of the stacks that DescribeStacks returns, by stack name. */
const stacks = new Map<string, Readonly<Record<string, string>>>();

beforeAll(async () => {
  bundle = await bundleCli();
  stack = await startConnectorStack();
  cleanups.push(() => stack.stop());
  connector = localConnector(stack);
  cleanups.push(() => connector.close());
  stacks.set(STACK, stack.outputs);
  stacks.set('Website', { Address: 'https://example.com' });

  const cloudFormation = cloudFormationServer();
  cloudFormationPort = await listen(cloudFormation, 0);
  cleanups.push(() => close(cloudFormation));
}, 120_000);

afterAll(async () => {
  for (const cleanup of cleanups.reverse()) await cleanup();
});

/** DescribeStacks in the Query protocol (CloudFormation API reference, DescribeStacks and Common Error Types). */
function cloudFormationServer(): Server {
  return createServer(async (req, res) => {
    const name = new URLSearchParams(await readBody(req, Infinity)).get('StackName') ?? '';
    const outputs = stacks.get(name);
    const fail = (status: number, code: string, message: string) =>
      res
        .writeHead(status, { 'content-type': 'text/xml' })
        .end(
          `<ErrorResponse><Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error></ErrorResponse>`,
        );
    if (name === 'Expired') return fail(403, 'ExpiredToken', 'The security token included in the request is expired');
    if (name === 'Forbidden' || (name === '' && listingIsForbidden)) {
      return fail(403, 'AccessDenied', 'User: kim is not authorized to perform: cloudformation:DescribeStacks');
    }
    if (name !== '' && !outputs) return fail(400, 'ValidationError', `Stack with id ${name} does not exist`);
    const described =
      name === '' ? [...stacks].map(([one, all]) => stackXml(one, all)) : [stackXml(name, outputs ?? {})];
    return res.writeHead(200, { 'content-type': 'text/xml' }).end(
      `<DescribeStacksResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><DescribeStacksResult>
        <Stacks>${described.join('')}</Stacks></DescribeStacksResult></DescribeStacksResponse>`,
    );
  });
}

function stackXml(name: string, outputs: Readonly<Record<string, string>>): string {
  const members = Object.entries(outputs).map(
    ([key, value]) => `<member><OutputKey>${key}</OutputKey><OutputValue>${value}</OutputValue></member>`,
  );
  return `<member><StackName>${name}</StackName><CreationTime>2026-01-01T00:00:00Z</CreationTime>
    <StackStatus>CREATE_COMPLETE</StackStatus><Outputs>${members.join('')}</Outputs></member>`;
}

/** An environment with credentials, without this process's own settings. */
const signedIn = (): Record<string, string> => ({
  ...signedOut(),
  AWS_REGION: LOCAL_CLIENT_CONFIG.region,
  AWS_ACCESS_KEY_ID: 'local',
  AWS_SECRET_ACCESS_KEY: 'local',
});
const signedOut = (): Record<string, string> => ({
  HOME: directory,
  AWS_EC2_METADATA_DISABLED: 'true',
  AWS_ENDPOINT_URL_CLOUDFORMATION: `http://${LOOPBACK}:${cloudFormationPort}`,
  AWS_ENDPOINT_URL_DYNAMODB: stack.endpoints.dynamodb,
  AWS_ENDPOINT_URL_KMS: stack.endpoints.kms,
  AWS_ENDPOINT_URL_SQS: stack.endpoints.sqs,
  AWS_ENDPOINT_URL_EVENTBRIDGE: stack.endpoints.eventbridge,
});

/** Runs the CLI as a child process. Its output must not contain any part of a flow URL except the host. */
async function cli(args: readonly string[], env: Record<string, string> = signedIn()): Promise<CliResult> {
  return checked(await runCli(bundle, args, { cwd: directory, env }));
}

const checked = (result: CliResult): CliResult => expectClean(result, [...SIGNATURES, URL_PATH]);

const put = (text: string, file = 'subscriptions.yaml') => writeFileSync(join(directory, file), text);

interface FileOptions {
  readonly owner?: string;
  readonly url?: string;
  readonly set?: string;
  readonly above?: number;
}

/** A file of two subscriptions: one of an event, one of a threshold. */
const file = ({ owner = 'kim@example.com', url = flowUrl(), set = 'default', above = 10_000 }: FileOptions = {}) => `
set: ${set}
subscriptions:
  - name: tell-the-data-team
    trigger: data-source-refresh-failed
    owners: ${owner}
    flowUrl: '${url}'
  - name: vip-over-10k
    trigger: segment-threshold-crossed
    segment: VIP customers
    above: ${above}
    flowUrl: \${VIP_FLOW}
`;
const applied = (...args: string[]) => cli(['apply', ...args], { ...signedIn(), VIP_FLOW: flowUrl(SIGNATURES[1]) });

/** Everything in both tables, except items that the sweep will remove. */
const stored = async () => (await everything()).filter((one) => one[DUE_INDEX.partitionKey] === undefined);

async function everything(): Promise<Record<string, unknown>[]> {
  const client = documentClient({ ...LOCAL_CLIENT_CONFIG, endpoint: stack.endpoints.dynamodb });
  const names = [Output.SUBSCRIPTIONS_TABLE_NAME, Output.THRESHOLDS_TABLE_NAME].map((name) => stack.outputs[name]);
  const pages = await Promise.all(names.map((TableName) => client.send(new ScanCommand({ TableName }))));
  client.destroy();
  const items = pages.flatMap(({ Items }) => Items ?? []);
  return items.toSorted((a, b) => JSON.stringify(a).localeCompare(JSON.stringify(b)));
}

const item = async (name: string) => (await stored()).find((one) => one[PARTITION_KEY] === name);

beforeEach(async () => {
  const client = documentClient({ ...LOCAL_CLIENT_CONFIG, endpoint: stack.endpoints.dynamodb });
  for (const { [PARTITION_KEY]: pk, [SORT_KEY]: sk } of await everything()) {
    const TableName = stack.outputs[sk === undefined ? Output.SUBSCRIPTIONS_TABLE_NAME : Output.THRESHOLDS_TABLE_NAME];
    await client.send(new DeleteCommand({ TableName, Key: { [PARTITION_KEY]: pk, [SORT_KEY]: sk } }));
  }
  client.destroy();
  expect(await everything()).toEqual([]);
});

describe('apply', () => {
  it('adds the subscriptions of the file, and changes nothing the second time', async () => {
    put(file());
    const first = await applied('-f', 'subscriptions.yaml');
    expect(first.out).toBe(
      '2 to add, 0 to change, 0 unchanged:\n' +
        'added tell-the-data-team\nadded vip-over-10k\n2 added, 0 changed, 0 unchanged\n',
    );
    expect(first.err).toContain('subscriptions.yaml:7: the file contains a flow URL in plain text');
    expect(first.status).toBe(0);

    const items = await stored();
    expect(items).toHaveLength(3);
    expect(JSON.stringify(items)).not.toContain(URL_PATH);
    expect(await item('tell-the-data-team')).toMatchObject({
      managedBy: 'file:default',
      generation: 1,
      flow: { host: 'default0123.api.powerplatform.com' },
    });

    const second = await applied();
    expect(second).toMatchObject({ status: 0, out: '0 added, 0 changed, 2 unchanged\n' });
    expect(await stored()).toEqual(items);
  });

  it.each([
    ['owner', { owner: 'lee@example.com' }, 'tell-the-data-team'],
    ['flow URL', { url: flowUrl(SIGNATURES[1]) }, 'tell-the-data-team'],
    ['threshold', { above: 20_000 }, 'vip-over-10k'],
  ] as const)('changes the subscription whose %s changed', async (_, change, name) => {
    put(file());
    await applied();
    const before = await item(name);
    put(file(change));
    expect(await applied()).toMatchObject({
      status: 0,
      out: `0 to add, 1 to change, 1 unchanged:\nchanged ${name}\n0 added, 1 changed, 1 unchanged\n`,
    });
    expect(await item(name)).toMatchObject({ uid: before?.uid, generation: 2 });
    expect(await stored()).toHaveLength(3);
  });

  it('prints its plan and changes nothing with --dry-run', async () => {
    put(file());
    expect(await applied('--dry-run')).toMatchObject({
      status: 0,
      out:
        'would add tell-the-data-team\nwould add vip-over-10k\n' +
        '2 to add, 0 to change, 0 unchanged; nothing was changed\n',
    });
    expect(await stored()).toEqual([]);
    await applied();
    const before = await stored();
    put(file({ owner: 'lee@example.com' }));
    expect((await applied('--dry-run')).out).toBe(
      'would change tell-the-data-team\n0 to add, 1 to change, 1 unchanged; nothing was changed\n',
    );
    expect(await stored()).toEqual(before);
  });

  it('changes nothing when another manager owns one of the subscriptions', async () => {
    put(file({ set: 'marketing' }));
    await applied();
    await cli(['remove', 'tell-the-data-team', '--set', 'marketing']);
    const before = await stored();
    put(file());
    const result = await applied();
    expect(result).toMatchObject({ status: 1, out: '' });
    expect(result.err).toContain(
      'subscription "vip-over-10k" is managed by file:marketing: change it there, or choose another name\n' +
        'nothing was changed\n',
    );
    expect(await stored()).toEqual(before);
  });

  it.each(['SIGINT', 'SIGKILL'] as const)('continues after %s', async (signal) => {
    const list = Array.from(
      { length: 60 },
      (_, n) =>
        `  - { name: s${n}, trigger: segment-threshold-crossed, segment: S, above: ${n}, recoverTo: 0, flowUrl: "\${URL}" }\n`,
    );
    put(`subscriptions:\n${list.join('')}`);
    const env = { ...signedIn(), URL: flowUrl() };
    const endAt = { text: 'added s0\n', signal };
    expect(await runCli(bundle, ['apply'], { cwd: directory, env, endAt })).toMatchObject({ status: null });
    const count = async () => (await stored()).filter((one) => one[SORT_KEY] === undefined).length;
    const before = await count();
    expect(before).toBeGreaterThan(0);
    expect(before).toBeLessThan(60);
    const second = await cli(['apply'], env);
    expect(second.status).toBe(0);
    expect(second.out).toContain(`${60 - before} added, 0 changed, ${before} unchanged\n`);
    const after = await everything();
    expect(await cli(['apply'], env)).toMatchObject({ status: 0, out: '0 added, 0 changed, 60 unchanged\n' });
    expect(await everything(), 'nothing is written').toEqual(after);
  });

  it('reports every mistake in the file and changes nothing', async () => {
    put(`${file({ owner: 'kim', url: `http://example.com${URL_PATH}?sig=${SIGNATURES[0]}` })}    colour: red\n`);
    const result = await cli(['apply']);
    expect(result).toMatchObject({ status: 2, out: '' });
    expect(result.err).toMatch(/^subscriptions\.yaml:6: .*"kim"/m);
    expect(result.err).toMatch(/^subscriptions\.yaml:7: .*example\.com is not a host/m);
    expect(result.err).toMatch(/^subscriptions\.yaml:12: .*VIP_FLOW, which is not set/m);
    expect(result.err).toMatch(/^subscriptions\.yaml:13: .*"colour"/m);
    expect(result.err).toMatch(/\n4 mistakes in the file: nothing was changed\n$/);
    expect(await stored()).toEqual([]);
  });

  it('accepts a byte order mark, and no encoding except UTF-8', async () => {
    put(`\u{FEFF}${file()}`);
    expect(await applied()).toMatchObject({ status: 0 });
    writeFileSync(join(directory, 'subscriptions.yaml'), Buffer.from(file(), 'latin1').fill(0xfc, 5, 6));
    const result = await applied();
    expect(result).toMatchObject({ status: 2, out: '' });
    expect(result.err).toMatch(/^subscriptions\.yaml:2:5: byte 0xFC is not valid UTF-8.*save it as UTF-8\n$/);
  });

  it('names a file that does not exist', async () => {
    expect(await cli(['apply', '-f', 'missing.yaml'])).toEqual({
      status: 2,
      out: '',
      err: '"missing.yaml" does not exist: use -f FILE\n',
    });
  });
});

describe('remove', () => {
  it('removes subscriptions of its set', async () => {
    put(file());
    await applied();
    expect(await cli(['remove', 'vip-over-10k', 'tell-the-data-team', 'vip-over-10k'])).toEqual({
      status: 0,
      out: 'removed vip-over-10k\nremoved tell-the-data-team\n2 removed\n',
      err: '',
    });
    expect(await stored()).toEqual([]);
  });

  it("skips unknown names and other managers' subscriptions, and removes the rest", async () => {
    put(file({ set: 'marketing' }));
    await applied();
    await register(
      { definition: definitionOf('by-the-stack', 'full-refresh-completed'), flowUrl: flowUrl() },
      'cdk:Website',
      connector.registry,
    );
    const result = await cli(['remove', 'unknown', 'by-the-stack', 'vip-over-10k', '--set', 'marketing']);
    expect(result).toEqual({
      status: 1,
      out: 'removed vip-over-10k\n1 removed, 2 failed\n',
      err:
        'cannot remove unknown: the subscription does not exist\n' +
        'cannot remove by-the-stack: it is managed by cdk:Website: remove it there\n',
    });
    expect((await cli(['remove', 'tell-the-data-team'])).err).toBe(
      'cannot remove tell-the-data-team: it is managed by file:marketing: use --set marketing\n',
    );
    expect(await stored()).toHaveLength(2);
  });
});

describe('a connector that cannot be used', () => {
  it.each([
    ['Nowhere', 'stack Nowhere does not exist in us-east-1 in this account: use another --stack or --region'],
    [
      'Website',
      'stack Website in us-east-1 (CREATE_COMPLETE) is not a deployed connector: it has no output Subscriptions',
    ],
    ['Forbidden', 'cannot describe stack Forbidden in us-east-1: access denied: User: kim is not authorized'],
    ['Expired', 'cannot describe stack Expired in us-east-1: AWS rejected the credentials: sign in again'],
  ])('is reported in one line: stack %s', async (name, line) => {
    put(file());
    const result = await cli(['remove', 'tell-the-data-team', '--stack', name]);
    expect(result).toMatchObject({ status: 3, out: '' });
    expect(result.err).toContain(line);
    expect(result.err.trim().split('\n')).toHaveLength(1);
  });

  it('is reported in one line: no credentials', async () => {
    expect(await cli(['remove', 'one'], { ...signedOut(), AWS_REGION: 'us-east-1' })).toEqual({
      status: 3,
      out: '',
      err:
        'cannot list the stacks in us-east-1: no AWS credentials found: ' +
        'sign in (aws sso login, aws configure), or set AWS_PROFILE\n',
    });
  });

  it('is reported in one line: no Region', async () => {
    const { AWS_REGION: _, ...env } = signedIn();
    expect(await cli(['remove', 'one'], env)).toEqual({
      status: 3,
      out: '',
      err: 'no Region is set: use --region REGION, or set AWS_REGION\n',
    });
    expect((await cli(['remove', 'one'], { ...env, AWS_DEFAULT_REGION: 'eu-west-1' })).err).toContain(
      'the subscription does not exist',
    );
  });

  it('is reported in one line: a service cannot be reached', async () => {
    put(file());
    const env = { ...signedIn(), VIP_FLOW: flowUrl(SIGNATURES[1]), AWS_ENDPOINT_URL_DYNAMODB: 'http://127.0.0.1:1' };
    const result = await cli(['apply'], env);
    expect(result.status).toBe(3);
    expect(result.err).toMatch(/\ncannot reach AWS: .*ECONNREFUSED.*\n$/);
  });

  it('lists the failed subscriptions when flow URLs cannot be encrypted, and a rerun completes them', async () => {
    put(file());
    const env = { ...signedIn(), VIP_FLOW: flowUrl(SIGNATURES[1]) };
    stacks.set('Other', { ...stack.outputs, [Output.FLOW_URL_KEY_ARN]: 'arn:aws:kms:us-east-1:000000000000:key/gone' });
    const result = await cli(['apply', '--stack', 'Other'], env);
    stacks.delete('Other');
    expect(result.status).toBe(1);
    expect(result.out).toContain('\n0 added, 0 changed, 0 unchanged, 2 failed: run apply again to complete them\n');
    expect(result.err).toMatch(/^cannot add tell-the-data-team: .*key\/gone.*does not exist$/m);
    expect((await applied()).out).toContain('2 added, 0 changed, 0 unchanged');
  });
});

describe('without --stack', () => {
  it('uses the only connector, and otherwise lists the connectors or reports that no connector exists', async () => {
    put(file());
    expect((await applied()).status).toBe(0);
    stacks.set('Second', stack.outputs);
    expect(await cli(['list'])).toEqual({
      status: 3,
      out: '',
      err: `2 connectors found in us-east-1: use --stack with ${STACK} or Second\n`,
    });
    expect((await cli(['list', '--stack', 'Second'])).status).toBe(0);
    stacks.delete('Second');
    stacks.delete(STACK);
    const none = await cli(['list']);
    stacks.set(STACK, stack.outputs);
    expect(none.status).toBe(3);
    expect(none.err).toMatch(/^no connector found in us-east-1 in this account: use --region REGION/);
  });

  it('suggests --stack when listing stacks is not allowed', async () => {
    listingIsForbidden = true;
    const result = await cli(['list']);
    const named = await cli(['list', '--stack', STACK]);
    listingIsForbidden = false;
    expect(result.status).toBe(3);
    expect(result.err).toMatch(/access denied: .*; use --stack NAME, which does not list the stacks\n$/);
    expect(named.status).toBe(0);
  });
});

describe('the command line', () => {
  it.each([['--help'], ['-h']])('lists its commands: %s', async (arg) => {
    const result = await cli([arg]);
    expect(result).toMatchObject({ status: 0, err: '' });
    for (const { meta } of COMMANDS)
      expect(result.out).toMatch(new RegExp(`^  ${meta.name}( [^ ]+)? {2,}${meta.description}`, 'm'));
  });

  it.each([['connector'], ['connector', 'key']])('lists the commands of a group: %s %s --help', async (...words) => {
    for (const args of [
      [...words, '--help'],
      ['-h', ...words],
    ]) {
      const result = checked(await callCli(args));
      expect(result).toMatchObject({ status: 0, err: '' });
      expect(result.out).toContain(`\n  power-automate-connector ${words.join(' ')} COMMAND [OPTIONS]\n`);
      const commands = allCommands(COMMANDS).filter(({ meta }) => meta.name.startsWith(`${words.join(' ')} `));
      expect(commands.length).toBeGreaterThan(1);
      for (const { meta } of commands)
        expect(result.out).toMatch(new RegExp(`^  ${meta.name}( [^ ]+)? {2,}${meta.description}`, 'm'));
      expect(result.out.match(/^ {2}connector /gm)).toHaveLength(commands.length);
    }
  });

  it.each(allCommands(COMMANDS).map(({ meta }) => meta.name))('prints help: %s --help', async (name) => {
    const result = checked(await callCli([...name.split(' '), '--help']));
    expect(result).toMatchObject({ status: 0, err: '' });
    expect(result.out).toContain(`\n  power-automate-connector ${name} `);
    for (const line of result.out.split('\n')) expect(line.length).toBeLessThanOrEqual(120);
  });

  const help = (name: string) => `see power-automate-connector ${name} --help`;
  it.each<[string[], string]>([
    [[], 'missing command: run power-automate-connector --help for a list'],
    [['aply'], 'unknown command "aply": did you mean apply?'],
    [[flowUrl()], 'unknown command a URL: run power-automate-connector --help for a list'],
    [['connector'], 'missing command: run power-automate-connector connector --help for a list'],
    [['connector', '--local', '8080'], 'missing command: run power-automate-connector connector --help for a list'],
    [['connector', 'flws'], 'unknown command connector "flws": did you mean connector flows?'],
    [['connector', 'key', 'remove', 'a'], 'unknown command connector key "remove": did you mean connector key revoke?'],
    [['connector', 'key', 'x'], `unknown command connector key "x": run ${PROGRAM} connector key --help for a list`],
    [['connector', flowUrl()], `unknown command connector a URL: run ${PROGRAM} connector --help for a list`],
    [['key', 'create', 'a'], 'unknown command "key": did you mean connector key?'],
    [['flows'], 'unknown command "flows": did you mean connector flows?'],
    [['create', 'a'], 'unknown command "create": did you mean connector key create?'],
    [['connector', 'end'], 'missing NAME: use connector end NAME'],
    [['connector', 'flows', 'a'], `unexpected argument "a": ${help('connector flows')}`],
    [['connector', 'end', 'a b'], '"a b" is not a subscription name: use 1 to 64 letters, digits, - and _'],
    [['apply', '--purne'], 'unknown option --purne: did you mean --prune?'],
    [['apply', flowUrl()], `unexpected argument a URL: ${help('apply')}`],
    [['apply', 'flows.yaml'], 'unexpected argument "flows.yaml": did you mean --file flows.yaml?'],
    [['apply', '-f', 'a.yaml', 'b.yaml'], `unexpected argument "b.yaml": ${help('apply')}`],
    [['emit', 'SegmentRefreshed', 'segment=A'], 'unexpected argument "segment=A": did you mean --set segment=A?'],
    [['list', 'a'], `unexpected argument "a": ${help('list')}`],
    [['apply', '--set', 'a'], `unknown option --set: ${help('apply')}`],
    [['apply', '-f', flowUrl()], 'a URL does not exist: use -f FILE'],
    [['apply', '--stack', flowUrl()], '--stack is a URL; use the name or the ARN of a CloudFormation stack'],
    [['apply', '--region', 'us east'], '--region is "us east"; use a Region, such as eu-west-1'],
    [['list', '--local', '--stack', 'One'], '--local selects the connector on this machine: omit --stack and --region'],
    [
      ['list', '--local=https://example.com'],
      '--local is not a URL of this machine: use the one that npm start printed, http://127.0.0.1:PORT',
    ],
    [['remove'], 'missing NAME: use remove NAME…'],
    [['remove', 'a', '--dry-run'], `unknown option --dry-run: ${help('remove')}`],
    [['remove', flowUrl()], 'a URL is not a subscription name: use 1 to 64 letters, digits, - and _'],
    [['remove', 'a', '--set', 'a b'], '--set is "a b"; write a name of 1 to 32 letters, digits and -'],
    [['show', 'a', 'b'], `unexpected argument "b": ${help('show')}`],
    [['explain', '--subscription', 'a'], 'unknown option --subscription: use explain NAME'],
    [['test', 'a', '--wait', 'long'], '--wait is "long"; write a duration such as 90m, 12h or 3d, from 1s to 1d'],
    [
      ['emit', 'OrderPlaced'],
      'unknown event "OrderPlaced": use one of DataSourceRefreshed, SegmentRefreshed, MeasureRefreshed, FullRefreshed, UnificationRefreshed, RefreshStageCompleted',
    ],
    [
      ['emit', 'SegmentThresholdCrossed'],
      'unknown event "SegmentThresholdCrossed": use one of DataSourceRefreshed, SegmentRefreshed, MeasureRefreshed, FullRefreshed, UnificationRefreshed, RefreshStageCompleted',
    ],
    [
      ['emit', 'SegmentRefreshed', '--detail', '{'],
      `--detail is not JSON; use a JSON object, such as '{"dataSource": "Orders"}', in single quotes`,
    ],
    ...[
      ['[1]', 'a list'],
      ['"x"', '"x"'],
      ['null', 'null'],
      ['3', '3'],
    ].map(([detail, shown]): [string[], string] => [
      ['emit', 'SegmentRefreshed', '--detail', detail as string],
      `--detail is ${shown}; use a JSON object, such as '{"dataSource": "Orders"}', in single quotes`,
    ]),
    [
      ['emit', 'SegmentRefreshed', '--set', 'segment=A', '--set', 'memberCount=many'],
      'SegmentRefreshed: "memberCount" is "many": write a whole number from 0 to 9007199254740991',
    ],
    [
      ['deliveries', '--status', 'lost'],
      '--status is "lost"; use one of pending, delivered, held, dead, canceled, awaited, unconfirmed, failed, succeeded',
    ],
    [
      ['deliveries', '--since', 'soon'],
      '--since is "soon"; write an age, such as 30m, 2h or 3d, or a date or time from 1970 on, such as 2026-11-05 or 2026-11-05T09:00:00Z',
    ],
    [['deliveries', '--limit', '0'], '--limit is "0"; write a whole number from 1 to 10000'],
    [['replay'], 'use either the id of a delivery or the name of a subscription'],
    [['replay', 'x.y'], '"x.y" is not a subscription name: use 1 to 64 letters, digits, - and _'],
    [
      ['replay', `x_${'0'.repeat(32)}`, '--subscription', 'x'],
      'use either the id of a delivery or the name of a subscription',
    ],
    [
      ['replay', `x_${'0'.repeat(32)}`, '--since', '1h'],
      '--since and --until need the name of a subscription, not the id of a delivery',
    ],
    ...['deliveries', 'watch', 'thresholds', 'replay'].map((name): [string[], string] => [
      [name, 'a', '--subscription', 'b'],
      'the argument is "a" and --subscription is "b": use only one of them',
    ]),
    [['deliveries', 'a', 'b'], `unexpected argument "b": ${help('deliveries')}`],
    [['watch', '--every', '0s'], '--every is "0s"; write a duration such as 90m, 12h or 3d, from 1s to 1d'],
    [['schema', 'segment-threshold'], 'unknown trigger "segment-threshold": did you mean segment-threshold-crossed?'],
    [
      ['sample', 'full-refresh-completed', '--format', 'xml'],
      '--format is "xml"; use one of flat, cloudevents, teams-card',
    ],
  ])('refuses a wrong call: %j', async (args, line) => {
    expect(checked(await callCli(args))).toEqual({ status: 2, out: '', err: `${line}\n` });
  });

  it('exits with 2 when it refuses a call, and writes the reason to standard error', async () => {
    expect(await cli(['aply'])).toEqual(await callCli(['aply']));
  });
});
