/** Figures that cannot be measured on this machine. */
export const ASSUMED = {
  /**
   * Time that a function waits, milliseconds: for each AWS call of a message, as if they were sequential, and for the flow.
   * The messages of a batch wait at the same time.
   */
  msOfCall: 10,
  msOfFlow: 500,
  /**
   * CPU time of a warm function, milliseconds: for each AWS call, for each POST to a flow, and for the rest of an invocation.
   * `bench:delivery` measures 1.3 ms for a delivery with 2.1 calls, `bench:thresholds` 1.9 ms for an observation with 3.
   */
  cpuMsOfCall: 0.6,
  cpuMsOfPost: 0.3,
  cpuMsOfInvocation: 1,
  /** Memory with which a function has one CPU; less has a share (Lambda developer guide, "Configure function memory"). */
  memoryMbOfCpu: 1769,
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
