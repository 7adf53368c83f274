import { createHash, timingSafeEqual } from 'node:crypto';
import { ending } from '../../delivery/core/health/health-transitions';
import { HealthWriter } from '../../delivery/core/health/health-writer';
import { subjectKeyOf } from '../../expectations/core/tracked';
import type { Telemetry } from '../../shared/core/ports';
import type { DueSubscriptions, HealthStore } from '../../subscriptions/core/ports';
import type { Subscription, SubscriptionDefinition } from '../../subscriptions/core/subscription';
import type { Callback } from './callback';
import type { RegistryPorts } from './ports';
import { register, removeAsRead, SubscriptionConflictError } from './register';
import { SubscriptionError } from './subscription-error';

/**
 * Manager of the subscriptions that flows register themselves, through triggers of a custom connector (protocol R).
 *
 * Power Automate sends POST when a flow is saved or switched on, and DELETE when it is switched off, deleted or edited. It
 * can send the two in either order, repeat them, send them late, or lose the response.
 *
 * ```
 * POST 1 ── id 1 ──────────────┐ save: POST 2 ── id 2 ──────────────────────────▶ active
 *                              └─ DELETE id 1: another id is current, ignored
 *
 * POST 1 ── id 1 ── DELETE id 1 ── deliveries are held until endsAt ── POST 2 ── id 2 ── held deliveries are sent
 *                                                                  └─ no POST: the subscription is removed
 * ```
 *
 * Each POST creates a new id, even if nothing else changes, so that a late DELETE never ends a newer registration.
 */
const CONNECTOR_MANAGER = 'connector';

/** Log messages of registrations. Each comment lists the message's details. */
export const RegistrationMessage = {
  /** `subscription`, `by`, `host`, `fingerprint` */
  REGISTERED: 'a flow registered itself',
  /** `subscription`, `by` */
  UNREGISTERED: 'a flow unregistered itself',
  /** `subscription`, `by` */
  ENDED: 'the subscription of an unregistered flow was removed',
  /** `subscription`, `by` */
  RETIRED: 'the subscription of a flow that refused every delivery was removed',
} as const;

/** The set of flows that each caller registered. A name can be in the set although its subscription was never written. */
export interface RegisteredFlows {
  /** Adds a name to the caller's set. Returns false if the set already has `limit` other names. */
  add(caller: string, name: string, limit: number): Promise<boolean>;
  remove(caller: string, names: readonly string[]): Promise<void>;
  names(caller: string): Promise<string[]>;
}

export interface FlowRegistrationPorts extends RegistryPorts {
  readonly subscriptions: RegistryPorts['subscriptions'] & HealthStore;
  readonly flows: RegisteredFlows;
  readonly telemetry: Telemetry;
  /** 128 random bits, hex. */
  readonly newRegistrationId: () => string;
}

export interface FlowRegistration {
  readonly callback: Callback;
  /** Its name is `callback.subscription`. */
  readonly definition: SubscriptionDefinition;
  /** `entra:<object id>` or `key:<name>`. */
  readonly caller: string;
  /** Flows that one caller may register. */
  readonly limit: number;
}

export type FlowRegistrationOutcome =
  | { readonly location: string }
  | {
      readonly code: 'invalid' | 'too-many-flows' | 'managed-elsewhere' | 'changed-meanwhile';
      readonly message: string;
    };

/** Registers a flow, or replaces the registration that was read (R1). */
export async function registerFlow(
  { callback, definition, caller, limit }: FlowRegistration,
  ports: FlowRegistrationPorts,
): Promise<FlowRegistrationOutcome> {
  const { name } = definition;
  if (!(await hasRoom(caller, name, limit, ports))) {
    const message = `you have registered ${limit} flows, which is the limit: switch off or delete flows that you no longer need`;
    return { code: 'too-many-flows', message };
  }
  const id = ports.newRegistrationId();
  const registration = { idHash: hashOf(id), by: caller, at: ports.clock() };
  try {
    await register({ definition, flowUrl: callback.url, registration }, CONNECTOR_MANAGER, ports);
  } catch (error) {
    // No retry here: it could write an old version. Power Automate repeats the request for the version that it wants.
    if (error instanceof SubscriptionConflictError) {
      return {
        code: error.conflict === 'managed elsewhere' ? 'managed-elsewhere' : 'changed-meanwhile',
        message: error.message,
      };
    }
    if (error instanceof SubscriptionError) return { code: 'invalid', message: error.message };
    throw error;
  }
  const { host } = callback;
  ports.telemetry.info(RegistrationMessage.REGISTERED, {
    subscription: name,
    by: caller,
    host,
    fingerprint: ports.fingerprint(callback.url).slice(0, 8),
  });
  return { location: `${name}.${id}` };
}

/** Adds the flow to the caller's set. If the set is full, first removes the names of flows that no longer exist. */
async function hasRoom(caller: string, name: string, limit: number, ports: FlowRegistrationPorts): Promise<boolean> {
  const { flows, subscriptions } = ports;
  if (await flows.add(caller, name, limit)) return true;
  const names = await flows.names(caller);
  const isGone = async (one: string) => (await subscriptions.read(one))?.registration?.by !== caller;
  const gone = (await Promise.all(names.map(async (one) => ((await isGone(one)) ? [one] : [])))).flat();
  if (gone.length === 0) return false;
  await flows.remove(caller, gone);
  return flows.add(caller, name, limit);
}

/**
 * Ends a registration after `grace` (R2). An unknown or outdated id has no effect and returns the same: the id alone
 * authorizes the request.
 * @param location the location that `registerFlow` returned.
 * @param grace milliseconds.
 */
export async function unregisterFlow(
  location: string,
  grace: number,
  { subscriptions, clock, telemetry }: Pick<FlowRegistrationPorts, 'subscriptions' | 'clock' | 'telemetry'>,
): Promise<void> {
  const [, name, id] = /^([\w-]{1,64})\.([0-9a-f]{32})$/.exec(location) ?? [];
  if (name === undefined || id === undefined) return;
  const read = await subscriptions.read(name);
  if (!read) return;
  const after = await new HealthWriter(subscriptions).update(read, (current) =>
    isCurrent(current, id) ? ending(current.health, clock() + grace) : undefined,
  );
  if (after?.changed)
    telemetry.info(RegistrationMessage.UNREGISTERED, { subscription: name, by: after.current.registration?.by });
}

/**
 * Removes the subscriptions whose registration ended (R3), and those whose flow refused every delivery and probe until
 * `retireAt` (R4).
 * @throws AggregateError if some removals failed. The others are complete, and the next run retries the failed ones.
 */
export async function removeEndedFlows(
  ports: Pick<
    FlowRegistrationPorts,
    'subscriptions' | 'thresholds' | 'expectations' | 'flows' | 'telemetry' | 'clock' | 'newId'
  > & {
    readonly due: DueSubscriptions;
  },
): Promise<void> {
  const { due, clock, subscriptions, flows, telemetry } = ports;
  const now = clock();
  const failures: unknown[] = [];
  for (const name of await due.dueSubscriptions(now)) {
    try {
      if (subjectKeyOf(name) !== undefined) continue;
      const read = await subscriptions.read(name);
      const { endsAt = Infinity, retireAt = Infinity } = read?.health ?? {};
      if (!read?.registration || Math.min(endsAt, retireAt) > now) continue;
      if (!(await removeAsRead(read, ports))) continue;
      await flows.remove(read.registration.by, [name]);
      telemetry.info(endsAt <= now ? RegistrationMessage.ENDED : RegistrationMessage.RETIRED, {
        subscription: name,
        by: read.registration.by,
      });
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0)
    throw new AggregateError(failures, `${failures.length} removals of ended registrations failed`);
}

const hashOf = (id: string): string => createHash('sha256').update(id).digest('hex');

const isCurrent = ({ registration }: Subscription, id: string): boolean =>
  registration !== undefined &&
  timingSafeEqual(Buffer.from(registration.idHash, 'hex'), Buffer.from(hashOf(id), 'hex'));
