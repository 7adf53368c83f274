import type { FlowUrlSource, Subscription } from '../../subscriptions/core/subscription';
import { renderBody } from './bodies/body';
import type { Attempt, DeliveryMessage } from './delivery';
import { deliveryId } from './delivery-id';
import type { DeliverPorts } from './ports';
import { classify, type FlowResponse } from './response';

/** Time limit for a flow's response (Standard Webhooks recommends 15 to 30 s). */
export const FLOW_TIMEOUT_MS = 15_000;

/** Time reserved at the end of an invocation to record the outcome of a POST. */
const RECORDING_MS = 5_000;

/** Calls the flow once with the delivery's body. */
export async function attempt(
  { event, acceptedAt, isTest = false }: DeliveryMessage,
  { definition }: Subscription,
  { source, outcomeUrl }: { readonly source: FlowUrlSource; readonly outcomeUrl?: string },
  deadline: number,
  { open, post, clock }: DeliverPorts,
): Promise<{ response: FlowResponse; record: Attempt }> {
  const openedAt = clock();
  const opened = await open(definition.name, source);
  const at = clock();
  if ('refusal' in opened) {
    const { refusal: response } = opened;
    return { response, record: { at: openedAt, durationMs: at - openedAt, error: response.error } };
  }
  const id = deliveryId(definition.name, event.eventId);
  const delayedMinutes = Math.max(0, Math.floor((at - acceptedAt) / 60_000));
  const response = await post(opened.url, {
    headers: {
      'content-type': 'application/json; charset=utf-8',
      'webhook-id': id,
      'webhook-timestamp': String(Math.floor(at / 1000)),
      'x-ms-client-tracking-id': id,
    },
    body: renderBody({ event, subscription: definition, deliveryId: id, isTest, delayedMinutes, outcomeUrl }),
    auth: definition.auth,
    timeoutMs: Math.max(1, Math.min(FLOW_TIMEOUT_MS, deadline - RECORDING_MS - at)),
  });
  if (classify(response) === 'pause') opened.invalidate?.();
  const { status, error, runId } = response;
  return { response, record: { at, durationMs: clock() - at, status, error, runId } };
}
