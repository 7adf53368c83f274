import { CONNECTOR_MUTANTS } from './connector-mutants';
import { FEATURES } from './features';
import type { Mutant } from './mutant';

const conditions = 'lambda/delivery/adapters/delivery-conditions.ts';
const deliver = 'lambda/delivery/core/deliver.ts';
const observe = 'lambda/thresholds/core/observe.ts';
const collect = 'lambda/collection/core/collect.ts';
const health = 'lambda/delivery/core/health/health-transitions.ts';
const scheduled = 'lambda/delivery/core/scheduled-work.ts';

const MINUTE = 60_000;

export const MUTANTS: readonly Mutant[] = [
  {
    name: 'no lease',
    file: conditions,
    changes: [["'leaseUntil < :now'", "'leaseUntil <> :now'"]],
  },
  {
    name: 'lease without grace, shorter than its invocation',
    file: deliver,
    changes: [['LEASE_GRACE_MS = 5_000', 'LEASE_GRACE_MS = -45_000']],
    scenario: { moods: ['hanging'], rates: { 'message duplicated': 0.3, 'slow call': 0.3, 'flow slow': 0.3 } },
  },
  {
    name: 'no fence: a worker without the lease records',
    file: conditions,
    changes: [["'leaseOwner = :owner'", "'leaseOwner = :owner OR attribute_exists(pk)'"]],
  },
  {
    name: 'intent cleared before it is published',
    file: observe,
    changes: [
      [
        '  await publishHits(key, metric, intent, intent.hits, ports);',
        '  await ports.thresholds.clearIntent(key, intent.version);\n  await publishHits(key, metric, intent, intent.hits, ports);',
      ],
    ],
  },
  {
    name: 'pending intent not published before the next commit',
    file: observe,
    changes: [['if (state?.intent) {', 'if (state?.intent && state.version < 0) {']],
  },
  {
    name: 'flags not written',
    file: observe,
    changes: [['.filter((hit) => hit.flagged)', '.filter((hit) => hit.flagged && intent.version < 0)']],
  },
  {
    name: 'old threshold not told from its replacement',
    file: observe,
    changes: [['if (replacements.some((one) => !seen.has(one))) {', 'if (replacements.length < 0) {']],
    scenario: { spanMs: 40 * MINUTE, races: 300 },
  },
  {
    name: 'state committed without a version check',
    file: 'lambda/thresholds/adapters/threshold-table.ts',
    changes: [
      [
        "const unchangedSinceRead = 'version = :read'",
        "const unchangedSinceRead = 'version = :read OR attribute_exists(pk)'",
      ],
    ],
  },
  {
    name: 'partial failure of PutEvents dropped',
    file: 'lambda/events/adapters/event-bus.ts',
    changes: [['if (EventId) return undefined;', 'if (EventId || ErrorCode) return undefined;']],
  },
  {
    name: 'partial failure of SendMessageBatch dropped',
    file: 'lambda/shared/adapters/queue.ts',
    changes: [['for (const entry of response.Failed ?? []) failed.set(entry.Id, entry);', '']],
  },
  {
    name: 'unprocessed keys of a batch read taken as absent',
    file: 'lambda/shared/adapters/dynamodb.ts',
    changes: [
      ['open = (UnprocessedKeys?.[table]?.Keys as Item[] | undefined) ?? [];', 'open = UnprocessedKeys ? [] : [];'],
    ],
  },
  {
    name: 'next try written before its message is sent',
    file: deliver,
    changes: [
      ['  await send(next, hopSeconds(next.notBefore ?? 0, clock()));\n', ''],
      [
        '  await deliveries.reschedule(key, lease, next.n, attempts, clock());',
        '  await deliveries.reschedule(key, lease, next.n, attempts, clock());\n  await send(next, hopSeconds(next.notBefore ?? 0, clock()));',
      ],
    ],
  },
  {
    name: 'a message that waits keeps its number, so that its duplicates wait too',
    regression: 3,
    file: deliver,
    changes: [
      [
        'const next = { ...message, replay: undefined, ...change, n: message.n + 1 };',
        'const waits = change.firstTry !== undefined;\n  const next = { ...message, replay: undefined, ...change, ...(waits ? { n: message.n, firstTry: message.firstTry } : { n: message.n + 1 }) };',
      ],
    ],
    scenario: { spanMs: 9 * 24 * 60 * MINUTE },
  },
  {
    name: 'failed message acknowledged',
    file: 'lambda/shared/core/batch.ts',
    changes: [['return messages.slice(n).map(({ id }) => id);', 'return [];']],
  },
  {
    name: 'dispatch ignores that a delivery was not sent',
    file: 'lambda/delivery/core/dispatch.ts',
    changes: [['await allSettledOrThrow(', 'await Promise.allSettled(']],
  },
  {
    name: 'breaker that forgets',
    file: 'lambda/delivery/core/health/circuit-breaker.ts',
    changes: [["if (failures?.openUntil === undefined) return 'closed';", "if (now > 0) return 'closed';"]],
  },
  {
    name: 'delivery held without its payload',
    file: deliver,
    changes: [
      [
        '  await deliveries.keepPayload(message, clock());\n  if (!(await deliveries.hold(',
        '  if (!(await deliveries.hold(',
      ],
    ],
  },
  {
    name: 'resume that sends nothing',
    file: health,
    changes: [['{ drain: { emptyPasses: 0, due: now } } : { endsAt }', '{} : { endsAt }']],
  },
  {
    name: 'index of held deliveries trusted as consistent',
    file: scheduled,
    changes: [['const EMPTY_PASSES = 2;', 'const EMPTY_PASSES = 0;']],
    scenario: { spanMs: 40 * MINUTE, operations: 40, races: 100, moods: [], rates: { 'index lags': 0.5 } },
  },
  {
    name: 'edit that changes no threshold arms it again',
    file: 'lambda/registration/core/register.ts',
    changes: [
      [
        'existing !== undefined && sameThreshold(existing.definition, definition)',
        'existing !== undefined && existing.generation < 0',
      ],
    ],
  },
  {
    name: 'leftovers swept too early',
    file: 'lambda/registration/core/register.ts',
    changes: [['const LEFTOVER_MS = 60 * 60 * 1000;', 'const LEFTOVER_MS = 0;']],
  },
  {
    name: 'check of a new threshold not requested',
    file: 'lambda/registration/core/register.ts',
    changes: [
      ['if (thresholdId === undefined || !needsCheck(definition.threshold)) return;', 'if (definition.name) return;'],
    ],
  },
  {
    name: 'delivery to a recreated subscription',
    file: deliver,
    changes: [['if (subscription?.uid !== message.uid || !subscription.flow) {', 'if (!subscription?.flow) {']],
  },
  {
    name: 'retry of a replay replays',
    file: deliver,
    changes: [
      [
        'const next = { ...message, replay: undefined, ...change, n: message.n + 1 };',
        'const next = { ...message, ...change, n: message.n + 1 };',
      ],
    ],
    scenario: {
      ...{ spanMs: 40 * MINUTE, races: 300, moods: ['rejecting'] },
      rates: { 'sending answer lost': 0.3, 'flow answer lost': 0.4 },
    },
  },
  {
    name: 'refusal of an old URL pauses the new one',
    file: 'lambda/delivery/core/health/record-outcome.ts',
    changes: [
      [
        'current.generation === used.generation && !isPaused(current)\n      ? afterRefusal(',
        '!isPaused(current)\n      ? afterRefusal(',
      ],
    ],
    // Few deliveries, in late tries: their next ones say nothing about the new URL for a while.
    scenario: { spanMs: 24 * 60 * MINUTE, races: 300, moods: ['failing', 'refusing'], rates: { 'flow slow': 0.5 } },
  },
  {
    name: 'pause after the first refusal',
    file: health,
    changes: [
      ['export const REFUSALS_TO_PAUSE = 3;', 'export const REFUSALS_TO_PAUSE = 1;'],
      ['export const REFUSALS_SPAN = 10 * MINUTE;', 'export const REFUSALS_SPAN = 0;'],
    ],
  },
  {
    name: 'announcement removed before it is published',
    file: 'lambda/delivery/core/death.ts',
    changes: [
      [
        '  await events.publish(HealthEvent.FLOW_DELIVERY_DEAD, detail);\n  await deliveries.clearNotice(key, notice);',
        '  await deliveries.clearNotice(key, notice);\n  await events.publish(HealthEvent.FLOW_DELIVERY_DEAD, detail);',
      ],
    ],
    scenario: { races: 300, moods: ['rejecting'], rates: { 'crash before a call': 0.02, 'event refused': 0.3 } },
  },
  {
    name: 'health written without its condition',
    file: 'lambda/subscriptions/adapters/subscription-table.ts',
    changes: [["'health.version = :version'", "'health.version = :version OR attribute_exists(pk)'"]],
  },
  {
    name: 'run written without a version check',
    file: 'lambda/collection/adapters/run-table.ts',
    changes: [
      [
        "const unchangedSinceRead = 'version = :read'",
        "const unchangedSinceRead = 'version = :read OR attribute_exists(pk)'",
      ],
    ],
  },
  {
    name: 'run marked as published before its event',
    file: collect,
    changes: [
      ['  await ports.events.publish(detailType, detail);\n', ''],
      [
        '  await ports.runs.write(key, { ...run, version: run.version + 1, publishedAt: ports.clock() });',
        '  await ports.runs.write(key, { ...run, version: run.version + 1, publishedAt: ports.clock() });\n  await ports.events.publish(detailType, detail);',
      ],
    ],
  },
  {
    name: 'rate limit not asked',
    file: deliver,
    changes: [['if (definition.rateLimit && !isBooked) {', 'if (definition.rateLimit && now < 0) {']],
  },
  {
    name: 'reservation of a call that is valid for ever',
    file: 'lambda/delivery/core/rate-limit.ts',
    changes: [['BOOKING_LIFETIME_MS = 10_000', 'BOOKING_LIFETIME_MS = 1e15']],
  },
  {
    name: 'give up after three retries',
    file: 'lambda/delivery/core/retry.ts',
    changes: [['const wait = RETRY_WAITS[n + 1];', 'const wait = n > 2 ? undefined : RETRY_WAITS[n + 1];']],
  },
  ...FEATURES,
  {
    name: 'DELETE that takes any id',
    file: 'lambda/registration/core/flow-registration.ts',
    changes: [
      [
        "  timingSafeEqual(Buffer.from(registration.idHash, 'hex'), Buffer.from(hashOf(id), 'hex'));",
        "  hashOf(id) !== '';",
      ],
    ],
    story: 'R:',
  },
  {
    name: 'ended registration not kept by a new one',
    file: 'lambda/delivery/core/health/health-transitions.ts',
    changes: [
      ['resumed(health && { ...health, endsAt: undefined }, ', 'resumed(health, '],
      [
        '    ...base(health),\n        drain: health?.endsAt',
        '    ...base(health),\n        endsAt: health?.endsAt,\n        drain: health?.endsAt',
      ],
    ],
    story: 'R:',
  },
  ...CONNECTOR_MUTANTS,
];
