/** What a flow's URL answered, or why there was no answer. */
export interface FlowResponse {
  /** HTTP status; left out when there was no answer. */
  readonly status?: number;
  /**
   * The answer's error code, such as `TriggerInputSchemaMismatch`, the network error's, such as `ECONNRESET` or `timeout`,
   * or one of
   * `NotCalled`.
   */
  readonly error?: string;
  /** Why the flow was not called, and what to do: goes on after "because". Holds nothing of a secret. */
  readonly problem?: string;
  /** `Retry-After` as it was sent. */
  readonly retryAfter?: string;
  /** The flow run that took the request. */
  readonly runId?: string;
}

/**
 * `delivered`: accepted (not proof that the run succeeds). `retry`: may succeed later. `pause`: fails for every delivery
 * until somebody mends the flow or its URL. `dead`: fails for this body whenever it is sent.
 */
export type ResponseClass = 'delivered' | 'retry' | 'pause' | 'dead';

/** Error codes of what keeps a flow from being called at all; besides these, Entra ID's own, such as `AADSTS7000215`. */
export const NotCalled = {
  /** The secret that the URL is kept in is missing, empty, of another form or not to be read. */
  SECRET_UNUSABLE: 'FlowUrlSecretUnusable',
  /** The stored URL cannot be decrypted, and will not be by itself. */
  NOT_DECRYPTABLE: 'FlowUrlNotDecryptable',
  /** The URL is none that may be called. */
  URL_REFUSED: 'FlowUrlRefused',
  /** The URL could not be read this time: a service was throttled, down or slow. */
  URL_UNAVAILABLE: 'FlowUrlUnavailable',
  /** The URL's signature and `auth` do not go together. */
  WRONG_CREDENTIAL: 'WrongCredential',
  /** The client secret is not where it should be, or cannot be read. */
  ENTRA_SECRET_UNUSABLE: 'EntraSecretUnusable',
  /** Reading the client secret failed this time. */
  ENTRA_SECRET_UNREAD: 'EntraSecretUnread',
  /** The AWS account does not vouch for its roles. */
  FEDERATION_DISABLED: 'FederationDisabled',
  /** The function's role may not ask for it. */
  FEDERATION_DENIED: 'FederationDenied',
  /** AWS STS failed this time. */
  FEDERATION_FAILED: 'FederationFailed',
  /** Entra ID refused, without a code of its own. */
  ENTRA_REFUSED: 'EntraRefused',
  /** Something else answered in the place of Entra ID. */
  ENTRA_UNEXPECTED_ANSWER: 'EntraUnexpectedAnswer',
  /** Entra ID answered that it cannot now. */
  ENTRA_UNAVAILABLE: 'EntraUnavailable',
  /** No answer of Entra ID. */
  ENTRA_UNREACHABLE: 'EntraUnreachable',
} as const;

/** Those that last until somebody mends something. */
const TO_BE_MENDED: readonly string[] = [
  NotCalled.SECRET_UNUSABLE,
  NotCalled.NOT_DECRYPTABLE,
  NotCalled.URL_REFUSED,
  NotCalled.WRONG_CREDENTIAL,
  NotCalled.ENTRA_SECRET_UNUSABLE,
  NotCalled.FEDERATION_DISABLED,
  NotCalled.FEDERATION_DENIED,
  NotCalled.ENTRA_REFUSED,
  NotCalled.ENTRA_UNEXPECTED_ANSWER,
];
const needsSomebody = (code: string): boolean => TO_BE_MENDED.includes(code) || /^AADSTS\d+$/.test(code);

/** The error of an answer whose status came and whose body did not, or not whole. No code of a flow has a blank. */
export const INCOMPLETE_ANSWER = 'incomplete answer';

/** Codes that say that the flow is switched off or deleted, though the status says that the body is bad. */
const OFF_CODES = ['WorkflowTriggerIsNotEnabled'];

/**
 * Classes of a Power Automate HTTP trigger's answers, and of what kept it from being called. Without an answer there is
 * another try, unless it is known to need somebody; also when the host led off the public internet and was
 * not called (`EADDRESSREFUSED`). That says nothing about the flow, and the DNS may be mended in time; until then the code
 * stands in every attempt, and a delivery that ends dead is kept.
 */
export function classify({ status, error }: FlowResponse): ResponseClass {
  if (status === undefined) return error !== undefined && needsSomebody(error) ? 'pause' : 'retry';
  if (status >= 200 && status < 300) return 'delivered';
  if (error !== undefined && OFF_CODES.includes(error)) return 'pause';
  // Its code was lost, which may have said that the flow is off. A body that is refused will be refused again.
  if (status === 400 && error === INCOMPLETE_ANSWER) return 'retry';
  if (status === 400 || status === 413) return 'dead';
  if ([401, 403, 404, 410].includes(status)) return 'pause';
  return 'retry';
}
