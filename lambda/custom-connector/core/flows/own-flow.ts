import type { SubscriptionReader } from '../../../subscriptions/core/ports';
import type { Subscription } from '../../../subscriptions/core/subscription';
import { type ApiRequest, type ApiResponse, type Caller, problem } from '../http';

/** Names that a subscription can have. Other items of the table have names with `#`. */
const NAME = /^[\w-]{1,64}$/;

/** The registration of one of the caller's flows. */
export type OwnFlow = Subscription & Required<Pick<Subscription, 'registration'>>;

export const isOwn = (subscription: Subscription | undefined, caller: Caller): subscription is OwnFlow =>
  subscription?.registration?.by === caller.id;

/** The flow that a request names, if the caller registered it. */
export async function ownFlow(
  { parameters: { flow = '' } }: ApiRequest,
  caller: Caller,
  subscriptions: SubscriptionReader,
): Promise<OwnFlow | undefined> {
  const subscription = NAME.test(flow) ? await subscriptions.read(flow) : undefined;
  return isOwn(subscription, caller) ? subscription : undefined;
}

/** One text for the flows of others and for flows that do not exist, so that it does not reveal which exist. */
export const noSuchFlow = (): ApiResponse =>
  problem('not-found', 'Flow: this connection has registered no flow of this name; choose one from the list.');

/** The response to a request that would send something to a flow that receives nothing now. Undefined for other flows. */
export function notActive({ health }: OwnFlow): ApiResponse | undefined {
  if (health?.endsAt !== undefined) {
    const message = 'the flow was switched off, deleted or changed in Power Automate; switch it on or save it';
    return problem('not-active', `Flow: ${message}, then try again.`);
  }
  if (health?.state !== 'paused') return undefined;
  const reason = health.reason === undefined ? '' : ` (${health.reason})`;
  return problem(
    'not-active',
    `Flow: the flow is paused${reason}; fix it and save it, or ask the operator to resume it, then try again.`,
  );
}
