/** Moves a connector to another stack with the CLI, in two local runs. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Env } from '../../../contract/environment';
import { Output } from '../../../contract/outputs';
import { FlowReceiver } from '../../../local/engines/services/flow-receiver';
import { LOCAL_CLIENT_CONFIG } from '../../../local/shared/client-config';
import type { LocalStack } from '../../../local/stack';
import { bundleCli, expectClean, runCli } from '../../support/cli';
import { startConnectorStack } from '../../support/local-run';
import { temporaryFolder } from '../../support/temporary-files';

const SIGNATURE = 'Zm9yLXRlc3RzLW9ubHktbm90LWEtc2VjcmV0LWF0LWFsbDE';
const NOW = Date.now();
const hoursAgo = (hours: number) => new Date(NOW - hours * 3600_000).toISOString();
const directory = temporaryFolder('moving');
const BACKUP = join(directory, 'connector-backup.jsonl');

/** A connector in a local run. */
class Place {
  private constructor(
    readonly stack: LocalStack,
    private readonly receiver: FlowReceiver,
  ) {}

  static async start(): Promise<Place> {
    const receiver = new FlowReceiver();
    const stack = await startConnectorStack({
      functionEnvironment: { [Env.LOOPBACK_FLOWS]: '1' },
      routes: (request, response) => receiver.handle(request, response),
    });
    return new Place(stack, receiver);
  }

  async cli(...args: string[]) {
    const env = { HOME: directory, NO_COLOR: '1' };
    const result = await runCli(bundle, [...args, `--local=${this.stack.endpoint}`], { cwd: directory, env });
    return expectClean(result, [SIGNATURE, '/flows/']);
  }

  async apply(): Promise<void> {
    const flow = (name: string) => `flowUrl: '${this.stack.endpoint}/flows/${name}?sig=${SIGNATURE}'`;
    writeFileSync(
      join(directory, 'subscriptions.yaml'),
      `subscriptions:
  - { name: vip, trigger: segment-threshold-crossed, segment: VIP customers, above: 100, fireIfAlreadyBeyond: true, ${flow('vip')} }
  - { name: low, trigger: measure-threshold-crossed, measure: Revenue, below: 10, recoverTo: 20, ${flow('low')} }
  - { name: drop, trigger: measure-threshold-crossed, measure: Revenue, fallsBy: { percent: 50, comparedWith: previous }, ${flow('drop')} }
  - { name: orders, trigger: data-source-refresh-failed, dataSource: Orders, ${flow('orders')} }
`,
    );
    expect(await this.cli('apply')).toMatchObject({ status: 0, err: '' });
    await this.stack.whenIdle();
  }

  /** Puts events in order, each after the previous one is processed. Returns which flows ran, with the values, by name. */
  async put(...events: readonly (readonly [detailType: string, detail: object])[]): Promise<string[]> {
    const client = new EventBridgeClient({ ...LOCAL_CLIENT_CONFIG, endpoint: this.stack.endpoints.eventbridge });
    const before = this.receiver.received.length;
    for (const [DetailType, detail] of events) {
      const EventBusName = this.stack.outputs[Output.EVENT_BUS_NAME];
      const Entries = [{ EventBusName, Source: 'customer-insights', DetailType, Detail: JSON.stringify(detail) }];
      await client.send(new PutEventsCommand({ Entries }));
      await this.stack.whenIdle();
    }
    client.destroy();
    const ran = this.receiver.received.slice(before);
    return ran.map(({ flow, body }) => `${flow} ${body.region ?? ''} ${body.value}`).toSorted();
  }
}

const vip = (memberCount: number, hours: number) =>
  ['SegmentRefreshed', { segment: 'VIP customers', memberCount, observedAt: hoursAgo(hours) }] as const;
const revenue = (value: number, hours: number) =>
  [
    'MeasureRefreshed',
    { measure: 'Revenue', value, dimensions: { Region: 'EU' }, observedAt: hoursAgo(hours) },
  ] as const;

let bundle: string;
let old: Place;
let rebuilt: Place;
beforeAll(async () => {
  bundle = await bundleCli();
  [old, rebuilt] = await Promise.all([Place.start(), Place.start()]);
}, 120_000);
afterAll(() => Promise.all([old?.stack.stop(), rebuilt?.stack.stop()]));

it('continues in another stack, and fires no threshold again', async () => {
  await old.apply();
  expect(await old.put(vip(150, 20), revenue(30, 20), revenue(8, 19))).toEqual([
    expect.stringContaining('drop'),
    expect.stringContaining('low'),
    expect.stringContaining('vip'),
  ]);
  expect((await old.cli('pause', 'orders')).status).toBe(0);

  const written = await old.cli('backup');
  expect(written).toMatchObject({
    status: 0,
    err: '',
    out: 'wrote "connector-backup.jsonl": 4 subscriptions, 2 metrics\n',
  });
  const text = readFileSync(BACKUP, 'utf8');
  for (const secret of [SIGNATURE, '/flows/', 'ciphertext', 'fingerprint']) expect(text).not.toContain(secret);

  const early = await rebuilt.cli('restore', BACKUP);
  expect(early).toMatchObject({ status: 1, out: '' });
  expect(early.err).toMatch(
    /the connector lacks drop \(managed by "file:default"\), low .*, orders .*, vip .*: create them by a deployment or with apply, then run restore again; nothing was restored/,
  );

  await rebuilt.apply();
  const restored = await rebuilt.cli('restore', BACKUP);
  expect(restored).toMatchObject({ status: 0, out: '2 metrics restored, 0 unchanged\n' });
  expect(restored.err).toContain('Paused in the backup, active now: orders; to pause one, run pause NAME');
  expect(await rebuilt.cli('restore', BACKUP)).toMatchObject({ status: 0, out: '0 metrics restored, 2 unchanged\n' });

  const state = async (place: Place) => JSON.parse((await place.cli('thresholds', '--json')).out);
  expect(await state(rebuilt)).toEqual(await state(old));

  // Neither the last events again, nor values that stay beyond, nor a value that returns without the recovery level.
  expect(await rebuilt.put(vip(150, 20), revenue(8, 19), vip(160, 10), revenue(12, 10), revenue(9, 9))).toEqual([]);
  expect(await rebuilt.put(vip(90, 8), vip(120, 7), revenue(25, 8), revenue(9, 7))).toEqual([
    expect.stringContaining('drop'),
    expect.stringContaining('low'),
    expect.stringContaining('vip'),
  ]);

  const late = await rebuilt.cli('restore', BACKUP);
  expect(late).toMatchObject({ status: 1, out: '0 metrics restored, 0 unchanged\n' });
  expect(late.err).toContain('2 metrics already had another value, which they keep');
}, 120_000);
