import * as v from 'valibot';
import { deliveryId } from '../../../delivery/core/delivery-id';
import type { ResendPorts } from '../../../delivery/core/ports';
import { type ReplayRange, replayAll } from '../../../delivery/core/replay';
import { testDelivery } from '../../../delivery/core/test-delivery';
import { instantSchema } from '../../../events/core/fields';
import type { Telemetry } from '../../../shared/core/ports';
import { writeOneOf } from '../../../subscriptions/core/entry/messages';
import { type RequestBody, readBody } from '../body';
import { REPLAY_FIELDS } from '../definition/flow-operations';
import type { ResponseBody } from '../definition/responses';
import { checkFields, givenFields, reasonOf } from '../given-fields';
import { type ApiRequest, type ApiResponse, type Caller, problem } from '../http';
import { MAX_EXAMINED, MAX_REPLAYED, MAX_SPAN_DAYS } from './limits';
import { noSuchFlow, notActive, ownFlow } from './own-flow';

/** Log messages of what callers send to their flows. Each comment lists the message's details. */
export const SendMessage = {
  /** `by`, `deliveryId` */
  TESTED: 'a caller sent a test event to a flow',
  /** `by`, `subscription`, `from`, `until`, `count`, `skipped`, `hasMore` */
  REPLAYED: 'a caller replayed the deliveries of a flow',
} as const;

export interface SendPorts extends ResendPorts {
  readonly telemetry: Telemetry;
  readonly newId: () => string;
}

/** Sends a test event to one of the caller's flows. */
export async function sendTestEvent(request: ApiRequest, caller: Caller, ports: SendPorts): Promise<ApiResponse> {
  const flow = await ownFlow(request, caller, ports.subscriptions);
  if (!flow) return noSuchFlow();
  const refusal = notActive(flow);
  if (refusal) return refusal;
  const message = testDelivery(flow, ports.newId(), ports.clock());
  await ports.send(message, 0);
  const body: ResponseBody<'TestEvent'> = { deliveryId: deliveryId(message.subscription, message.event.eventId) };
  ports.telemetry.info(SendMessage.TESTED, { by: caller.id, ...body });
  return { status: 202, body };
}

/** Replays dead and held deliveries of one of the caller's flows. */
export async function replayDeliveries(request: ApiRequest, caller: Caller, ports: SendPorts): Promise<ApiResponse> {
  const read = readBody(request);
  if ('problem' in read) return read.problem;
  const range = readRange(read.body, ports.clock());
  if ('reason' in range) return problem('invalid', range.reason);
  const flow = await ownFlow(request, caller, ports.subscriptions);
  if (!flow) return noSuchFlow();
  const refusal = notActive(flow);
  if (refusal) return refusal;
  const { name } = flow.definition;
  const { results, hasMore } = await replayAll(name, range, ports, { sent: MAX_REPLAYED, read: MAX_EXAMINED });
  const count = results.filter((one) => one === 'sent').length;
  const outcome = { count, skipped: results.length - count, hasMore };
  const { from, until } = range;
  ports.telemetry.info(SendMessage.REPLAYED, { by: caller.id, subscription: name, from, until, ...outcome });
  const body: ResponseBody<'Replay'> = { ...outcome, message: replayText(outcome) };
  return { status: 202, body };
}

function replayText({ count, skipped, hasMore }: Omit<ResponseBody<'Replay'>, 'message'>): string {
  const deliveries = (n: number) => (n === 1 ? '1 delivery' : `${n} deliveries`);
  const sentences = [
    count === 0 ? 'No delivery is sent again.' : `${deliveries(count)} will be sent again.`,
    skipped > 0 && `${deliveries(skipped)} cannot be sent now, or belong to an earlier registration of the flow.`,
    hasMore && `One call sends up to ${MAX_REPLAYED}: run the action again in a few minutes for the others.`,
  ];
  return sentences.filter(Boolean).join(' ');
}

const DAY_MS = 24 * 60 * 60_000;
const STATES = ['all', 'dead', 'held'] as const;

const rangeSchema = v.object({
  from: instantSchema,
  to: v.optional(instantSchema),
  state: v.optional(v.picklist(STATES, writeOneOf(STATES)), 'all'),
});

function readRange(body: RequestBody, now: number): ReplayRange | { readonly reason: string } {
  const checked = checkFields(REPLAY_FIELDS, rangeSchema, givenFields(body));
  if ('reason' in checked) return checked;
  const { from, to, state } = checked.value;
  const until = to ?? now;
  const refused = (message: string) => ({ reason: reasonOf(REPLAY_FIELDS, [{ field: 'from', message }]) });
  if (from >= until) {
    return refused(`"from" is not before ${to === undefined ? 'now' : '"to"'}; write an earlier time`);
  }
  if (until - from > MAX_SPAN_DAYS * DAY_MS) {
    return refused(
      `"from" is more than ${MAX_SPAN_DAYS} days before ${to === undefined ? 'now' : '"to"'}; write a later time`,
    );
  }
  return { from, until, statuses: state === 'all' ? ['dead', 'held'] : [state] };
}
