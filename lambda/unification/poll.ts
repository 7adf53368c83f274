import { CustomerProfilesClient } from '@aws-sdk/client-customer-profiles';
import { EntityResolutionClient } from '@aws-sdk/client-entityresolution';
import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { Env } from '../../contract/environment';
import { recheckingPorts } from '../events/adapters/publishing-ports';
import { batchResponse } from '../shared/adapters/batch';
import { documentClient } from '../shared/adapters/dynamodb';
import { required } from '../shared/adapters/environment';
import { READ_CLIENT_CONFIG } from '../shared/adapters/service-client';
import { jobLister } from './adapters/job-lister';
import { PolledJobTable } from './adapters/polled-job-table';
import { type Poll, pollBatch } from './core/poll';

const ports = {
  ...recheckingPorts<Poll>(Env.POLLS_QUEUE_URL, ({ jobs }) => JSON.stringify(jobs)),
  lister: jobLister(new EntityResolutionClient(READ_CLIENT_CONFIG), new CustomerProfilesClient(READ_CLIENT_CONFIG)),
  jobs: new PolledJobTable(documentClient(), required(Env.RUNS_TABLE_NAME)),
};

/** Processes scheduled polls and starts of jobs from the queue. Puts the ends of jobs on the bus. */
export const handler = (event: SQSEvent): Promise<SQSBatchResponse> =>
  batchResponse(event, ports.telemetry, (messages) => pollBatch(messages, ports));
