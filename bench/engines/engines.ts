import { join } from 'node:path';
import type { TableInput } from '../../local/engines/services/dynamodb';
import { startChild } from './child';

/** Embedded services with the tables, queues and keys of the connector's template. */
export interface Engines {
  /** Endpoint of DynamoDB (dynalite). */
  readonly dynamoDb: string;
  /** Endpoint of SQS (fauxqs). */
  readonly sqs: string;
  /** Endpoint of KMS and EventBridge. PutEvents accepts every event. */
  readonly events: string;
  readonly region: string;
  readonly tables: readonly TableInput[];
  /** Names of tables. */
  readonly subscriptions: string;
  readonly thresholds: string;
  /** ARN of the key that encrypts flow URLs. */
  readonly flowUrlKey: string;
  /** Environment of the function `deliver` in the template. */
  readonly deliverEnvironment: Readonly<Record<string, string>>;
  readonly outputs: Readonly<Record<string, string>>;
}

export interface RunningEngines extends Engines {
  stop(): Promise<void>;
}

/** All embedded services accept these credentials. */
export const CREDENTIALS = { accessKeyId: 'bench', secretAccessKey: 'bench' };

/** Starts the services in a separate process, so that their CPU time is not counted. */
export async function startEngines(): Promise<RunningEngines> {
  const { ready, stop } = await startChild<Engines>(join(__dirname, 'engines-process.ts'));
  return { ...ready, stop };
}
