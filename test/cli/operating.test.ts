import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { runCommand } from 'citty';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { doctor } from '../../cli/commands/diagnosis/doctor';
import { setUp } from '../../cli/commands/flows/setup';
import type { Connector } from '../../cli/connector/connector';
import { findConnector } from '../../cli/connector/find-connector';
import { CanceledError, type Prompts } from '../../cli/shell/prompts';
import type { Terminal } from '../../cli/shell/terminal';
import { Env } from '../../contract/environment';
import { Output } from '../../contract/outputs';
import type { ThresholdTable } from '../../lambda/thresholds/adapters/threshold-table';
import { thresholdItems } from '../../lambda/thresholds/core/threshold-item';
import { FlowReceiver } from '../../local/engines/services/flow-receiver';
import { LOCAL_CLIENT_CONFIG } from '../../local/shared/client-config';
import type { LocalStack } from '../../local/stack';
import { bundleCli, expectClean, runCli } from '../support/cli';
import { startConnectorStack } from '../support/local-run';
import { temporaryFolder } from '../support/temporary-files';

const SIGNATURE = 'Zm9yLXRlc3RzLW9ubHktbm90LWEtc2VjcmV0LWF0LWFsbDE';
const receiver = new FlowReceiver();
const directory = temporaryFolder('cli');
let bundle: string;
let stack: LocalStack;
let connector: Connector;
const flowUrl = (name: string) => `${stack.endpoint}/flows/${name}?sig=${SIGNATURE}`;

beforeAll(async () => {
  bundle = await bundleCli();
  stack = await startConnectorStack({
    functionEnvironment: { [Env.LOOPBACK_FLOWS]: '1' },
    routes: (request, response) => receiver.handle(request, response),
  });
  connector = await findConnector({ local: stack.endpoint });
}, 120_000);

afterAll(() => stack?.stop());

/** Runs the CLI as a child process. Its output must not contain any part of a flow URL except the host. */
async function cli(...args: string[]) {
  const result = await runCli(bundle, [...args, `--local=${stack.endpoint}`], {
    cwd: directory,
    env: { HOME: directory },
  });
  return expectClean(result, [SIGNATURE, '/flows/']);
}

/** Puts events in order, each after the previous one is processed. */
async function put(...events: readonly (readonly [detailType: string, detail: object])[]) {
  const client = new EventBridgeClient({ ...LOCAL_CLIENT_CONFIG, endpoint: stack.endpoints.eventbridge });
  for (const [DetailType, detail] of events) {
    const EventBusName = stack.outputs[Output.EVENT_BUS_NAME];
    const Entries = [{ EventBusName, Source: 'customer-insights', DetailType, Detail: JSON.stringify(detail) }];
    await client.send(new PutEventsCommand({ Entries }));
    await stack.whenIdle();
  }
  client.destroy();
}

const segment = (name: string, memberCount: number, observedAt: string) =>
  ['SegmentRefreshed', { segment: name, memberCount, observedAt }] as const;
const revenue = (region: string, value: number) =>
  [
    'MeasureRefreshed',
    { measure: 'Revenue', value, dimensions: { Region: region }, observedAt: '2026-11-02T06:00:00Z' },
  ] as const;
const failed = (dataSource: string, runId: string, more: object = {}) =>
  ['DataSourceRefreshed', { dataSource, status: 'Failed', runId, ...more }] as const;

const FILE = () => `
subscriptions:
  - { name: vip, trigger: segment-threshold-crossed, segment: VIP customers, above: 100, flowUrl: '${flowUrl('vip')}' }
  - { name: typo, trigger: segment-threshold-crossed, segment: VIP Customers, above: 100, flowUrl: '${flowUrl('typo')}' }
  - { name: jump, trigger: segment-threshold-crossed, segment: VIP customers, changesBy: { percent: 30, comparedWith: previous } }
  - { name: regions, trigger: measure-threshold-crossed, measure: Revenue, below: 10, flowUrl: '${flowUrl('regions')}' }
  - { name: orders, trigger: data-source-refresh-failed, dataSource: Orders, flowUrl: '${flowUrl('orders')}' }
  - { name: crm, trigger: data-source-refresh-failed, dataSource: Crm, flowUrl: '${flowUrl('crm')}', keepAlive: 30d }
`;

describe('operating a connector', () => {
  beforeAll(async () => {
    writeFileSync(join(directory, 'subscriptions.yaml'), FILE());
    expect((await cli('apply')).status).toBe(0);
    await put(
      segment('VIP customers', 90, '2026-11-01T06:00:00Z'),
      segment('VIP customers', 120, '2026-11-02T06:00:00Z'),
      segment('VIP customers', 110, '2026-11-01T12:00:00Z'),
      ...Array.from({ length: 12 }, (_, n) => revenue(`R${n + 1}`, n + 5)),
      failed('CRM', 'run-1'),
      failed('CRM', 'run-2'),
      failed('Orders', 'run-3', { willRetry: true }),
      ['DataSourceRefreshed', { dataSource: 'Orders', status: 'Failed' }],
    );
  }, 120_000);

  it('shows the state of thresholds', async () => {
    const { status, out } = await cli('thresholds', 'vip');
    expect(status).toBe(0);
    expect(out).toMatch(/^SUBSCRIPTION +METRIC +VALUE +THRESHOLD +STATE +NEXT +RECENT +OBSERVED\n/);
    expect(out).toMatch(
      /^vip +VIP customers +120 +above 100 +beyond +can fire again after it falls by 20 or more +▁█ +\d+ d ago$/m,
    );
    expect((await cli('thresholds', 'jump')).out).toMatch(
      /^jump +VIP customers +120 +changes by 30% compared with previous +armed +fires if the next value is at 156 or more, or at 84 or less /m,
    );
    const members = await cli('thresholds', 'regions', '--limit', '3');
    expect(members.out.split('\n').slice(1)).toEqual([
      expect.stringMatching(/^regions +Revenue \(Region: R1\) +5 +below 10 +beyond/),
      expect.stringMatching(/^regions +Revenue \(Region: R2\) +6 +below 10 +beyond/),
      expect.stringMatching(/^regions +Revenue \(Region: R3\) +7 +below 10 +beyond/),
      '9 more of regions: use --limit 12',
      '',
    ]);
    const json = JSON.parse((await cli('thresholds', '--json')).out);
    expect(json).toHaveLength(15);
    expect(json.find(({ subscription }: { subscription: string }) => subscription === 'vip')).toMatchObject({
      metric: 'VIP customers',
      value: 120,
      phase: 'beyond',
      distance: -20,
      recent: [{ at: '2026-11-01T06:00:00.000Z', value: 90 }, { value: 120 }],
    });
    expect(await cli('thresholds', 'orders')).toMatchObject({
      status: 1,
      err: 'orders has no threshold: its trigger is data-source-refresh-failed\n',
    });
    expect(await cli('thresholds', '--limit', 'many')).toMatchObject({ status: 2 });
  });

  it('explains why flows ran or did not run', async () => {
    const ran = await cli('explain', 'vip');
    expect(ran.status).toBe(0);
    expect(ran.out).toMatch(/^The flow accepted the newest event (?:now|\d+ (?:s|min) ago): 202, run \w+\./);
    expect(ran.out).toMatch(/✓ crossed +above 100/);
    expect(ran.out).toContain('VIP customers: 90 → 120');
    expect(ran.out).toContain('1 × late observation dropped');
    expect((await cli('explain', 'typo')).out).toMatch(
      /^The flow did not run because no event names segment 'VIP Customers'; observed: 'VIP customers' \(did you mean this\?\)\.\n/,
    );
    expect((await cli('explain', 'crm')).out).toMatch(
      /^The flow did not run because no event names 'Crm'; observed: 'CRM' \(did you mean this\?\), 'Orders'\.\n/,
    );
    expect((await cli('explain', 'orders')).out).toMatch(
      /^The flow did not run because its event could not be read: DataSourceRefreshed: "runId" is missing, (?:now|\d+ (?:s|min) ago)\.\n/,
    );
    const json = JSON.parse((await cli('explain', 'orders', '--json')).out);
    expect(json).toMatchObject({ subscription: 'orders', ran: false });
    expect(json.steps.map(({ name, mark }: { name: string; mark: string }) => mark + name)).toEqual([
      '✓subscription',
      '✓received',
      '✗matched',
      '–queued',
      '–responded',
    ]);
    expect(json.steps[2].text).toBe("no event matches: 2 × it names 'CRM', not 'Orders'");
    expect(json.steps[2].evidence).toEqual(['1 × it will be retried, and includeRetries is not set']);
    expect(await cli('explain', 'ordrs')).toMatchObject({
      status: 1,
      err: expect.stringContaining('did you mean orders?'),
    });
    expect(await cli('explain', 'orders', '--since', 'once')).toMatchObject({ status: 2 });
  });

  it('reports problems and changes nothing', async () => {
    const { status, out } = await cli('doctor');
    expect(status).toBe(1);
    expect(out).toMatch(/^✗ 1 message in dead-letter queue \S+TriggersDeadLetter\S+; newest, .*"runId" is missing/m);
    expect(out).toMatch(
      /^✗ no event names 'VIP Customers', which typo waits for; observed: 'VIP customers' \(did you mean this\?\)$/m,
    );
    expect(out).toMatch(
      /^✗ no event names 'Crm', which crm waits for; observed: 'CRM' \(did you mean this\?\), 'Orders'$/m,
    );
    // A member's first value is its baseline. crm has keepAlive.
    expect(out).toMatch(/^– no deliveries are stored for orders, regions, typo: their/m);
    expect(out).toMatch(/\n3 problems, 1 note\n$/);
    const json = JSON.parse((await cli('doctor', '--json')).out);
    expect(json).toMatchObject({ healthy: false });
    expect(json.findings).toHaveLength(4);
  });

  it('finds a leftover of a threshold', async () => {
    const { thresholds } = connector as { thresholds: ThresholdTable };
    const key = 'default#segment#VIP customers';
    const fall = { change: 'falls', by: 20, unit: 'percent', comparedWith: 'previous' } as const;
    for (const threshold of [{ operator: 'above', value: 5 } as const, fall]) {
      const [item] = thresholdItems('vip', 'removed', threshold);
      await thresholds.putThreshold(key, item as never);
      expect((await cli('doctor')).out).toContain('– 1 orphaned item in the Thresholds table');
      await thresholds.remove(key, item?.sortKey as string);
    }
  });

  it('reports a disabled key, and throws other failures', async () => {
    const lines: string[] = [];
    const doctorWith = (name: string) => {
      const seal = () => Promise.reject(Object.assign(new Error('arn is disabled.'), { name }));
      const sick = { ...connector, registry: { ...connector.registry, seal } };
      const plain = (text: string) => text;
      const style = { bold: plain, dim: plain, red: plain, green: plain, yellow: plain };
      const terminal = { line: (text: string) => lines.push(text), status: () => {}, progress: () => {}, style };
      const context = { terminal, clock: Date.now, connector: async () => sick };
      return runCommand(doctor, { rawArgs: [], data: context });
    };
    expect(await doctorWith('DisabledException')).toEqual({ result: false });
    expect(lines[0]).toBe('✗ the key of the flow URLs is unusable: arn is disabled.');
    await expect(doctorWith('AccessDeniedException')).rejects.toThrow('arn is disabled.');
  });

  it('refuses to ask questions without a terminal, and names the alternative', async () => {
    expect(await cli('setup')).toMatchObject({
      status: 2,
      err: 'setup needs a terminal: write a subscription file and run apply -f FILE instead\n',
    });
  });
});

describe('setup', () => {
  /** Answers in order, and records the questions and messages. */
  function person(answers: readonly (string | boolean)[]) {
    const said: string[] = [];
    const rest = [...answers];
    const next = async (question: string): Promise<never> => {
      said.push(question);
      const answer = rest.shift();
      if (answer === undefined) throw new CanceledError();
      return answer as never;
    };
    const prompts: Prompts = {
      begin: (text) => said.push(text),
      choose: next,
      ask: next,
      askSecret: next,
      confirm: next,
      say: (text) => said.push(text),
      warn: (text) => said.push(text),
      busy: (text) => {
        said.push(text);
        return (result) => said.push(result);
      },
      end: (text) => said.push(text),
    };
    return { prompts, said };
  }
  const terminal = { status: () => expect.fail('the prompts have their own') } as unknown as Terminal;
  const context = {
    all: () => [],
    clock: Date.now,
    wait: (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms)),
    terminal,
  };
  const answers = (name: string, url: string) =>
    ['segment-threshold-crossed', 'VIP customers', 'above', '50', true, name, '', url, true] as const;

  it('stores nothing before the last answer', async () => {
    const all = answers('never', flowUrl('never'));
    for (let n = 0; n < all.length; n++) {
      const { prompts, said } = person(all.slice(0, n));
      expect(await setUp(prompts, connector, context)).toBe(false);
      expect(said.at(-1)).toBe('Canceled. Nothing was stored.');
    }
    const { prompts, said } = person([...all.slice(0, -1), false]);
    expect(await setUp(prompts, connector, context)).toBe(false);
    expect(said.at(-1)).toBe('Canceled. Nothing was stored.');
    expect(await connector.subscriptions.read('never')).toBeUndefined();
  });

  it('stores the subscription, tests its flow, and fires it once on request', async () => {
    const { prompts, said } = person(answers('set-up', flowUrl('set-up')));
    expect(await setUp(prompts, connector, context)).toBe(true);
    expect(said).toContain('VIP customers is at 120, which is already beyond the threshold. Fire once now?');
    expect(said.at(-2)).toMatch(/^The flow responded with 202, run \w+$/);
    expect(said.at(-1)).toMatch(/^set-up is stored and its flow works/);
    await stack.whenIdle();
    const bodies = receiver.received.filter(({ flow }) => flow === 'set-up').map(({ body }) => body);
    expect(bodies.map(({ isTest }) => isTest).toSorted()).toEqual([false, true]);
    expect(bodies.find(({ isTest }) => !isTest)).toMatchObject({ alreadyBeyond: true, value: 120 });
    expect(await connector.subscriptions.read('set-up')).toMatchObject({ managedBy: 'cli' });
    expect(said.join('\n')).not.toContain(SIGNATURE);
    const { out } = await cli('explain', 'set-up');
    expect(out).toMatch(/^✓ queued +1 delivery: 1 delivered$/m);
    expect(out).toMatch(/^ +last test, (?:now|\d+ (?:s|min) ago): 202, run \w+$/m);
  });

  it('reports a flow that does not accept the sample', async () => {
    const wrong = flowUrl('gone').replace('/flows/gone', '/elsewhere');
    const { prompts, said } = person(answers('gone', wrong));
    expect(await setUp(prompts, connector, context)).toBe(false);
    expect(said.at(-2)).toMatch(
      /^The flow responded with 404.*: the flow was deleted, or its URL changed: copy the HTTP URL/,
    );
    expect(said.at(-1)).toBe('gone is stored, but its flow does not accept deliveries. Fix the flow, then: test gone');
  });
});
