/**
 * What the pure core asks of the world. The handlers pass adapters of AWS services and of HTTP; tests pass the same
 * adapters on embedded engines. Calls may be made side by side: the adapters put together what one request can carry.
 */

/** Epoch milliseconds. */
export type Clock = () => number;

export interface RejectedMessages {
  /** Keeps a message that can never succeed, with the reason, in the dead-letter queue. */
  keep(body: string, reason: string): Promise<void>;
}

/** Counts and notes for the operator. Never told a flow URL. */
export interface Telemetry {
  count(metric: string, value?: number): void;
  /** How long something has lasted. */
  seconds(metric: string, value: number): void;
  milliseconds(metric: string, value: number): void;
  info(message: string, details?: Readonly<Record<string, unknown>>): void;
  warn(message: string, details?: Readonly<Record<string, unknown>>): void;
}

/** A message of a queue as a handler sees it. */
export interface QueueMessage {
  readonly id: string;
  readonly body: string;
}
