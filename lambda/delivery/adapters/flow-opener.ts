import { undecryptableReason } from '../../subscriptions/adapters/flow-url-seal';
import { checkFlowUrl, type FlowUrlOptions } from '../../subscriptions/core/flow-url';
import { secretName, UnusableSecretError } from '../../subscriptions/core/secret-reference';
import type { FlowUrlSource, SealedFlowUrl } from '../../subscriptions/core/subscription';
import type { OpenedFlow } from '../core/ports';
import { type FlowResponse, NotCalled } from '../core/response';
import type { CachedSecrets } from './secret-reader';

export interface OpenerParts {
  readonly unseal: (subscription: string, flow: SealedFlowUrl) => Promise<string>;
  readonly secrets: CachedSecrets;
  /** Which URLs are allowed. */
  readonly accepted: FlowUrlOptions;
}

/**
 * Time limits for the clients of the services that store flow URLs: a service that hangs must leave a worker the time
 * to call the flow or to record the failure. Twice 5 of the function's 60 seconds. The SDK has no default limit.
 */
export const OPENING_LIMITS = {
  maxAttempts: 2,
  requestHandler: { connectionTimeout: 2_000, requestTimeout: 5_000, throwOnRequestTimeout: true },
};

/** Returns flow URLs in plain text, or why one is unavailable and how to fix it. Messages show only the host. */
export function flowOpener({
  unseal,
  secrets,
  accepted,
}: OpenerParts): (subscription: string, flow: FlowUrlSource) => Promise<OpenedFlow> {
  return async (subscription, flow) => {
    const from = 'from' in flow ? flow.from : undefined;
    const invalidate = from && (() => secrets.invalidate(from));
    try {
      const text = 'from' in flow ? await secrets.read(flow.from) : await unseal(subscription, flow);
      // Checked again at use: write access to the table or the secret must not be enough to call another host.
      const checked = checkFlowUrl(text, accepted);
      if ('url' in checked) return { url: checked.url, invalidate };
      invalidate?.();
      const place = from ? `the URL in ${secretName(from)}` : 'the stored flow URL';
      return { refusal: { error: NotCalled.URL_REFUSED, problem: `${place} is refused: ${checked.reason}` } };
    } catch (error) {
      return { refusal: refusalOf(error) };
    }
  };
}

function refusalOf(error: unknown): FlowResponse {
  if (error instanceof UnusableSecretError) return { error: NotCalled.SECRET_UNUSABLE, problem: error.message };
  const undecryptable = undecryptableReason(error);
  if (undecryptable !== undefined) return { error: NotCalled.NOT_DECRYPTABLE, problem: undecryptable };
  const name = error instanceof Error ? ((error as NodeJS.ErrnoException).code ?? error.name) : 'unknown';
  return { error: NotCalled.URL_UNAVAILABLE, problem: `the flow URL could not be read (${name})` };
}
