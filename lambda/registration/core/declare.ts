import { toDefinition } from '../../subscriptions/core/entry/definition';
import { checkEntry } from '../../subscriptions/core/subscription-entry';
import {
  type RegistryPorts,
  register,
  SubscriptionConflictError,
  SubscriptionError,
  unregister,
  type WantedSubscription,
} from './register';

/** A request for a subscription that a stack declares. */
export interface DeclarationRequest {
  readonly type: string;
  /** Name of the stack. */
  readonly stack: string;
  /** The resource in the stack's template. */
  readonly logicalId: string;
  /** What the resource was called after the request before: a subscription's name. Left out for one that is made. */
  readonly physicalId?: string;
  /** The subscription as an entry of the subscription file, as JSON. */
  readonly entry: unknown;
}

/** What a request came to. */
export interface DeclarationOutcome {
  /** What the resource is called from now on; another name makes CloudFormation delete the old one. */
  readonly physicalId: string;
  /** Why it could not be done, in sentences that hold no flow URL. Left out: it was. */
  readonly reason?: string;
  /** A fault that nobody foresaw, for the log. */
  readonly fault?: unknown;
}

/** The declaration says something that cannot be. */
class DeclarationError extends Error {}

/**
 * Makes, changes or removes the subscription that a resource of a stack declares. Never throws. The same request may come
 * twice, and the removal of one that was never made, or that somebody else manages, is done by doing nothing.
 */
export async function declare(request: DeclarationRequest, ports: RegistryPorts): Promise<DeclarationOutcome> {
  const { type, stack, logicalId, physicalId, entry } = request;
  const managedBy = `cdk:${stack}#${logicalId}`;
  // A resource whose making failed has a name as well, by which CloudFormation deletes it.
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
      throw new DeclarationError(
        `the request type is ${JSON.stringify(type)}: CloudFormation sends Create, Update or Delete`,
      );
    }
    return { physicalId: current };
  } catch (error) {
    return { physicalId: current, ...failure(error) };
  }
}

/**
 * Makes the subscription under its new name; CloudFormation deletes the one of the old name. When that fails, nothing of the
 * new name may stay: CloudFormation goes on with the old one, and never learns of this one.
 */
async function rename(wanted: WantedSubscription, managedBy: string, ports: RegistryPorts): Promise<void> {
  const { name } = wanted.definition;
  const existing = await ports.subscriptions.read(name);
  try {
    await register(wanted, managedBy, ports);
  } catch (error) {
    // It was there and its own when a rename is taken back: then it is the old one.
    if (existing?.managedBy !== managedBy) await unregister(name, managedBy, ports).catch(() => false);
    throw error;
  }
}

function wantedBy(text: unknown): WantedSubscription {
  const value = parsed(text);
  if (value === undefined) {
    throw new DeclarationError(
      'the resource has no Entry that is a JSON object: declare it by the construct FlowSubscription',
    );
  }
  if ('flowUrl' in value) {
    throw new DeclarationError(
      'the resource has a flow URL in clear, which is a secret that a template shows to everybody: ' +
        'keep it in Secrets Manager, and name the secret (FlowUrl.fromSecret)',
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
  // CloudFormation takes up to 1 KB (custom resource response objects); a name that is no name is only told.
  return typeof name === 'string' && /^[\w-]{1,64}$/.test(name) ? name : undefined;
}

/** Mistakes are told in their own words; what else failed, by the name that a service gave it. */
function failure(error: unknown): Pick<DeclarationOutcome, 'reason' | 'fault'> {
  if (
    error instanceof DeclarationError ||
    error instanceof SubscriptionConflictError ||
    error instanceof SubscriptionError
  ) {
    return { reason: error.message };
  }
  const { name, message } = error instanceof Error ? error : { name: 'Error', message: String(error) };
  return { reason: `${name}: ${message}; deploy again, the log of the function register has more`, fault: error };
}
