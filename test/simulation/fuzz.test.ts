import fc from 'fast-check';
import { expect, it } from 'vitest';
import { SimulatedFlows } from './flows';
import { Operators } from './operators';
import { Oracle } from './oracle/oracle';
import { simulatedPlan } from './plan';
import { SimulatedStack } from './stack';
import { World } from './world/world';

/** Number of batches. The soak run uses more. */
const RUNS = Number(process.env.PROPERTY_RUNS ?? 2000) / 5;
const BATCH = 5;
const plan = simulatedPlan();
const AT = '2026-11-20T11:59:00Z';

const busEvent = (detailType: string, detail: object) => ({
  ...{ version: '0', id: 'event-1', 'detail-type': detailType, source: 'customer-insights' },
  ...{ account: '000000000000', time: AT, region: 'us-east-1', resources: [], detail },
});
const crossing = {
  ...{ connector: 'other', crossingId: 'c1', subscription: 's1', uid: 'id1', generation: 1, startsFlow: true },
  ...{
    instanceId: 'default',
    segment: 'Vips',
    direction: 'above',
    threshold: 5,
    value: 8,
    observedAt: AT,
    sequence: 0,
  },
};
const delivery = {
  ...{ subscription: 's1', uid: 'id1', acceptedAt: 1795176000000, n: 0 },
  event: { eventId: 'e1', trigger: 'full-refresh-completed', instanceId: 'default', runId: 'r1', status: 'Failed' },
};
/** A valid message of each queue and kind. */
const VALID: readonly (readonly [queue: 'observations' | 'triggers' | 'stages' | 'deliveries', message: object])[] = [
  ['observations', busEvent('SegmentRefreshed', { segment: 'Vips', memberCount: 8, observedAt: AT })],
  [
    'observations',
    busEvent('MeasureRefreshed', { measure: 'M', value: '1.5', observedAt: AT, dimensions: { R: 'x' } }),
  ],
  [
    'observations',
    {
      thresholdCheck: {
        metric: { kind: 'segment', instanceId: 'default', name: 'Vips' },
        subscription: 's1',
        thresholdId: 't',
      },
    },
  ],
  ['triggers', busEvent('DataSourceRefreshed', { dataSource: 'CRM', runId: 'r1', status: 'Failed' })],
  [
    'triggers',
    busEvent('FullRefreshed', { runId: 'r1', status: 'Failed', kind: 'Scheduled', processes: { a: 'Failed' } }),
  ],
  ['triggers', busEvent('SegmentThresholdCrossed', crossing)],
  [
    'stages',
    busEvent('RefreshStageCompleted', { runId: 'r2', stage: 'map', status: 'Failed', expected: ['map', 'b'] }),
  ],
  ['deliveries', delivery],
];

const CREDENTIAL =
  'https://x.api.powerplatform.com/triggers/manual/run?sig=leakedleakedleakedleakedleakedleakedleaked1';
const odd = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    true,
    0,
    -0,
    1e308,
    -1,
    1.5,
    '',
    ' ',
    'x'.repeat(5000),
    [],
    {},
    [[]],
    '__proto__',
    '\u0000',
  ),
  fc.constantFrom<unknown>(CREDENTIAL, { sig: CREDENTIAL }, '2026-13-45', '9'.repeat(400), '\ud800', 'NaN', {
    length: -1,
  }),
  fc.jsonValue(),
);

/** A change of a message: a value at a path is replaced, removed or added. */
const change = fc.record({
  at: fc.array(fc.nat(20), { maxLength: 3 }),
  value: odd,
  how: fc.constantFrom('replace', 'remove', 'add'),
});

function changed(
  message: unknown,
  { at: [first = 0, ...rest], value, how }: { at: number[]; value: unknown; how: string },
): unknown {
  if (message === null || typeof message !== 'object') return value;
  const keys = Object.keys(message);
  const key = keys[first % Math.max(1, keys.length)] ?? 'more';
  const inner = (message as Record<string, unknown>)[key];
  if (rest.length > 0) return { ...message, [key]: changed(inner, { at: rest, value, how }) };
  if (how === 'remove') return Object.fromEntries(Object.entries(message).filter(([name]) => name !== key));
  return { ...message, [how === 'add' ? `${key}2` : key]: value };
}

const message = fc
  .tuple(
    fc.constantFrom(...VALID),
    fc.array(change, { minLength: 1, maxLength: 3 }),
    fc.option(fc.string(), { nil: undefined }),
  )
  .map(([[queue, valid], changes, text]) => ({
    queue,
    body: text ?? JSON.stringify(changes.reduce<unknown>((made, one) => changed(made, one), valid)),
  }));

it('answers every message with an effect or a reason, repeats no credential, and keeps what came with it', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(message, { minLength: BATCH, maxLength: BATCH }), async (messages) => {
      const world = new World('fuzz', {}, true);
      const oracle = new Oracle(world, () => true);
      const flows = new SimulatedFlows(world, { onPost: () => {}, onAnswer: () => {} });
      const stack: SimulatedStack = new SimulatedStack(plan, world, {
        onEvent: () => {},
        onInvocationEnd: () => {},
        post: (worker) => flows.post(worker),
      });
      oracle.watch(stack);
      // The oracle knows only messages that the bus sends.
      stack.queue(stack.places.triggersQueue).onDelete = () => {};
      new Operators(world, stack, flows, oracle).create('s1');
      await world.runUntil(world.clock() + 1000);
      for (const { queue, body } of messages) stack.queueOf(queue).send(body);
      // With each of them comes a valid run, in the same batch.
      for (const name of ['map', 'match', 'merge']) {
        const end = busEvent('RefreshStageCompleted', { runId: 'good', stage: name, status: 'Successful' });
        stack.queueOf('stages').send(JSON.stringify(end));
      }
      await world.runUntil(world.clock() + 60_000);
      expect(world.trace.lines.filter((line) => line.includes(' fails: '))).toEqual([]);
      const runs = [...stack.dynamodb.table(stack.places.runs).all()];
      expect(runs.filter(({ runId }) => runId === 'good').map(({ closed }) => closed)).toEqual(['complete']);
      const reasons = stack.deadLetters.map(({ reason }) => String(reason));
      expect(reasons.filter((reason) => reason.includes('leaked') || reason === 'undefined')).toEqual([]);
    }),
    { numRuns: RUNS },
  );
}, 3_600_000);
