import type { EventBridgeEvent, SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { Env } from '../../contract/environment';
import { publishingPorts } from '../events/adapters/publishing-ports';
import { batchResponse } from '../shared/adapters/batch';
import { documentClient } from '../shared/adapters/dynamodb';
import { required } from '../shared/adapters/environment';
import { invocation } from '../shared/adapters/invocation';
import { RunTable } from './adapters/run-table';
import { closeOverdueRuns, collectBatch } from './core/collect';

const ports = {
  ...publishingPorts(),
  runs: new RunTable(documentClient(), required(Env.RUNS_TABLE_NAME)),
  rules: {
    runTimeoutMs: Number(required(Env.RUN_TIMEOUT_SECONDS)) * 1000,
    expected: {
      unification: JSON.parse(required(Env.UNIFICATION_STAGES)),
      full: JSON.parse(required(Env.FULL_REFRESH_PROCESSES)),
    },
  },
  connectorId: required(Env.CONNECTOR_ID),
};

/** Processes ends of stages from the queue. When its schedule invokes it, reports overdue runs. */
export async function handler(
  event: SQSEvent | EventBridgeEvent<'Scheduled Event', unknown>,
): Promise<SQSBatchResponse | undefined> {
  if ('Records' in event) return batchResponse(event, ports.telemetry, (messages) => collectBatch(messages, ports));
  await invocation(ports.telemetry, () => closeOverdueRuns(ports));
  return undefined;
}
