import { CloudFormationClient, DescribeStacksCommand, type Stack } from '@aws-sdk/client-cloudformation';
import { KMSClient } from '@aws-sdk/client-kms';
import { SQSClient } from '@aws-sdk/client-sqs';
import { documentClient } from '../lambda/adapters/dynamodb';
import type { RegistryPorts } from '../lambda/core/register';
import { Output } from '../lib/private/contract';
import { failureText } from './failure';
import type { ConnectorOptions } from './options';
import { registryPorts } from './registry';

/** The connector was not found; the message says what to do. */
export class DeployedConnectorError extends Error {
  override readonly name = 'DeployedConnectorError';
}

/**
 * Finds a deployed connector by its stack's outputs.
 * @throws DeployedConnectorError when there is no such stack, it is no connector's, or AWS cannot be asked.
 */
export async function deployedConnector(options: ConnectorOptions): Promise<RegistryPorts> {
  const cloudFormation = new CloudFormationClient({ region: options.region ?? regionOfEnvironment() });
  const region = await cloudFormation.config.region().catch((error) => {
    throw new DeployedConnectorError(failureText(error));
  });
  const outputs = await outputsOf(cloudFormation, options.stack, region);
  // The same credentials for all: found once, and asked for once where a person has to answer.
  const config = { region, credentials: cloudFormation.config.credentials };
  return registryPorts(
    {
      subscriptionsTable: outputs[Output.SUBSCRIPTIONS_TABLE_NAME],
      thresholdsTable: outputs[Output.THRESHOLDS_TABLE_NAME],
      flowUrlKey: outputs[Output.FLOW_URL_KEY_ARN],
      observationsQueue: outputs[Output.OBSERVATIONS_QUEUE_URL],
    },
    { dynamodb: documentClient(config), kms: new KMSClient(config), sqs: new SQSClient(config) },
  );
}

/** Two variables that the AWS CLI reads, of which the SDK reads the first only. */
const regionOfEnvironment = (): string | undefined =>
  process.env.AWS_REGION || process.env.AWS_DEFAULT_REGION || undefined;

const NEEDED = [
  Output.SUBSCRIPTIONS_TABLE_NAME,
  Output.THRESHOLDS_TABLE_NAME,
  Output.FLOW_URL_KEY_ARN,
  Output.OBSERVATIONS_QUEUE_URL,
] as const;
type Outputs = Readonly<Record<(typeof NEEDED)[number], string>>;

async function outputsOf(client: CloudFormationClient, name: string, region: string): Promise<Outputs> {
  const stack = await describe(client, name, region);
  const outputs = Object.fromEntries(
    (stack?.Outputs ?? []).map(({ OutputKey, OutputValue }) => [OutputKey, OutputValue]),
  );
  const missing = NEEDED.filter((key) => !outputs[key]);
  if (missing.length > 0) {
    throw new DeployedConnectorError(
      `stack ${name} in ${region} (${stack?.StackStatus}) is no deployed connector: it has no output ${missing.join(', ')}; ` +
        'write --stack with the name of a PowerAutomateConnectorStack',
    );
  }
  return outputs as Outputs;
}

async function describe(client: CloudFormationClient, name: string, region: string): Promise<Stack | undefined> {
  try {
    const { Stacks } = await client.send(new DescribeStacksCommand({ StackName: name }));
    return Stacks?.[0];
  } catch (error) {
    // The service has no error code of its own for it (CloudFormation API reference, DescribeStacks).
    if (/does not exist/.test((error as Error).message)) {
      throw new DeployedConnectorError(
        `there is no stack ${name} in ${region} in this account: write --stack NAME or --region REGION, or deploy it first`,
      );
    }
    throw new DeployedConnectorError(`stack ${name} in ${region} cannot be looked up: ${failureText(error)}`);
  }
}
