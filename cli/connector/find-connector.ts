import {
  CloudFormationClient,
  DescribeStacksCommand,
  paginateDescribeStacks,
  type Stack,
} from '@aws-sdk/client-cloudformation';
import { Output } from '../../contract/outputs';
import { ConnectorError } from '../shell/exit';
import { DENIED, failureText } from '../shell/failure';
import { type Connector, connectorOf } from './connector';
import { describeLocalRun } from './local-run';

/** Which connector is meant. */
export interface ConnectorChoice {
  /** Name or ARN of its CloudFormation stack; left out: the only one there is. */
  readonly stack?: string;
  /** Left out: as the AWS CLI finds it. */
  readonly region?: string;
  /** The running local one, at this URL or port; empty: as it says itself. */
  readonly local?: string;
}

/**
 * Finds a connector: by its stack's outputs, or the one that runs on this machine.
 * @throws ConnectorError when there is none, more than one, or AWS cannot be asked.
 */
export async function findConnector({ stack, region: wanted, local }: ConnectorChoice): Promise<Connector> {
  if (local !== undefined) {
    const { stackName, region, outputs, endpoints } = await describeLocalRun(local);
    const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
    return connectorOf(stackName, outputs, { region, credentials, endpoints });
  }
  const cloudFormation = new CloudFormationClient({ region: wanted ?? regionOfEnvironment() });
  const region = await cloudFormation.config.region().catch((error) => {
    throw new ConnectorError(failureText(error));
  });
  const found =
    stack === undefined ? await onlyConnector(cloudFormation, region) : await describe(cloudFormation, stack, region);
  // The same credentials for all: found once, and asked for once where a person has to answer.
  const { credentials } = cloudFormation.config;
  return connectorOf(found.name, found.outputs, { region, credentials });
}

/** Two variables that the AWS CLI reads, of which the SDK reads the first only. */
const regionOfEnvironment = (): string | undefined =>
  process.env.AWS_REGION || process.env.AWS_DEFAULT_REGION || undefined;

/** By these outputs a stack is known as a connector's. */
const NEEDED = [
  Output.SUBSCRIPTIONS_TABLE_NAME,
  Output.THRESHOLDS_TABLE_NAME,
  Output.DELIVERIES_TABLE_NAME,
  Output.FLOW_URL_KEY_ARN,
  Output.OBSERVATIONS_QUEUE_URL,
  Output.DELIVERIES_QUEUE_URL,
] as const;

type Outputs = Readonly<Record<string, string>>;

interface Found {
  readonly name: string;
  readonly outputs: Outputs;
}

const outputsOf = ({ Outputs }: Stack): Outputs =>
  Object.fromEntries((Outputs ?? []).map(({ OutputKey, OutputValue }) => [OutputKey, OutputValue]));
const missingOf = (outputs: Outputs): string[] => NEEDED.filter((key) => !outputs[key]);

async function onlyConnector(client: CloudFormationClient, region: string): Promise<Found> {
  const found: Found[] = [];
  try {
    for await (const { Stacks } of paginateDescribeStacks({ client }, {})) {
      for (const stack of Stacks ?? []) {
        const outputs = outputsOf(stack);
        if (missingOf(outputs).length === 0) found.push({ name: stack.StackName as string, outputs });
      }
    }
  } catch (error) {
    const hint = DENIED.has((error as Error).name) ? '; write --stack NAME, which needs no look at the others' : '';
    throw new ConnectorError(`the stacks in ${region} cannot be looked up: ${failureText(error)}${hint}`);
  }
  const [only, ...others] = found;
  if (only === undefined) {
    throw new ConnectorError(
      `there is no connector in ${region} in this account: write --region REGION, deploy one first, or write --local for the running npm start`,
    );
  }
  if (others.length === 0) return only;
  const names = found.map(({ name }) => name).toSorted();
  throw new ConnectorError(
    `there are ${found.length} connectors in ${region}: write --stack with ${names.join(' or ')}`,
  );
}

async function describe(client: CloudFormationClient, name: string, region: string): Promise<Found> {
  let stack: Stack | undefined;
  try {
    const { Stacks } = await client.send(new DescribeStacksCommand({ StackName: name }));
    stack = Stacks?.[0];
  } catch (error) {
    // The service has no error code of its own for it (CloudFormation API reference, DescribeStacks).
    if (/does not exist/.test((error as Error).message)) {
      throw new ConnectorError(
        `there is no stack ${name} in ${region} in this account: write --stack NAME or --region REGION, or deploy it first`,
      );
    }
    throw new ConnectorError(`stack ${name} in ${region} cannot be looked up: ${failureText(error)}`);
  }
  const outputs = stack ? outputsOf(stack) : {};
  const missing = missingOf(outputs);
  if (missing.length > 0) {
    throw new ConnectorError(
      `stack ${name} in ${region} (${stack?.StackStatus}) is no deployed connector: it has no output ${missing.join(', ')}; ` +
        'write --stack with the name of a PowerAutomateConnectorStack, or of a stack in which addOutputs() of the connector was called',
    );
  }
  return { name: stack?.StackName ?? name, outputs };
}
