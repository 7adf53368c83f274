import type { Attempt } from '../../lambda/delivery/core/delivery';
import type { Subscription } from '../../lambda/subscriptions/core/subscription';

/**
 * Remedy for a failed attempt, without a full stop. Undefined if a retry can succeed without one.
 * @param subscription whose flow was called. A flow that registered itself also registers its new URL.
 */
export function responseHint(
  { status, error }: Pick<Attempt, 'status' | 'error'>,
  { registration }: Pick<Subscription, 'registration'> = {},
): string | undefined {
  if (error !== undefined && /^AADSTS|^Entra|^Federation/.test(error)) return 'see docs/entra.md for this code';
  const renewal = registration ? SAVE : COPY;
  if (status === undefined) return error === undefined ? undefined : NOT_CALLED[error]?.(renewal);
  if (status === 400 && error === 'WorkflowTriggerIsNotEnabled') return 'the flow is switched off: turn it on';
  if (status === 400) return "the flow rejects the body: paste the trigger's JSON Schema into its first step again";
  return HINTS[status]?.(renewal);
}

const COPY = "copy the HTTP URL from the flow's first step and set it with set-url";
const SAVE = 'save the flow in Power Automate, so that it registers again';

/** Hints by status or error, from the way to renew the URL. */
type Hints<K extends number | string> = Readonly<Record<K, (renewal: string) => string>>;

const GONE = (renewal: string) => `the flow was deleted, or its URL changed: ${renewal}`;
const HINTS: Hints<number> = {
  401: (renewal) => `the signature or the token is invalid, or *Who can trigger the flow* was changed: ${renewal}`,
  403: (renewal) => `the flow does not accept this caller: check *Who can trigger the flow*, then ${renewal}`,
  404: GONE,
  410: GONE,
  413: () => 'the body is too large for the flow',
  429: () =>
    'the flow is throttled: set a rateLimit on the subscription, or give the flow a license with higher limits',
};
const NOT_CALLED: Hints<string> = {
  FlowUrlSecretUnusable: () =>
    'the secret that holds the URL is missing, empty or not readable: fix the secret or its grant',
  FlowUrlNotDecryptable: (renewal) => `the stored URL cannot be decrypted: ${renewal}`,
  FlowUrlRefused: (renewal) => `the stored URL is not allowed: ${renewal}`,
  WrongCredential: () =>
    'the subscription has both a URL with a signature and auth, or neither: use exactly one of them',
  EADDRESSREFUSED: () => "the flow's host resolves to a private address, which the connector rejects",
};
