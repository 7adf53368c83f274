import { Output } from '../../contract/outputs';
import { registeredFlowsTable } from '../../lambda/registration/adapters/registered-flows-table';
import { unregister } from '../../lambda/registration/core/register';
import { counted } from '../../lambda/shared/core/text';
import type { Registration, Subscription } from '../../lambda/subscriptions/core/subscription';
import type { Connector } from '../connector/connector';
import { CommandError } from '../shell/exit';
import { inSlices } from '../shell/slices';
import { timeText } from '../shell/time';
import { listSubscriptions } from '../subscriptions/find-subscription';
import { setOf } from '../subscriptions/manager';
import { subscriptionJson } from '../subscriptions/subscription-text';

/** A flow that registered itself. */
export interface RegisteredFlow {
  readonly subscription: Subscription & { readonly registration: Registration };
  /** Number of held deliveries. */
  readonly held: number;
}

/** Maximum number of concurrent reads. */
const READS = 25;

/** All flows that registered themselves, sorted by name. */
export async function listRegisteredFlows(connector: Connector): Promise<RegisteredFlow[]> {
  const flows: RegisteredFlow[] = [];
  await inSlices(
    (await listSubscriptions(connector)).filter(isRegistered),
    READS,
    ({ definition }) => connector.deliveries.held(definition.name),
    (subscription, held) => flows.push({ subscription, held: held.length }),
  );
  return flows;
}

const isRegistered = (one: Subscription): one is RegisteredFlow['subscription'] => one.registration !== undefined;

/** What is pending for a flow: held deliveries, the next probe and its removal. Empty if nothing is pending. */
export function pendingText({ subscription, held }: RegisteredFlow, now: number): string {
  const { nextProbe, endsAt, retireAt } = subscription.health ?? {};
  const parts = [
    held > 0 && counted(held, 'held delivery', 'held deliveries'),
    nextProbe && `next probe at ${timeText(nextProbe, now)}`,
    endsAt && `ends at ${timeText(endsAt, now)}`,
    retireAt && `retires at ${timeText(retireAt, now)}`,
  ];
  return parts.filter(Boolean).join('; ');
}

/** A registered flow as JSON, with the host and the fingerprint of its flow URL only. */
export const registeredFlowJson = ({ subscription, held }: RegisteredFlow): object => ({
  ...subscriptionJson(subscription),
  held,
});

/**
 * Removes the subscription of a flow that registered itself, and its name from the set of its caller.
 * @throws CommandError if another manager owns the subscription, or if it was removed meanwhile.
 */
export async function endRegistration(subscription: Subscription, connector: Connector): Promise<void> {
  const { definition, managedBy, registration } = subscription;
  const { name } = definition;
  if (!registration) {
    throw new CommandError(
      `${name} did not register itself, it is managed by ${managedBy}: ${removalOf(name, managedBy)}`,
    );
  }
  if (!(await unregister(name, managedBy, connector.registry))) {
    throw new CommandError(`${name} was removed meanwhile: nothing to end`);
  }
  const table = connector.output(Output.SUBSCRIPTIONS_TABLE_NAME);
  await registeredFlowsTable(connector.clients.dynamodb, table).remove(registration.by, [name]);
}

/** How to remove a subscription that its flow did not register. */
function removalOf(name: string, managedBy: string): string {
  if (managedBy.startsWith('cdk:')) return 'remove it from the CDK app';
  const set = setOf(managedBy);
  return `run remove ${name}${set === undefined ? '' : ` --set ${set}`}`;
}
