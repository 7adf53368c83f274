import { show } from '../../events/core/fields';
import { toDefinition } from '../../subscriptions/core/entry/definition';
import { checkEntry } from '../../subscriptions/core/subscription-entry';
import { SubscriptionError } from './errors';
import type { RegistryPorts } from './ports';
import { type DesiredSubscription, register, SubscriptionConflictError, unregister } from './register';

/** A CloudFormation request for a declared subscription. */
export interface DeclarationRequest {
  readonly type: string;
  /** Name of the stack. */
  readonly stack: string;
  /** Logical id of the resource. */
  readonly logicalId: string;
  /** Physical id from the previous request: the subscription's name. Absent for a new resource. */
  readonly physicalId?: string;
  /** The subscription as JSON, in the form of the subscription file. */
  readonly entry: unknown;
}

/** The result of a request. */
export interface DeclarationOutcome {
  /** The new physical id. If it differs from the previous one, CloudFormation deletes the previous resource. */
  readonly physicalId: string;
  /** Why the request failed, without flow URLs. Absent: it succeeded. */
  readonly reason?: string;
  /** An unexpected error, for the log. */
  readonly fault?: unknown;
}

/** The declaration is invalid. */
class DeclarationError extends Error {}

/**
 * Adds, changes or removes a declared subscription. Never throws. Requests are idempotent: removing a subscription that
 * does not exist or has another manager succeeds.
 */
export async function declare(request: DeclarationRequest, ports: RegistryPorts): Promise<DeclarationOutcome> {
  const { type, stack, logicalId, physicalId, entry } = request;
  const managedBy = `cdk:${stack}#${logicalId}`;
  // A failed creation also needs a physical id: CloudFormation deletes the resource by it.
  let current = physicalId ?? nameIn(entry) ?? logicalId;
  try {
    if (type === 'Delete') {
      await unregister(current, managedBy, ports);
    } else if (type === 'Create' || type === 'Update') {
      const wanted = wantedBy(entry);
      const { name } = wanted.definition;
      if (name === current) await register(wanted, managedBy, ports);
      else await rename(wanted, managedBy, ports);
      current = name;
    } else {
      throw new DeclarationError(`the request type is ${show(type)}: CloudFormation sends Create, Update or Delete`);
    }
    return { physicalId: current };
  } catch (error) {
    return { physicalId: current, ...failure(error) };
  }
}

/**
 * Adds the subscription under its new name; CloudFormation then deletes the one with the old name. If adding fails, the
 * new name must not stay: CloudFormation keeps the old one and does not know the new one. It stays if the request times out
 * before. The next deployment that declares the name takes it over.
 */
async function rename(wanted: DesiredSubscription, managedBy: string, ports: RegistryPorts): Promise<void> {
  const { name } = wanted.definition;
  const existing = await ports.subscriptions.read(name);
  const made = new Set<string>();
  const newId = () => {
    const id = ports.newId();
    made.add(id);
    return id;
  };
  for (let isFirst = true; ; isFirst = false) {
    try {
      await register(wanted, managedBy, { ...ports, newId });
      return;
    } catch (error) {
      // Lambda can invoke the function twice for one request. If the other invocation has added the subscription, the second
      // attempt completes it, instead of removing it.
      if (isFirst) continue;
      // When CloudFormation rolls back a rename, the subscription already exists: it is the old one.
      const added = await ports.subscriptions.read(name).catch(() => undefined);
      const isMine = existing ? existing.managedBy !== managedBy : made.has(added?.uid ?? '');
      if (isMine) await unregister(name, managedBy, ports).catch(() => false);
      throw error;
    }
  }
}

function wantedBy(text: unknown): DesiredSubscription {
  const value = parsed(text);
  if (value === undefined) {
    throw new DeclarationError(
      'the resource has no Entry that is a JSON object: declare it with the construct FlowSubscription',
    );
  }
  if ('flowUrl' in value) {
    throw new DeclarationError(
      'the resource has a flow URL in plain text, but a flow URL is a secret and templates are readable: ' +
        'store it in Secrets Manager and reference the secret (FlowUrl.fromSecret)',
    );
  }
  const checked = checkEntry(value);
  if ('mistakes' in checked) throw new DeclarationError(checked.mistakes.map(({ message }) => message).join('; '));
  const { entry } = checked;
  return { definition: toDefinition(entry), flowUrlFrom: entry.flowUrlFrom };
}

function parsed(text: unknown): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(String(text));
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

function nameIn(text: unknown): string | undefined {
  const name = parsed(text)?.name;
  // A physical id has up to 1 KB (user guide, "Custom resource response objects").
  return typeof name === 'string' && /^[\w-]{1,64}$/.test(name) ? name : undefined;
}

/** The message of an expected error. For other errors, their name and message. */
function failure(error: unknown): Pick<DeclarationOutcome, 'reason' | 'fault'> {
  if (
    error instanceof DeclarationError ||
    error instanceof SubscriptionConflictError ||
    error instanceof SubscriptionError
  ) {
    return { reason: error.message };
  }
  const { name, message } = error instanceof Error ? error : { name: 'Error', message: String(error) };
  return { reason: `${name}: ${message}; deploy again; the log of the function register has details`, fault: error };
}
