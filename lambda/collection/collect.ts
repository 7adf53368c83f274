import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { SQSClient } from '@aws-sdk/client-sqs';
import type { EventBridgeEvent, SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { Env } from '../../contract/environment';
import { eventPublisher } from '../events/adapters/event-bus';
import { batchResponse } from '../shared/adapters/batch';
import { documentClient } from '../shared/adapters/dynamodb';
import { required } from '../shared/adapters/environment';
import { invocation } from '../shared/adapters/invocation';
import { rejectedQueue } from '../shared/adapters/rejected-queue';
import { handlerTelemetry } from '../shared/adapters/telemetry';
import { RunTable } from './adapters/run-table';
import { closeOverdueRuns, collectBatch } from './core/collect';

const connectorId = required(Env.CONNECTOR_ID);
const ports = {
  runs: new RunTable(documentClient(), required(Env.RUNS_TABLE_NAME)),
  events: eventPublisher(new EventBridgeClient({}), required(Env.EVENT_BUS_NAME), required(Env.EVENT_SOURCE)),
  rejected: rejectedQueue(new SQSClient({}), required(Env.REJECTED_QUEUE_URL)),
  telemetry: handlerTelemetry(connectorId),
  clock: Date.now,
  rules: {
    runTimeoutMs: Number(required(Env.RUN_TIMEOUT_SECONDS)) * 1000,
    expected: {
      unification: JSON.parse(required(Env.UNIFICATION_STAGES)),
      full: JSON.parse(required(Env.FULL_REFRESH_PROCESSES)),
    },
  },
  connectorId,
};

/** Takes ends of stages from their queue; called by its schedule, it reports the runs that are overdue. */
export async function handler(
  event: SQSEvent | EventBridgeEvent<'Scheduled Event', unknown>,
): Promise<SQSBatchResponse | undefined> {
  if ('Records' in event) return batchResponse(event, ports.telemetry, (messages) => collectBatch(messages, ports));
  await invocation(ports.telemetry, () => closeOverdueRuns(ports));
  return undefined;
}
