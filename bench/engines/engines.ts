import { join } from 'node:path';
import type { TableInput } from '../../local/engines/services/dynamodb';
import { startChild } from './child';

/** Functions that benchmarks start by themselves. */
export const BENCH_FUNCTIONS = ['dispatch', 'deliver'] as const;
export type BenchFunction = (typeof BENCH_FUNCTIONS)[number];

/** Embedded services with the tables, queues and keys of the connector's template. */
export interface Engines {
  /** Endpoint of DynamoDB. */
  readonly dynamoDb: string;
  /** Endpoint of SQS. */
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
  /** Environments of functions in the template. */
  readonly environments: Readonly<Record<BenchFunction, Readonly<Record<string, string>>>>;
  readonly outputs: Readonly<Record<string, string>>;
}

export interface RunningEngines extends Engines {
  stop(): Promise<void>;
}

/** All embedded services accept these credentials. */
export const CREDENTIALS = { accessKeyId: 'bench', secretAccessKey: 'bench' };

/** A function's environment on AWS, with the endpoints of the local services. */
export const functionEnvironment = (engines: Engines, name: BenchFunction): Record<string, string> => ({
  ...engines.environments[name],
  ...serviceEnvironment(engines),
});

/** The endpoints of the local services, as AWS SDKs read them. */
export const serviceEnvironment = (engines: Engines): Record<string, string> => ({
  AWS_REGION: engines.region,
  AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId,
  AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey,
  // This endpoint rejects calls of other services by their name.
  AWS_ENDPOINT_URL: engines.events,
  AWS_ENDPOINT_URL_DYNAMODB: engines.dynamoDb,
  AWS_ENDPOINT_URL_SQS: engines.sqs,
});

/** Starts the services in a separate process, so that their CPU time is not counted. */
export async function startEngines(): Promise<RunningEngines> {
  const { ready, stop } = await startChild<Engines>(join(__dirname, 'engines-process.ts'));
  return { ...ready, stop };
}
