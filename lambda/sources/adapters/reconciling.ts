import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { Env } from '../../../contract/environment';
import { type PublishingClients, publishingPorts } from '../../events/adapters/publishing-ports';
import { batchResponse } from '../../shared/adapters/batch';
import { optional } from '../../shared/adapters/environment';
import type { Host } from '../../shared/adapters/host';
import { reconcileBatch } from '../core/reconcile';
import { recordedRuns } from './recorded-run-table';
import { type RunClients, runLister } from './runs';

/**
 * Processes scheduled reconciliations from the queue. Puts runs on the bus that are missing there, or, in an account that
 * forwards its sources, lists of runs.
 */
export function reconcileHandler(
  host: Host,
  clients: PublishingClients & RunClients & { readonly dynamodb: DynamoDBDocumentClient },
): (event: SQSEvent) => Promise<SQSBatchResponse> {
  const runsTable = optional(Env.RUNS_TABLE_NAME, host.env);
  const ports = {
    ...publishingPorts(host, clients),
    lister: runLister(clients),
    recorded: runsTable === undefined ? undefined : recordedRuns(clients.dynamodb, runsTable, host.clock),
  };
  return (event) => batchResponse(event, ports.telemetry, (messages) => reconcileBatch(messages, ports));
}
