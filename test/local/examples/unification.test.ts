import { join } from 'node:path';
import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { Env } from '../../../contract/environment';
import { register } from '../../../lambda/registration/core/register';
import type { BusEvent } from '../../../local/bus/event-bus';
import { FlowReceiver } from '../../../local/engines/services/flow-receiver';
import type { StubCell } from '../../../local/engines/stubs/responses';
import { synthesize } from '../../../local/run/synthesize';
import { LOCAL_CLIENT_CONFIG } from '../../../local/shared/client-config';
import { type LocalStack, startLocalStack } from '../../../local/stack';
import { type LocalConnector, localConnector } from '../../../local/stack/connector';
import startMatchingJob from '../../fixtures/unification/start-matching-job.json';
import { entryOf, type SampleEvent } from '../../support/app/sources';
import { definitionOf } from '../../support/evaluation';
import { temporaryFolder } from '../../support/temporary-files';

const ROOT = join(__dirname, '../../..');

const flows = new FlowReceiver();
const events: BusEvent[] = [];
const lines: string[] = [];
let stack: LocalStack;
let connector: LocalConnector;
let bus: EventBridgeClient;
/** The list of the workflow's jobs, one per poll. The last one repeats. */
let looks: StubCell[][][] = [];
let polls = 0;
beforeAll(async () => {
  const app = { file: join(ROOT, 'examples/measures/app.ts'), stack: undefined };
  stack = await startLocalStack({
    templateFile: (await synthesize(ROOT, app, temporaryFolder('unification')))[0] as string,
    functionEnvironment: { [Env.LOOPBACK_FLOWS]: '1', [Env.PACE]: '600' },
    answers: ({ service }) => {
      if (service !== 'entity-resolution') return undefined;
      const rows = (looks.length > 1 ? looks.shift() : looks[0]) ?? [];
      return { columns: ['id', 'status', 'startTime', 'endTime', 'error'], rows };
    },
    routes: (request, response) => flows.handle(request, response),
    onEvent: (event) => events.push(event),
    onInvoke: (id) => {
      if (id.includes('UnificationPollingPoll')) polls++;
    },
    onLog: (_, line) => lines.push(line),
  });
  connector = localConnector(stack);
  bus = new EventBridgeClient({ ...LOCAL_CLIENT_CONFIG, endpoint: stack.endpoints.eventbridge });
  const definition = definitionOf('unified', 'unification-refresh-completed');
  await register(
    { definition, flowUrl: `${stack.endpoint}/flows/unified?sig=0123456789-0123456789-0123456789-0123456789` },
    'cli',
    connector.registry,
  );
});
afterAll(async () => {
  bus?.destroy();
  connector?.close();
  await stack?.stop();
});
beforeEach(() => {
  events.length = 0;
  flows.received.length = 0;
  looks = [];
  polls = 0;
});

const started = new Date(Math.floor(Date.now() / 1000) * 1000).toISOString();
/** CloudTrail's sample event, with the current time. */
const start = (detail: object = {}): SampleEvent => {
  const { event } = startMatchingJob;
  return { ...event, time: started, detail: { ...event.detail, eventTime: started, ...detail } };
};
async function put(event: SampleEvent): Promise<void> {
  await bus.send(new PutEventsCommand({ Entries: [entryOf(event)] }));
  await stack.whenIdle();
}
const job = startMatchingJob.event.detail.responseElements.jobId;
const ends = () =>
  events.filter((event) => event['detail-type'] === 'UnificationRefreshed').map(({ detail }) => detail);

it('polls a started job until it ends, and starts its flow once', async () => {
  const endedAt = new Date(Date.parse(started) + 1).toISOString();
  looks = [[[job, 'QUEUED', null, null]], [[job, 'RUNNING', started, null]], [[job, 'SUCCEEDED', started, endedAt]]];
  await put(start());
  const stages = { match: 'Successful' };
  expect(ends()).toEqual([{ runId: job, status: 'Successful', stages, startedAt: started, endedAt }]);
  expect(polls).toBe(3);
  expect(flows.received.map(({ body }) => [body.trigger, body.runId, body.status])).toEqual([
    ['unification-refresh-completed', job, 'Successful'],
  ]);

  // EventBridge can deliver an event twice, and the schedule also polls.
  await put(start());
  await stack.runSchedules();
  await stack.whenIdle();
  expect(polls).toBeGreaterThan(4);
  expect([ends().length, flows.received.length]).toEqual([1, 1]);
  expect(stack.deadLetters()).toEqual([]);
  expect(lines.filter((line) => line.startsWith('ERROR'))).toEqual([]);
});

it('starts the flow once when the start event arrives twice while the job runs', async () => {
  const [id, endedAt] = ['ffffffffffffffffffffffffffffffff', new Date(Date.parse(started) + 2).toISOString()];
  const twice = start({ eventID: 'another', responseElements: { jobId: id } });
  looks = [...Array(3).fill([[id, 'RUNNING', started, null]]), [[id, 'FAILED', started, endedAt, 'no space']]];
  await bus.send(new PutEventsCommand({ Entries: [entryOf(twice), entryOf(twice)] }));
  await stack.whenIdle();
  expect(ends()).toMatchObject([{ runId: id, status: 'Failed' }]);
  expect(flows.received.map(({ body }) => body.runId)).toEqual([id]);
});

it.each([
  ['was rejected', { errorCode: 'ConflictException', responseElements: null }],
  ['starts another workflow', { requestParameters: { workflowName: 'other' } }],
  ['is not a start', { eventName: 'GetMatchingJob' }],
])('ignores a call that %s', async (_, detail) => {
  await put(start(detail));
  expect(polls).toBe(0);
});
