/** A flow's response, or why there was none. */
export interface FlowResponse {
  /** HTTP status. Undefined without a response. */
  readonly status?: number;
  /**
   * Error code: the flow's, such as `TriggerInputSchemaMismatch`; the network's, such as `ECONNRESET` or `timeout`; or
   * one of `NotCalled`.
   */
  readonly error?: string;
  /** Why the flow was not called and how to fix it. Continues a sentence after "because". Contains no secret. */
  readonly problem?: string;
  /** `Retry-After` as sent. */
  readonly retryAfter?: string;
  /** The flow run that the request started. */
  readonly runId?: string;
}

/**
 * `delivered`: accepted, which does not mean that the run succeeds. `retry`: can succeed later. `pause`: every delivery
 * fails until the flow or its URL is fixed. `dead`: this body always fails.
 */
export type ResponseClass = 'delivered' | 'retry' | 'pause' | 'dead';

/** Error codes for a flow that was not called (docs/delivery.md, docs/entra.md). Entra ID's own codes start with AADSTS. */
export const NotCalled = {
  SECRET_UNUSABLE: 'FlowUrlSecretUnusable',
  NOT_DECRYPTABLE: 'FlowUrlNotDecryptable',
  URL_REFUSED: 'FlowUrlRefused',
  URL_UNAVAILABLE: 'FlowUrlUnavailable',
  WRONG_CREDENTIAL: 'WrongCredential',
  ENTRA_SECRET_UNUSABLE: 'EntraSecretUnusable',
  ENTRA_SECRET_UNREAD: 'EntraSecretUnread',
  FEDERATION_DISABLED: 'FederationDisabled',
  FEDERATION_DENIED: 'FederationDenied',
  FEDERATION_FAILED: 'FederationFailed',
  ENTRA_REFUSED: 'EntraRefused',
  ENTRA_UNEXPECTED_RESPONSE: 'EntraUnexpectedAnswer',
  ENTRA_UNAVAILABLE: 'EntraUnavailable',
  ENTRA_UNREACHABLE: 'EntraUnreachable',
} as const;

/** Errors that persist until they are fixed. */
const PERMANENT_ERRORS: readonly string[] = [
  NotCalled.SECRET_UNUSABLE,
  NotCalled.NOT_DECRYPTABLE,
  NotCalled.URL_REFUSED,
  NotCalled.WRONG_CREDENTIAL,
  NotCalled.ENTRA_SECRET_UNUSABLE,
  NotCalled.FEDERATION_DISABLED,
  NotCalled.FEDERATION_DENIED,
  NotCalled.ENTRA_REFUSED,
  NotCalled.ENTRA_UNEXPECTED_RESPONSE,
];
const isPermanent = (code: string): boolean => PERMANENT_ERRORS.includes(code) || /^AADSTS\d+$/.test(code);

/** Error of a response whose body is missing or incomplete. The space keeps it distinct from the codes of flows. */
export const INCOMPLETE_RESPONSE = 'incomplete answer';

/** Codes of a flow that is switched off or deleted, sent with the status of a bad body. */
const OFF_CODES = ['WorkflowTriggerIsNotEnabled'];

/**
 * Classifies the response of a Power Automate HTTP trigger, or the error that prevented the call. Without a response
 * the delivery is retried, unless the error must be fixed first. A refused address (`EADDRESSREFUSED`) is also retried:
 * it says nothing about the flow, the DNS can be fixed in time, and every attempt records the code.
 */
export function classify({ status, error }: FlowResponse): ResponseClass {
  if (status === undefined) return error !== undefined && isPermanent(error) ? 'pause' : 'retry';
  if (status >= 200 && status < 300) return 'delivered';
  if (error !== undefined && OFF_CODES.includes(error)) return 'pause';
  // The lost code could say that the flow is switched off. A rejected body is rejected again by the retry.
  if (status === 400 && error === INCOMPLETE_RESPONSE) return 'retry';
  if (status === 400 || status === 413) return 'dead';
  if ([401, 403, 404, 410].includes(status)) return 'pause';
  return 'retry';
}
