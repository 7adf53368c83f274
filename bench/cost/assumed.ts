/** Figures that cannot be measured on this machine. */
export const ASSUMED = {
  /** Duration of a function, milliseconds: for each AWS call, as if calls were sequential, for the flow, and for the rest. */
  msOfCall: 10,
  msOfFlow: 500,
  msOfInvocation: 10,
  /** Bytes that Lambda itself logs for an invocation: its start and its report. */
  platformLogBytes: 500,
  /**
   * Pollers of an idle queue, and seconds of a receive. A mapping with a maximum concurrency has five pollers (Lambda
   * developer guide, "Configuring scaling behavior for SQS event source mappings").
   */
  pollers: 5,
  pollSeconds: 20,
  /** Size of a chunk that EventBridge and SQS charge for, bytes. */
  chunkBytes: 64 * 1024,
  daysOfMonth: 365 / 12,
} as const;
