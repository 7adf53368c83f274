import {
  CloudFormationClient,
  DescribeStacksCommand,
  paginateDescribeStacks,
  type Stack,
} from '@aws-sdk/client-cloudformation';
import { Output } from '../../contract/outputs';
import { ACCESS_DENIED, errorText } from '../shell/aws-errors';
import { ConnectorError } from '../shell/exit';
import { type Connector, createConnector } from './connector';
import { describeLocalRun } from './local-run';

export interface ConnectorSelector {
  /** Name or ARN of its CloudFormation stack. Default: the only connector in the account and Region. */
  readonly stack?: string;
  /** Default: the same as for the AWS CLI. */
  readonly region?: string;
  /** URL or port of the local run; empty to read it from LOCAL_RUN_FILE. */
  readonly local?: string;
}

/**
 * Finds a deployed connector by the outputs of its stack, or the local run.
 * @throws ConnectorError if there is no connector or more than one, or if AWS cannot be reached.
 */
export async function findConnector({ stack, region: wanted, local }: ConnectorSelector): Promise<Connector> {
  if (local !== undefined) {
    const { stackName, region, outputs, endpoints } = await describeLocalRun(local);
    const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
    return createConnector(stackName, outputs, { region, credentials, endpoints });
  }
  const cloudFormation = new CloudFormationClient({ region: wanted ?? regionOfEnvironment() });
  const region = await cloudFormation.config.region().catch((error) => {
    throw new ConnectorError(errorText(error));
  });
  const found =
    stack === undefined ? await onlyConnector(cloudFormation, region) : await describe(cloudFormation, stack, region);
  // All clients share the credentials, so that the user enters an MFA code only once.
  const { credentials } = cloudFormation.config;
  return createConnector(found.name, found.outputs, { region, credentials });
}

/** The AWS CLI reads both variables, the SDK only the first. */
const regionOfEnvironment = (): string | undefined =>
  process.env.AWS_REGION || process.env.AWS_DEFAULT_REGION || undefined;

/** Outputs that identify the stack of a connector. */
const REQUIRED_OUTPUTS = [
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
const missingOf = (outputs: Outputs): string[] => REQUIRED_OUTPUTS.filter((key) => !outputs[key]);

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
    const hint = ACCESS_DENIED.has((error as Error).name) ? '; use --stack NAME, which does not list the stacks' : '';
    throw new ConnectorError(`cannot list the stacks in ${region}: ${errorText(error)}${hint}`);
  }
  const [only, ...others] = found;
  if (only === undefined) {
    throw new ConnectorError(
      `no connector found in ${region} in this account: use --region REGION, deploy a connector, or use --local for a running npm start`,
    );
  }
  if (others.length === 0) return only;
  const names = found.map(({ name }) => name).toSorted();
  throw new ConnectorError(`${found.length} connectors found in ${region}: use --stack with ${names.join(' or ')}`);
}

async function describe(client: CloudFormationClient, name: string, region: string): Promise<Found> {
  let stack: Stack | undefined;
  try {
    const { Stacks } = await client.send(new DescribeStacksCommand({ StackName: name }));
    stack = Stacks?.[0];
  } catch (error) {
    // DescribeStacks has no error code for a missing stack (CloudFormation API reference).
    if (/does not exist/.test((error as Error).message)) {
      throw new ConnectorError(
        `stack ${name} does not exist in ${region} in this account: use another --stack or --region, or deploy it first`,
      );
    }
    throw new ConnectorError(`cannot describe stack ${name} in ${region}: ${errorText(error)}`);
  }
  const outputs = stack ? outputsOf(stack) : {};
  const missing = missingOf(outputs);
  if (missing.length > 0) {
    throw new ConnectorError(
      `stack ${name} in ${region} (${stack?.StackStatus}) is not a deployed connector: it has no output ${missing.join(', ')}; ` +
        'use --stack with a PowerAutomateConnectorStack, or with a stack that calls addOutputs() of its connector',
    );
  }
  return { name: stack?.StackName ?? name, outputs };
}
