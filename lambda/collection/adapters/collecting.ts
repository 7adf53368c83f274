import type { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import type { SQSClient } from '@aws-sdk/client-sqs';
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import type { EventBridgeEvent, SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { Env } from '../../../contract/environment';
import { publishingPorts } from '../../events/adapters/publishing-ports';
import { batchResponse } from '../../shared/adapters/batch';
import { required } from '../../shared/adapters/environment';
import type { Host } from '../../shared/adapters/host';
import { invocation } from '../../shared/adapters/invocation';
import { ownPlace } from '../../shared/adapters/own-place';
import { closeOverdueRuns, collectBatch } from '../core/collect';
import { RunTable } from './run-table';

interface CollectingClients {
  readonly dynamodb: DynamoDBDocumentClient;
  readonly eventBridge: EventBridgeClient;
  readonly sqs: SQSClient;
}

/** Processes ends of stages from the queue. When its schedule invokes it, reports overdue runs. */
export function collectHandler(
  host: Host,
  clients: CollectingClients,
): (event: SQSEvent | EventBridgeEvent<'Scheduled Event', unknown>) => Promise<SQSBatchResponse | undefined> {
  const { env } = host;
  const ports = {
    ...publishingPorts(host, clients),
    own: ownPlace(host, required(Env.REJECTED_QUEUE_URL, env)),
    runs: new RunTable(clients.dynamodb, required(Env.RUNS_TABLE_NAME, env)),
    rules: {
      runTimeoutMs: Number(required(Env.RUN_TIMEOUT_SECONDS, env)) * 1000,
      expected: {
        unification: JSON.parse(required(Env.UNIFICATION_STAGES, env)),
        full: JSON.parse(required(Env.FULL_REFRESH_PROCESSES, env)),
      },
    },
    connectorId: required(Env.CONNECTOR_ID, env),
  };
  return async (event) => {
    if ('Records' in event) return batchResponse(event, ports.telemetry, (messages) => collectBatch(messages, ports));
    await invocation(ports.telemetry, () => closeOverdueRuns(ports));
    return undefined;
  };
}
