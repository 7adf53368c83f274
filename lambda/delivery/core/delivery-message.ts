import * as v from 'valibot';
import { STATUSES, TRIGGER_IDS, type TriggerId } from '../../../contract/events';
import { keySchema } from '../../shared/core/key';
import type { DeliveryMessage } from './delivery';
import { parseJson } from './json';

const number = v.pipe(v.number(), v.finite());
const time = v.optional(number);
const flag = v.optional(v.boolean());
const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));

/** Epoch milliseconds that a Date accepts (ECMAScript, "Time Values and Time Range"). */
const instant = v.pipe(v.number(), v.minValue(-8.64e15), v.maxValue(8.64e15));
const text = v.optional(v.string());
const texts = v.optional(v.record(v.string(), v.string()));

const origin = { awsAccount: text, awsRegion: text };
const run = {
  ...origin,
  runId: v.string(),
  status: v.picklist(STATUSES),
  startedAt: v.optional(instant),
  endedAt: v.optional(instant),
};
const refresh = { ...run, error: text, runLink: text };
const dataSource = { ...refresh, dataSource: v.string() };
const crossing = {
  ...origin,
  ...{ direction: v.picklist(['above', 'below']), threshold: number, value: number, observedAt: instant },
  ...{ previousValue: v.optional(number), recoverTo: v.optional(number), runId: text },
  ...{ comparedWith: text, baseValue: v.optional(number), baseObservedAt: v.optional(instant) },
  ...{ changeBy: v.optional(number), changeUnit: text },
};
/** Fields that the bodies of a trigger are written from. */
const EVENTS: Readonly<Record<TriggerId, v.ObjectEntries>> = {
  'data-source-refresh-failed': dataSource,
  'data-source-refresh-succeeded': dataSource,
  'segment-threshold-crossed': { ...crossing, segment: v.string() },
  'measure-threshold-crossed': { ...crossing, measure: v.string(), dimensions: texts, unit: text },
  'full-refresh-completed': { ...refresh, kind: text, processes: texts },
  'unification-refresh-completed': { ...refresh, stages: texts },
  'refresh-overdue': {
    ...{ state: v.string(), subjectType: v.string(), dataSource: text, segment: text, measure: text, kind: text },
    ...{ expectation: v.string(), expectedBy: instant, overdueSince: instant, repeat: count, error: text },
    ...{ lastSuccessAt: v.optional(instant), lastSuccessRunId: text },
    ...{ lastFailureAt: v.optional(instant), lastFailureStatus: text, lastFailureRunId: text },
  },
};
const event = v.variant(
  'trigger',
  TRIGGER_IDS.map((trigger) =>
    v.looseObject({
      ...{ trigger: v.literal(trigger), eventId: keySchema, instanceId: v.string(), occurredAt: instant },
      ...EVENTS[trigger],
    }),
  ),
);

/** Fields on which the protocol of deliveries and the bodies rely. */
const messageSchema = v.looseObject({
  ...{ subscription: keySchema, uid: keySchema, event },
  ...{ acceptedAt: number, n: count, firstTry: v.optional(count) },
  ...{ notBefore: time, roundSince: time, booked: time },
  ...{ isTest: flag, anyAge: flag, probe: flag, replay: flag },
});

/** Reads a message of `dispatch` and `deliver`, the only writers of the queue. Undefined: it is not one. Never throws. */
export function readDelivery(body: string): DeliveryMessage | undefined {
  const message = parseJson(body);
  return v.is(messageSchema, message) ? (message as unknown as DeliveryMessage) : undefined;
}
