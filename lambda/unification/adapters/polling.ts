import type { CustomerProfilesClient } from '@aws-sdk/client-customer-profiles';
import type { EntityResolutionClient } from '@aws-sdk/client-entityresolution';
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { Env } from '../../../contract/environment';
import { type PublishingClients, recheckingPorts } from '../../events/adapters/publishing-ports';
import { batchResponse } from '../../shared/adapters/batch';
import { required } from '../../shared/adapters/environment';
import type { Host } from '../../shared/adapters/host';
import { type Poll, pollBatch } from '../core/poll';
import { jobLister } from './job-lister';
import { PolledJobTable } from './polled-job-table';

interface PollingClients extends PublishingClients {
  readonly dynamodb: DynamoDBDocumentClient;
  readonly entityResolution: EntityResolutionClient;
  readonly profiles: CustomerProfilesClient;
}

/** Processes scheduled polls and starts of jobs from the queue. Puts the ends of jobs on the bus. */
export function pollHandler(host: Host, clients: PollingClients): (event: SQSEvent) => Promise<SQSBatchResponse> {
  const ports = {
    ...recheckingPorts<Poll>(host, clients, Env.POLLS_QUEUE_URL, ({ jobs }) => JSON.stringify(jobs)),
    lister: jobLister(clients.entityResolution, clients.profiles),
    jobs: new PolledJobTable(clients.dynamodb, required(Env.RUNS_TABLE_NAME, host.env)),
  };
  return (event) => batchResponse(event, ports.telemetry, (messages) => pollBatch(messages, ports));
}
