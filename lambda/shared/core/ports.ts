/** Ports of the core. Calls can be concurrent: the adapters combine them into batch requests. */

/** Epoch milliseconds. */
export type Clock = () => number;

export interface RejectedMessages {
  /** Stores an invalid message and the reason in the dead-letter queue. */
  keep(body: string, reason: string): Promise<void>;
}

/** Metrics and logs for the operator. Never pass a flow URL. */
export interface Telemetry {
  count(metric: string, value?: number): void;
  seconds(metric: string, value: number): void;
  milliseconds(metric: string, value: number): void;
  info(message: string, details?: Readonly<Record<string, unknown>>): void;
  warn(message: string, details?: Readonly<Record<string, unknown>>): void;
}

/** A message that a handler receives from a queue. */
export interface QueueMessage {
  readonly id: string;
  readonly body: string;
}
