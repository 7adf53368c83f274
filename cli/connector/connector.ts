import { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { KMSClient, type KMSClientConfig } from '@aws-sdk/client-kms';
import { SQSClient } from '@aws-sdk/client-sqs';
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { DEFAULT_DELIVERY_RETENTION_DAYS } from '../../contract/delivery';
import { Output } from '../../contract/outputs';
import { deliverySender } from '../../lambda/delivery/adapters/delivery-queue';
import { DeliveryTable } from '../../lambda/delivery/adapters/delivery-table';
import { OutcomeTable } from '../../lambda/delivery/adapters/outcome-table';
import type { DeliveryMessage } from '../../lambda/delivery/core/delivery';
import type { RegistryPorts } from '../../lambda/registration/core/ports';
import { documentClient } from '../../lambda/shared/adapters/dynamodb';
import { SubscriptionTable } from '../../lambda/subscriptions/adapters/subscription-table';
import { ThresholdTable } from '../../lambda/thresholds/adapters/threshold-table';
import { ConnectorError } from '../shell/exit';
import { HandlerLogs } from './handler-logs';
import type { LocalRunDescription } from './local-run';
import { registryPorts } from './registry';

/** Clients for a connector, built from the outputs of its stack. */
export interface Connector {
  readonly stackName: string;
  readonly region: string;
  /** Start of the names of the subscriptions that commands read. Undefined: all of them. */
  readonly prefix?: string;
  /** Whether it is a local run, whose flows can be on this machine, too. */
  readonly isLocal: boolean;
  readonly clients: {
    readonly dynamodb: DynamoDBDocumentClient;
    readonly kms: KMSClient;
    readonly sqs: SQSClient;
    readonly eventBridge: EventBridgeClient;
    readonly cloudWatch: CloudWatchClient;
  };
  readonly subscriptions: SubscriptionTable;
  readonly thresholds: ThresholdTable;
  readonly deliveries: DeliveryTable;
  readonly outcomes: OutcomeTable;
  /** Undefined if an older version deployed the stack, without an output for the log groups. */
  readonly logs?: HandlerLogs;
  readonly registry: RegistryPorts;
  readonly send: (message: DeliveryMessage, delaySeconds: number) => Promise<void>;
  /**
   * The value of a stack output, one of `Output`.
   * @throws ConnectorError if an older version deployed the stack, without this output.
   */
  output(name: string): string;
  /** The value of a stack output that only some connectors have, one of `Output`. */
  optionalOutput(name: string): string | undefined;
}

export interface AwsAccess {
  readonly region: string;
  readonly credentials: KMSClientConfig['credentials'];
  /** By service. Undefined for the endpoints of AWS. */
  readonly endpoints?: LocalRunDescription['endpoints'];
}

/** Creates the clients of a connector from the outputs of its stack. */
export function createConnector(
  stackName: string,
  outputs: Readonly<Record<string, string>>,
  { region, credentials, endpoints }: AwsAccess,
): Connector {
  const output = (name: string): string => {
    const value = outputs[name];
    if (value !== undefined) return value;
    throw new ConnectorError(
      `stack ${stackName} has no output ${name}: deploy it with the current version of the package`,
    );
  };
  const config = (service: string) => ({ region, credentials, endpoint: endpoints?.[service] });
  const clients = {
    dynamodb: documentClient(config('dynamodb')),
    kms: new KMSClient(config('kms')),
    sqs: new SQSClient(config('sqs')),
    eventBridge: new EventBridgeClient(config('eventbridge')),
    cloudWatch: new CloudWatchClient(config('cloudwatch')),
  };
  const subscriptionsTable = output(Output.SUBSCRIPTIONS_TABLE_NAME);
  const thresholdsTable = output(Output.THRESHOLDS_TABLE_NAME);
  const logGroups = outputs[Output.LOG_GROUP_NAMES]?.split(',');
  const place = {
    subscriptionsTable,
    thresholdsTable,
    flowUrlKey: output(Output.FLOW_URL_KEY_ARN),
    observationsQueue: output(Output.OBSERVATIONS_QUEUE_URL),
  };
  return {
    stackName,
    region,
    isLocal: endpoints !== undefined,
    clients,
    subscriptions: new SubscriptionTable(clients.dynamodb, subscriptionsTable),
    thresholds: new ThresholdTable(clients.dynamodb, thresholdsTable),
    // The CLI never writes rows, so the retention has no effect here.
    deliveries: new DeliveryTable(
      clients.dynamodb,
      output(Output.DELIVERIES_TABLE_NAME),
      DEFAULT_DELIVERY_RETENTION_DAYS,
    ),
    outcomes: new OutcomeTable(clients.dynamodb, output(Output.DELIVERIES_TABLE_NAME)),
    logs: logGroups && new HandlerLogs(new CloudWatchLogsClient(config('cloudwatch_logs')), logGroups),
    registry: registryPorts(place, clients),
    send: deliverySender(clients.sqs, output(Output.DELIVERIES_QUEUE_URL)),
    output,
    optionalOutput: (name) => outputs[name],
  };
}
