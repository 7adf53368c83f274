import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { Env } from '../../../contract/environment';
import { type PublishingClients, recheckingPorts } from '../../events/adapters/publishing-ports';
import { batchResponse } from '../../shared/adapters/batch';
import type { Host } from '../../shared/adapters/host';
import { measureBatch, type QueryRun } from '../core/measure';
import { type QueryClients, queryServices } from '.';

/** Processes scheduled queries from the queue. Puts the sizes and values that they return on the bus. */
export function measureHandler(
  host: Host,
  clients: PublishingClients & QueryClients,
): (event: SQSEvent) => Promise<SQSBatchResponse> {
  const ports = {
    ...recheckingPorts<QueryRun>(host, clients, Env.QUERIES_QUEUE_URL, ({ schedule }) => schedule),
    queries: queryServices(clients),
  };
  return (event) => batchResponse(event, ports.telemetry, (messages) => measureBatch(messages, ports));
}
