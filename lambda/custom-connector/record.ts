import { SQSClient } from '@aws-sdk/client-sqs';
import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { Env } from '../../contract/environment';
import { batchResponse } from '../shared/adapters/batch';
import { documentClient } from '../shared/adapters/dynamodb';
import { required } from '../shared/adapters/environment';
import { rejectedQueue } from '../shared/adapters/rejected-queue';
import { handlerTelemetry } from '../shared/adapters/telemetry';
import { CatalogTable } from './adapters/catalog-table';
import { RefreshTable } from './adapters/refresh-table';
import { recordBatch, rememberingStore } from './core/record';

const client = documentClient();
const table = required(Env.CATALOG_TABLE_NAME);
const clock = Date.now;
const ports = {
  subjects: rememberingStore(new CatalogTable(client, table, clock)),
  refreshes: new RefreshTable(client, table, clock),
  rejected: rejectedQueue(new SQSClient({}), required(Env.REJECTED_QUEUE_URL)),
  telemetry: handlerTelemetry(required(Env.CONNECTOR_ID)),
  clock,
};

/** Records the names of the segments and measures that events report, and the refreshes. */
export const handler = (event: SQSEvent): Promise<SQSBatchResponse> =>
  batchResponse(event, ports.telemetry, (messages) => recordBatch(messages, ports));
