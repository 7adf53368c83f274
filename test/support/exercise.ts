import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { App, type CfnElement, Stack } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';
import { readSubscriptionFile } from '../../cli/subscription-file';
import { documentClient } from '../../lambda/adapters/dynamodb';
import { RunTable } from '../../lambda/adapters/run-table';
import { SubscriptionTable } from '../../lambda/adapters/subscription-table';
import { ThresholdTable } from '../../lambda/adapters/threshold-table';
import { collectStage } from '../../lambda/core/collect';
import { resume } from '../../lambda/core/flow-health';
import { REFUSALS_SPAN, REFUSALS_TO_PAUSE } from '../../lambda/core/health';
import { HITS_PER_ITEM, observe } from '../../lambda/core/observe';
import { register, unregister } from '../../lambda/core/register';
import type { Filter, SubscriptionDefinition } from '../../lambda/core/subscription';
import { PowerAutomateConnectorStack } from '../../lib';
import { Env, Output } from '../../lib/private/contract';
import { ANYBODY, localConnector } from '../../local/connector';
import type { AwsCall } from '../../local/engines/calls';
import { readEvents } from '../../local/event-file';
import { FlowReceiver } from '../../local/flow-receiver';
import { replay } from '../../local/replay';
import { startLocalStack } from '../../local/stack';
import { type LoadedTemplate, loadTemplate } from '../../local/template/template';
import { thresholdOn } from './evaluation';
import { MemoryTelemetry } from './memory';

const EXAMPLE = join(dirname(dirname(__dirname)), 'examples/retailer');
const HOUR = 3600_000;
const DAY = 24 * HOUR;
const SIGNATURE = '?sig=0123456789-0123456789-0123456789-0123456789';

export interface Exercise {
  readonly loaded: LoadedTemplate;
  /** Every call that the endpoints got. */
  readonly calls: readonly AwsCall[];
  /** Detail types of the events that the bus took. */
  readonly detailTypes: ReadonlySet<string>;
  /** What the functions reported as failed. */
  readonly failures: readonly string[];
}

/**
 * Runs the connector's template locally and makes its functions do all that they can do: the whole example, and what an
 * example does not show. A function that learns to call something else is to be brought to it here.
 * @param outdir an empty folder for the cloud assembly.
 */
export async function exercise(outdir: string): Promise<Exercise> {
  const cleanups: (() => unknown)[] = [];
  try {
    const app = new App({ outdir });
    const { connector: parts } = new PowerAutomateConnectorStack(app, 'Connector');
    app.synth();
    const templateFile = join(outdir, 'Connector.template.json');
    const calls: AwsCall[] = [];
    const detailTypes = new Set<string>();
    const failures: string[] = [];
    const receiver = new FlowReceiver();
    /** What the flow at `/mended-later` answers. */
    let status = 404;
    const stack = await startLocalStack({
      templateFile,
      functionEnvironment: { [Env.LOOPBACK_FLOWS]: '1' },
      routes: (request, response) => {
        if (!request.url?.startsWith('/mended-later')) return receiver.handle(request, response);
        response.writeHead(status).end();
        return true;
      },
      onCall: (call) => calls.push(call),
      onEvent: (event) => detailTypes.add(event['detail-type']),
      onLog: (functionId, line) => {
        if (line.startsWith('ERROR\t')) failures.push(`${functionId}: ${line}`);
      },
    });
    cleanups.push(() => stack.stop());
    const local = localConnector(stack);
    cleanups.push(() => local.close());
    const bus = new EventBridgeClient({ ...ANYBODY, endpoint: stack.endpoints.eventbridge });
    const sqs = new SQSClient({ ...ANYBODY, endpoint: stack.endpoints.sqs });
    const client = documentClient({ ...ANYBODY, endpoint: stack.endpoints.dynamodb });
    cleanups.push(
      () => bus.destroy(),
      () => sqs.destroy(),
      () => client.destroy(),
    );

    const physicalId = (construct: IConstruct): string =>
      stack.physicalId(Stack.of(construct).resolve((construct.node.defaultChild as CfnElement).logicalId));
    const put = async (DetailType: string, ...details: object[]) => {
      const entry = { EventBusName: local.busName, Source: local.eventSource, DetailType };
      await bus.send(
        new PutEventsCommand({ Entries: details.map((detail) => ({ ...entry, Detail: JSON.stringify(detail) })) }),
      );
      await stack.whenIdle();
    };
    const tick = async () => {
      await stack.runSchedules();
      await stack.whenIdle();
    };
    const subscribe = (definition: SubscriptionDefinition, flowUrl?: string) =>
      register({ definition, flowUrl }, 'cli', local.registry);

    // The example.
    const file = join(EXAMPLE, 'subscriptions.yaml');
    const environment = { LOCAL_FLOWS: `${stack.endpoint}/flows` };
    const { entries } = readSubscriptionFile(readFileSync(file, 'utf8'), { file, environment, loopback: true });
    for (const entry of entries) await register(entry, 'file:default', local.registry);
    const history = readEvents(readFileSync(join(EXAMPLE, 'events.jsonl'), 'utf8'), 'events.jsonl');
    const settled = () => stack.whenIdle();
    await replay(history, { client: bus, busName: local.busName, settled, onProgress() {}, onRefused() {} });

    // What each function that reads a queue rejects.
    await put('SegmentRefreshed', { segment: 'A' });
    await put('NoSuchEvent', {});
    await put('RefreshStageCompleted', { runId: 'no-stage', status: 'Successful' });
    const QueueUrl = physicalId(parts.delivery.deliveriesQueue);
    await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'no delivery' }));
    await stack.whenIdle();

    // A run in stages, and one whose time is over.
    for (const stage of ['map', 'match', 'merge']) {
      await put('RefreshStageCompleted', { runId: 'staged', stage, status: 'Successful' });
    }
    const runs = new RunTable(client, physicalId(parts.collection.table));
    const telemetry = new MemoryTelemetry();
    const nobody = {
      publish: async () => {
        throw new Error('this worker dies before it publishes');
      },
    };
    const left = { telemetry, events: nobody, connectorId: parts.connectorId, newId: () => crypto.randomUUID() };
    await collectStage(
      { refresh: 'unification', instanceId: 'default', runId: 'overdue', name: 'map', status: 'Successful' },
      {
        ...left,
        runs,
        clock: () => Date.now() - 2 * DAY,
        rules: { runTimeoutMs: DAY, expected: { unification: ['map', 'match'], full: [] } },
      },
    );

    // More thresholds crossed at once than one item holds, by a worker that gets on and by one that dies.
    const crowd = Array.from({ length: HITS_PER_ITEM + 1 }, (_, n) =>
      thresholdOn(`crowd-${n}`, { segment: 'Crowd' }, { operator: 'above', value: 10 }),
    );
    for (const one of crowd) await subscribe(one);
    const at = (minute: number) => new Date(Date.now() - HOUR + minute * 60_000).toISOString();
    for (const [n, memberCount] of [5, 20, 5].entries()) {
      await put('SegmentRefreshed', { segment: 'Crowd', memberCount, observedAt: at(n) });
    }
    const thresholds = new ThresholdTable(client, stack.outputs[Output.THRESHOLDS_TABLE_NAME] as string);
    const subscriptions = new SubscriptionTable(client, stack.outputs[Output.SUBSCRIPTIONS_TABLE_NAME] as string);
    const metric = { kind: 'segment', instanceId: 'default', name: 'Crowd' } as const;
    await observe(
      { metric, value: 20, observedAt: Date.parse(at(3)), sequence: 0 },
      { ...left, thresholds, subscriptions, clock: () => Date.now() - HOUR },
    ).catch(() => {});

    // Thresholds on a measure with members: made while the value is beyond, recovered, removed.
    const revenue: Filter = { measure: 'Revenue' };
    const member = (value: number, n: number) => ({
      measure: 'Revenue',
      dimensions: { Region: 'EU' },
      value,
      observedAt: at(n),
    });
    await put('MeasureRefreshed', member(20, 0));
    await subscribe(
      thresholdOn('beyond', revenue, { operator: 'above', value: 10, recoverTo: 5, fireIfAlreadyBeyond: true }),
    );
    await stack.whenIdle();
    await put('MeasureRefreshed', member(1, 1));
    await put('MeasureRefreshed', member(20, 2));
    await unregister('beyond', 'cli', { ...local.registry, clock: () => Date.now() - 2 * HOUR });
    await tick();

    // A flow that refuses until its subscription is paused, and is mended; one that wants no such body.
    const failed = (name: string): SubscriptionDefinition => ({
      name,
      trigger: 'data-source-refresh-failed',
      instanceId: 'default',
      filter: { dataSource: name },
      format: 'flat',
      owners: [],
    });
    const failure = (name: string) => ({ dataSource: name, status: 'Failed', runId: 'nightly' });
    await subscribe(failed('paused'), `${stack.endpoint}/mended-later${SIGNATURE}`);
    await subscribe(failed('dead'), `${stack.endpoint}/mended-later${SIGNATURE}`);
    const refusals = { count: REFUSALS_TO_PAUSE - 1, since: Date.now() - 2 * REFUSALS_SPAN };
    const active = await subscriptions.read('paused');
    if (active) await subscriptions.writeHealth(active, { version: 1, state: 'active', refusals, announcements: [] });
    await put('DataSourceRefreshed', failure('paused'));
    // Comes twice.
    await put('DataSourceRefreshed', failure('paused'));
    status = 400;
    await put('DataSourceRefreshed', failure('dead'));
    status = 202;
    await resume('paused', { subscriptions, clock: Date.now });
    await tick();

    return { loaded: loadTemplate(templateFile), calls, detailTypes, failures };
  } finally {
    for (const cleanup of cleanups.reverse()) await cleanup();
  }
}
