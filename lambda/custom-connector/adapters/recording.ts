import type { SQSClient } from '@aws-sdk/client-sqs';
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { Env } from '../../../contract/environment';
import { batchResponse } from '../../shared/adapters/batch';
import { required } from '../../shared/adapters/environment';
import type { Host } from '../../shared/adapters/host';
import { rejectedQueue } from '../../shared/adapters/rejected-queue';
import { recordBatch, rememberingStore } from '../core/record';
import { CatalogTable } from './catalog-table';
import { RefreshTable } from './refresh-table';

/** Records the names of the segments and measures that events report, and the refreshes. */
export function recordHandler(
  { env, clock, telemetry }: Host,
  { dynamodb, sqs }: { readonly dynamodb: DynamoDBDocumentClient; readonly sqs: SQSClient },
): (event: SQSEvent) => Promise<SQSBatchResponse> {
  const table = required(Env.CATALOG_TABLE_NAME, env);
  const ports = {
    subjects: rememberingStore(new CatalogTable(dynamodb, table, clock)),
    refreshes: new RefreshTable(dynamodb, table, clock),
    rejected: rejectedQueue(sqs, required(Env.REJECTED_QUEUE_URL, env)),
    telemetry: telemetry(required(Env.CONNECTOR_ID, env)),
    clock,
  };
  return (event) => batchResponse(event, ports.telemetry, (messages) => recordBatch(messages, ports));
}
