import type { Chance } from './chance';

/**
 * Everything that can go wrong around the code under test, with its probability: for each call, message, event, or
 * invocation that it concerns.
 */
export const FAULTS = {
  // AWS Lambda developer guide, "Understanding the Lambda execution environment lifecycle".
  'crash before a call': 0.0006,
  'crash after a call': 0.0006,
  'slow call': 0.002,
  'invocation times out': 0.001,
  // EventBridge user guide, "Scheduled rules": a schedule can be late and can run more than once.
  'schedule late': 0.02,
  'schedule twice': 0.02,
  // DynamoDB developer guide, "Error handling with DynamoDB".
  'table throttled': 0.002,
  'table answer lost': 0.0012,
  'table answer lost, request repeated': 0.0012,
  'batch read partly unprocessed': 0.005,
  'index lags': 0.004,
  'time to live late': 0.5,
  // SQS developer guide, "Amazon SQS standard queues": at least once, best-effort order.
  'message duplicated': 0.006,
  'message delayed': 0.006,
  'message overtaken': 0.1,
  'message to the dead-letter queue': 0.002,
  'sending refused': 0.005,
  'sending answer lost': 0.003,
  // EventBridge user guide, "How EventBridge retries delivering events".
  'event refused': 0.02,
  'event answer lost': 0.02,
  'event duplicated': 0.008,
  'event delayed': 0.008,
  'event to the dead-letter queue': 0.002,
  // KMS API reference, Decrypt.
  'key throttled': 0.02,
  'key answer lost': 0.03,
  // API Gateway developer guide, "Throttle requests to your HTTP APIs"; the requests of Power Automate: flow-registration.ts.
  'request throttled': 0.02,
  'request repeated': 0.02,
  'response lost': 0.08,
  'DELETE late': 0.6,
  'DELETE not sent': 0.45,
  // Flows: docs/delivery.md.
  'flow answer lost': 0.025,
  'flow slow': 0.015,
  // Secrets Manager and Systems Manager API references, "Common Errors".
  'secret throttled': 0.02,
  'secret answer lost': 0.12,
  // CloudFormation user guide, "Custom resources"; Lambda developer guide, "Asynchronous invocation": at least once.
  'custom resource requested twice': 0.22,
  'custom resource response refused': 0.12,
} as const satisfies Record<string, number>;

export type Fault = keyof typeof FAULTS;
export type FaultRates = Readonly<Partial<Record<Fault, number>>>;

export const ALL_FAULTS = Object.keys(FAULTS) as Fault[];

/** Decides which faults happen, and counts them. */
export class Faults {
  readonly counts: Partial<Record<Fault, number>> = {};
  /** False once faults have stopped. */
  active = true;
  private readonly streams: Partial<Record<Fault, Chance>> = {};

  constructor(
    private readonly rates: FaultRates,
    chance: Chance,
    private readonly onFault: (fault: Fault) => void,
  ) {
    for (const fault of ALL_FAULTS) this.streams[fault] = chance.of(fault);
  }

  happens(fault: Fault): boolean {
    if (!this.active || !this.streams[fault]?.is(this.rates[fault] ?? 0)) return false;
    this.counts[fault] = (this.counts[fault] ?? 0) + 1;
    this.onFault(fault);
    return true;
  }
}
