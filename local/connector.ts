import { KMSClient } from '@aws-sdk/client-kms';
import { SQSClient } from '@aws-sdk/client-sqs';
import { ScanCommand } from '@aws-sdk/lib-dynamodb';
import { registryPorts } from '../cli/registry';
import { documentClient } from '../lambda/adapters/dynamodb';
import type { DeliveryRow } from '../lambda/core/delivery';
import { Output, PARTITION_KEY, SORT_KEY } from '../lib/private/contract';
import type { LocalStack } from './stack';

/** Whatever an SDK asks for where nothing is checked. */
export const ANYBODY = { region: 'us-east-1', credentials: { accessKeyId: 'local', secretAccessKey: 'local' } };

/** The local connector as the tools outside it see it: through its outputs and its services' endpoints. */
export function localConnector(stack: LocalStack) {
  const output = (name: string): string => {
    const value = stack.outputs[name];
    if (value === undefined) throw new Error(`the template has no output ${name}`);
    return value;
  };
  const dynamodb = documentClient({ ...ANYBODY, endpoint: stack.endpoints.dynamodb });
  const kms = new KMSClient({ ...ANYBODY, endpoint: stack.endpoints.kms });
  const sqs = new SQSClient({ ...ANYBODY, endpoint: stack.endpoints.sqs });
  const registry = registryPorts(
    {
      subscriptionsTable: output(Output.SUBSCRIPTIONS_TABLE_NAME),
      thresholdsTable: output(Output.THRESHOLDS_TABLE_NAME),
      flowUrlKey: output(Output.FLOW_URL_KEY_ARN),
      observationsQueue: output(Output.OBSERVATIONS_QUEUE_URL),
    },
    { dynamodb, kms, sqs },
  );
  return {
    busName: output(Output.EVENT_BUS_NAME),
    eventSource: output(Output.EVENT_SOURCE),
    registry,
    /** Every delivery's row. */
    async deliveries(): Promise<DeliveryRow[]> {
      const rows: DeliveryRow[] = [];
      let ExclusiveStartKey: Record<string, unknown> | undefined;
      do {
        const TableName = output(Output.DELIVERIES_TABLE_NAME);
        const page = await dynamodb.send(new ScanCommand({ TableName, ExclusiveStartKey, ConsistentRead: true }));
        for (const { [PARTITION_KEY]: subscription, [SORT_KEY]: eventId, ...row } of page.Items ?? []) {
          if (row.status) rows.push({ ...row, subscription, eventId, attempts: row.attempts ?? [] } as DeliveryRow);
        }
        ExclusiveStartKey = page.LastEvaluatedKey;
      } while (ExclusiveStartKey);
      return rows;
    },
    close(): void {
      dynamodb.destroy();
      kms.destroy();
      sqs.destroy();
    },
  };
}

export type LocalConnector = ReturnType<typeof localConnector>;
