import type { Attempt } from '../../lambda/delivery/core/delivery';

/** Remedy for a failed attempt, without a full stop. Undefined if a retry can succeed without one. */
export function responseHint({ status, error }: Pick<Attempt, 'status' | 'error'>): string | undefined {
  if (error !== undefined && /^AADSTS|^Entra|^Federation/.test(error)) return 'see docs/entra.md for this code';
  if (status === undefined) return error === undefined ? undefined : NOT_CALLED[error];
  if (status === 400 && error === 'WorkflowTriggerIsNotEnabled') return 'the flow is switched off: turn it on';
  if (status === 400) return "the flow rejects the body: paste the trigger's JSON Schema into its first step again";
  return HINTS[status];
}

const COPY = "copy the HTTP URL from the flow's first step and set it with set-url";
const HINTS: Readonly<Record<number, string>> = {
  401: `the signature or the token is invalid, or *Who can trigger the flow* was changed: ${COPY}`,
  403: `the flow does not accept this caller: check *Who can trigger the flow*, then ${COPY}`,
  404: `the flow was deleted, or its URL changed: ${COPY}`,
  410: `the flow was deleted, or its URL changed: ${COPY}`,
  413: 'the body is too large for the flow',
  429: 'the flow is throttled: set a rateLimit on the subscription, or give the flow a license with higher limits',
};
const NOT_CALLED: Readonly<Record<string, string>> = {
  FlowUrlSecretUnusable: 'the secret that holds the URL is missing, empty or not readable: fix the secret or its grant',
  FlowUrlNotDecryptable: `the stored URL cannot be decrypted: ${COPY}`,
  FlowUrlRefused: `the stored URL is not allowed: ${COPY}`,
  WrongCredential: 'the subscription has both a URL with a signature and auth, or neither: use exactly one of them',
  EADDRESSREFUSED: "the flow's host resolves to a private address, which the connector rejects",
};
