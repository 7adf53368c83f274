/** What a flow's URL answered, or why there was no answer. */
export interface FlowAnswer {
  /** HTTP status; left out when there was no answer. */
  readonly status?: number;
  /** The answer's error code, such as `TriggerInputSchemaMismatch`, or the network error's, such as `ECONNRESET` or `timeout`. */
  readonly error?: string;
  /** `Retry-After` as it was sent. */
  readonly retryAfter?: string;
  /** The flow run that took the request. */
  readonly runId?: string;
}

/**
 * `delivered`: accepted (not proof that the run succeeds). `retry`: may succeed later. `pause`: fails for every delivery
 * until somebody mends the flow or its URL. `dead`: fails for this body whenever it is sent.
 */
export type AnswerClass = 'delivered' | 'retry' | 'pause' | 'dead';

/** Codes that say that the flow is switched off or deleted, though the status says that the body is bad. */
const OFF_CODES = ['WorkflowTriggerIsNotEnabled'];

/**
 * Classes of a Power Automate HTTP trigger's answers. Without an answer there is another try, whatever kept it away; also
 * when the host led off the public internet and was not called (`EADDRESSREFUSED`). That says nothing about the flow, and
 * the DNS may be mended in time; until then the code stands in every attempt, and a delivery that ends dead is kept.
 */
export function classify({ status, error }: FlowAnswer): AnswerClass {
  if (status === undefined) return 'retry';
  if (status >= 200 && status < 300) return 'delivered';
  if (error !== undefined && OFF_CODES.includes(error)) return 'pause';
  if (status === 400 || status === 413) return 'dead';
  if ([401, 403, 404, 410].includes(status)) return 'pause';
  return 'retry';
}
