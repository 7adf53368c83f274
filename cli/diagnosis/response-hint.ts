import type { Attempt } from '../../lambda/delivery/core/delivery';

/** What to do where a flow did not take a delivery, a sentence without its full stop; undefined where waiting is all. */
export function responseHint({ status, error }: Pick<Attempt, 'status' | 'error'>): string | undefined {
  if (error !== undefined && /^AADSTS|^Entra|^Federation/.test(error)) return 'see docs/entra.md for this code';
  if (status === undefined) return error === undefined ? undefined : NOT_CALLED[error];
  if (status === 400 && error === 'WorkflowTriggerIsNotEnabled') return 'the flow is switched off: turn it on';
  if (status === 400) return "the flow refuses the body: paste the trigger's JSON Schema into its first step again";
  return HINTS[status];
}

const COPY = "copy the HTTP URL from the flow's first step and give it by set-url";
const HINTS: Readonly<Record<number, string>> = {
  401: `the signature or the token is wrong, or *Who can trigger the flow* was changed: ${COPY}`,
  403: `the flow lets nobody in who calls it like this: look at *Who can trigger the flow*, then ${COPY}`,
  404: `the flow was deleted, or its URL is another: ${COPY}`,
  410: `the flow was deleted, or its URL is another: ${COPY}`,
  413: 'the body is too large for the flow',
  429: 'the flow is throttled: give the subscription a rateLimit, or the flow a better licence',
};
const NOT_CALLED: Readonly<Record<string, string>> = {
  FlowUrlSecretUnusable: 'the secret that holds the URL is missing, empty or not to be read: mend it, or its grant',
  FlowUrlNotDecryptable: `the stored URL cannot be decrypted: ${COPY}`,
  FlowUrlRefused: `the stored URL is none that may be called: ${COPY}`,
  WrongCredential: 'the URL has a signature and the subscription has auth, or neither: keep one of them',
  EADDRESSREFUSED: "the flow's host leads to a private address, which is not called",
};
