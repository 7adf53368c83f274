import { AthenaClient } from '@aws-sdk/client-athena';
import { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { CustomerProfilesClient } from '@aws-sdk/client-customer-profiles';
import { RedshiftDataClient } from '@aws-sdk/client-redshift-data';
import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { Env } from '../../contract/environment';
import { recheckingPorts } from '../events/adapters/publishing-ports';
import { batchResponse } from '../shared/adapters/batch';
import { READ_CLIENT_CONFIG } from '../shared/adapters/service-client';
import { queryServices } from './adapters';
import { measureBatch, type QueryRun } from './core/measure';

const ports = {
  ...recheckingPorts<QueryRun>(Env.QUERIES_QUEUE_URL, ({ schedule }) => schedule),
  queries: queryServices({
    athena: new AthenaClient(READ_CLIENT_CONFIG),
    redshift: new RedshiftDataClient(READ_CLIENT_CONFIG),
    cloudwatch: new CloudWatchClient(READ_CLIENT_CONFIG),
    profiles: new CustomerProfilesClient(READ_CLIENT_CONFIG),
  }),
};

/** Processes scheduled queries from the queue. Puts the sizes and values that they return on the bus. */
export const handler = (event: SQSEvent): Promise<SQSBatchResponse> =>
  batchResponse(event, ports.telemetry, (messages) => measureBatch(messages, ports));
