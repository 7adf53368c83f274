import { randomUUID } from 'node:crypto';
import { KMSClient } from '@aws-sdk/client-kms';
import { ScanCommand } from '@aws-sdk/lib-dynamodb';
import { documentClient } from '../lambda/adapters/dynamodb';
import { sealFlowUrl } from '../lambda/adapters/flow-url-seal';
import { SubscriptionTable } from '../lambda/adapters/subscription-table';
import { ThresholdTable } from '../lambda/adapters/threshold-table';
import type { DeliveryRow } from '../lambda/core/delivery';
import { fingerprint } from '../lambda/core/flow-url';
import type { RegistryPorts } from '../lambda/core/register';
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
  const registry: RegistryPorts = {
    subscriptions: new SubscriptionTable(dynamodb, output(Output.SUBSCRIPTIONS_TABLE_NAME)),
    thresholds: new ThresholdTable(dynamodb, output(Output.THRESHOLDS_TABLE_NAME)),
    fingerprint,
    seal: (name, url) => sealFlowUrl(kms, output(Output.FLOW_URL_KEY_ARN), name, url),
    newId: randomUUID,
  };
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
    },
  };
}

export type LocalConnector = ReturnType<typeof localConnector>;
