import { join } from 'node:path';
import type { TableInput } from '../../local/engines/services/dynamodb';
import { startChild } from './child';

/** Embedded services, and what the connector's template declares of tables, queues and keys on them. */
export interface Engines {
  /** Endpoint of DynamoDB (dynalite). */
  readonly dynamoDb: string;
  /** Endpoint of SQS (fauxqs). */
  readonly sqs: string;
  /** Endpoint of KMS, and one that takes every event of PutEvents. */
  readonly events: string;
  readonly region: string;
  readonly tables: readonly TableInput[];
  /** Names of the tables. */
  readonly subscriptions: string;
  readonly thresholds: string;
  readonly deliveries: string;
  /** ARN of the key that encrypts flow URLs. */
  readonly flowUrlKey: string;
  /** The variables that the template gives the function `deliver`. */
  readonly deliverEnvironment: Readonly<Record<string, string>>;
  /** Outputs of the stack, as far as the CLI's `apply` needs them. */
  readonly outputs: Readonly<Record<string, string>>;
}

export interface RunningEngines extends Engines {
  stop(): Promise<void>;
}

/** Accepted by every embedded service. */
export const CREDENTIALS = { accessKeyId: 'bench', secretAccessKey: 'bench' };

/** Starts the services in a process of their own, so that their CPU time is not counted as ours. */
export async function startEngines(): Promise<RunningEngines> {
  const { ready, stop } = await startChild<Engines>(join(__dirname, 'engines-process.ts'));
  return { ...ready, stop };
}
