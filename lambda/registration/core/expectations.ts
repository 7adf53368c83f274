import { expectedSubject } from '../../expectations/core/expect';
import { type FollowPorts, followSubscription, MAX_EXPECTATIONS } from '../../expectations/core/follow';
import { untilWon } from '../../expectations/core/ports';
import { subjectKey } from '../../expectations/core/tracked';
import type { Subscription, SubscriptionDefinition } from '../../subscriptions/core/subscription';
import { SubscriptionError } from './errors';
import type { RegistryPorts } from './ports';

/**
 * All expectations of a subject are in one item.
 * @throws SubscriptionError if it has no room.
 */
export async function checkExpectations(
  definition: SubscriptionDefinition,
  expectations: RegistryPorts['expectations'],
): Promise<void> {
  const subject = expectedSubject(definition);
  const others = subject && (await expectations.read(subjectKey(subject)))?.expecting;
  if (!others || others.filter(({ subscription }) => subscription !== definition.name).length < MAX_EXPECTATIONS)
    return;
  throw new SubscriptionError(
    `subscription "${definition.name}": ${MAX_EXPECTATIONS} subscriptions already expect this refresh, which is the limit: remove one, or start several flows from one flow`,
  );
}

/** Makes the expected subjects follow a change, after it was written. */
export async function followExpectations(
  next: Subscription | undefined,
  previous: Subscription | undefined,
  ports: FollowPorts,
): Promise<void> {
  const subjects = [next, previous].map((one) => one && expectedSubject(one.definition));
  const distinct = new Map(subjects.flatMap((one) => (one ? [[subjectKey(one), one] as const] : [])));
  const name = (next ?? previous)?.definition.name;
  for (const subject of distinct.values()) await followSubscription(subject, name as string, ports);
}

/**
 * Makes the schedule check a subject that a subscription no longer expects after its next write. Before that write: if the
 * worker dies after it, nothing else knows the subject.
 * @param next definition that is written. Undefined: the subscription is removed.
 * @param checkAt epoch milliseconds.
 */
export async function markSubject(
  previous: SubscriptionDefinition,
  next: SubscriptionDefinition | undefined,
  checkAt: number,
  expectations: RegistryPorts['expectations'],
): Promise<void> {
  const [key, nextKey] = [previous, next].map((one) => {
    const subject = one && expectedSubject(one);
    return subject && subjectKey(subject);
  });
  if (key === undefined || key === nextKey) return;
  await untilWon(key, async () => {
    const stored = await expectations.read(key);
    return !stored || (await expectations.write({ ...stored, checkAt }, stored)) || undefined;
  });
}
