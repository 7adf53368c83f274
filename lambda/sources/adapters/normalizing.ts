import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { Env } from '../../../contract/environment';
import { type PublishingClients, publishingPorts } from '../../events/adapters/publishing-ports';
import { batchResponse } from '../../shared/adapters/batch';
import { optional } from '../../shared/adapters/environment';
import type { Host } from '../../shared/adapters/host';
import { normalizeBatch } from '../core/normalize';
import { recordedRuns } from './recorded-run-table';

/** Processes events of AWS services from the queue. Puts events of the sources on the connector's bus. */
export function normalizeHandler(
  host: Host,
  clients: PublishingClients & { readonly dynamodb: DynamoDBDocumentClient },
): (event: SQSEvent) => Promise<SQSBatchResponse> {
  // Only set if a source is reconciled.
  const runsTable = optional(Env.RUNS_TABLE_NAME, host.env);
  const ports = {
    ...publishingPorts(host, clients),
    recorded: runsTable === undefined ? undefined : recordedRuns(clients.dynamodb, runsTable, host.clock),
  };
  return (event) => batchResponse(event, ports.telemetry, (messages) => normalizeBatch(messages, ports));
}
