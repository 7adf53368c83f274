import fc from 'fast-check';
import type { TriggerId } from '../../../../../contract/events';
import { STATUSES, TRIGGER_IDS } from '../../../../../contract/events';
import type { BodyInput } from '../../../../../lambda/delivery/core/bodies/body';
import { OVERDUE_STATES, OVERDUE_SUBJECTS } from '../../../../../lambda/events/core/events';
import type { TriggerEvent } from '../../../../../lambda/events/core/trigger-event';
import { CHANGE_UNITS, COMPARED_WITH } from '../../../../../lambda/shared/core/change';
import { BODY_FORMATS } from '../../../../../lambda/subscriptions/core/subscription';

/** Characters that are escaped, cut or read as markup. */
const character = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.constantFrom(
      'a',
      '"',
      '\\',
      '<',
      '*',
      '[',
      '&',
      '#',
      '\n',
      '\u0000',
      '€',
      '漢',
      ' ',
      '\u2028',
      '\ud800',
    ),
  },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }) },
);
const long = (max: number) =>
  fc.oneof(
    fc.string({ unit: character, maxLength: 10 }),
    fc.tuple(character, fc.integer({ min: 0, max })).map(([one, length]) => one.repeat(length).slice(0, max)),
  );
const name = long(200);
const instant = fc.integer({ min: 0, max: 4e12 });
const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
const finite = fc.double({ noNaN: true, noDefaultInfinity: true });
const status = fc.constantFrom(...STATUSES);
const statuses = fc.dictionary(name, status, { maxKeys: 50 });
const link = optional(
  fc.oneof(
    fc.webUrl({ withQueryParameters: true }),
    long(2100).map((end) => `https://x/${end}`),
  ),
);
const common = { eventId: fc.stringMatching(/^[0-9a-f]{32}$/), instanceId: name, occurredAt: instant };
const origin = { awsAccount: optional(name), awsRegion: optional(name) };
const ended = {
  ...origin,
  runId: name,
  status,
  startedAt: optional(instant),
  endedAt: optional(instant),
  error: optional(long(9000)),
  runLink: link,
};
const crossed = {
  ...origin,
  direction: fc.constantFrom('above' as const, 'below' as const),
  threshold: finite,
  previousValue: optional(finite),
  alreadyBeyond: optional(fc.boolean()),
  value: finite,
  recoverTo: optional(finite),
  runId: optional(name),
  observedAt: instant,
  comparedWith: optional(fc.constantFrom(...COMPARED_WITH)),
  baseValue: optional(finite),
  baseObservedAt: optional(instant),
  changeBy: optional(finite),
  changeUnit: optional(fc.constantFrom(...CHANGE_UNITS)),
};
const source = {
  ...common,
  ...ended,
  dataSource: name,
  willRetry: fc.boolean(),
  attempt: optional(fc.nat()),
  recordCount: optional(fc.maxSafeNat()),
};
const is = <T extends TriggerId>(trigger: T) => fc.constant(trigger);
const event: fc.Arbitrary<TriggerEvent> = fc.oneof(
  fc.record({ ...source, trigger: is('data-source-refresh-failed') }),
  fc.record({ ...source, trigger: is('data-source-refresh-succeeded') }),
  fc.record({ ...common, ...crossed, trigger: is('segment-threshold-crossed'), segment: name }),
  fc.record({
    ...common,
    ...crossed,
    trigger: is('measure-threshold-crossed'),
    measure: name,
    unit: optional(name),
    dimensions: optional(fc.dictionary(name, name, { maxKeys: 10 })),
  }),
  fc.record({
    ...common,
    ...ended,
    trigger: is('full-refresh-completed'),
    kind: fc.constantFrom('Scheduled' as const, 'OnDemand' as const),
    processes: optional(statuses),
  }),
  fc.record({ ...common, ...ended, trigger: is('unification-refresh-completed'), stages: optional(statuses) }),
  fc.record({
    ...common,
    trigger: is('refresh-overdue'),
    state: fc.constantFrom(...OVERDUE_STATES),
    subjectType: fc.constantFrom(...OVERDUE_SUBJECTS),
    dataSource: optional(name),
    segment: optional(name),
    measure: optional(name),
    kind: optional(fc.constantFrom('Scheduled' as const, 'OnDemand' as const)),
    expectation: long(500),
    expectedBy: instant,
    overdueSince: instant,
    repeat: fc.nat(),
    lastSuccessAt: optional(instant),
    lastSuccessRunId: optional(name),
    lastFailureAt: optional(instant),
    lastFailureStatus: optional(status),
    lastFailureRunId: optional(name),
    error: optional(long(9000)),
  }),
);
/** Any possible delivery, and many impossible ones. */
export const anyInput: fc.Arbitrary<BodyInput> = fc.record({
  event,
  subscription: fc.record({
    name,
    trigger: fc.constantFrom(...TRIGGER_IDS),
    instanceId: name,
    filter: fc.constant({}),
    threshold: optional(
      fc.record({ operator: fc.constantFrom('above', 'atOrAbove', 'below', 'atOrBelow'), value: finite }),
    ),
    format: fc.constantFrom(...BODY_FORMATS),
    owners: fc.array(long(254), { maxLength: 20 }),
    link,
  }),
  deliveryId: name,
  isTest: fc.boolean(),
  delayedMinutes: fc.double({ min: -10, max: 1e6, noNaN: true }),
});
