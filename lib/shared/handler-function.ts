import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as logs from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { METRICS_NAMESPACE } from '../../contract/metrics';
import { HANDLER_TIMEOUT_SECONDS, type HandlerName } from '../../contract/shared';
import { allow } from './allow';
import type { FunctionOptions } from './options';
import { packageRoot } from './package-root';

/**
 * What a function in a VPC does with its network interfaces (AWS Lambda, "Giving Lambda functions access to resources in
 * an Amazon VPC"). Lambda asks for them on all resources before it lets a function run there.
 */
const NETWORK_INTERFACE_ACTIONS = [
  'ec2:CreateNetworkInterface',
  'ec2:DescribeNetworkInterfaces',
  'ec2:DescribeSubnets',
  'ec2:DeleteNetworkInterface',
  'ec2:AssignPrivateIpAddresses',
  'ec2:UnassignPrivateIpAddresses',
];

export interface HandlerFunctionProps extends FunctionOptions {
  readonly handler: HandlerName;
  readonly description: string;
  readonly environment: { readonly [name: string]: string };
  /** MiB. */
  readonly memorySize: number;
  /** Of the log group. Default: it is retained. */
  readonly removalPolicy?: RemovalPolicy;
}

/** One of our handlers as a function, from the bundle that was made when the package was built. */
export class HandlerFunction extends Construct {
  readonly handler: HandlerName;
  readonly function: lambda.Function;
  readonly logGroup: logs.ILogGroup;

  constructor(scope: Construct, id: string, props: HandlerFunctionProps) {
    super(scope, id);

    const { vpc, vpcSubnets, securityGroups } = props;
    if (props.logGroup && props.logRetention !== undefined) {
      throw new Error(
        'logRetention is of no use to a log group that is given: leave it out, and set it on the log group',
      );
    }
    // A log group of our own: one that Lambda makes never expires and outlives the stack.
    const logGroup =
      props.logGroup ??
      new logs.LogGroup(this, 'LogGroup', {
        retention: props.logRetention ?? logs.RetentionDays.ONE_MONTH,
        removalPolicy: props.removalPolicy ?? RemovalPolicy.RETAIN,
      });
    // A plain role: AWSLambdaBasicExecutionRole, which CDK would attach, lets a function write to every log group.
    const role = new iam.Role(this, 'Role', { assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com') });
    logGroup.grantWrite(role);
    if (vpc) allow(role, NETWORK_INTERFACE_ACTIONS, '*');

    this.handler = props.handler;
    this.logGroup = logGroup;
    this.function = new lambda.Function(this, 'Function', {
      description: props.description,
      code: lambda.Code.fromAsset(bundleOf(props.handler)),
      handler: 'index.handler',
      runtime: lambda.Runtime.NODEJS_24_X,
      architecture: lambda.Architecture.ARM_64,
      memorySize: props.memorySize,
      timeout: Duration.seconds(HANDLER_TIMEOUT_SECONDS[props.handler]),
      role,
      vpc,
      vpcSubnets,
      securityGroups,
      logGroup,
      tracing: props.tracing,
      loggingFormat: lambda.LoggingFormat.JSON,
      environment: {
        ...props.environment,
        POWERTOOLS_SERVICE_NAME: props.handler,
        POWERTOOLS_METRICS_NAMESPACE: METRICS_NAMESPACE,
        POWERTOOLS_LOG_LEVEL: 'INFO',
      },
    });
  }
}

function bundleOf(handler: HandlerName): string {
  const folder = join(packageRoot(), 'dist', 'lambda', handler);
  if (!existsSync(join(folder, 'index.js'))) {
    throw new Error(`no bundle of the handler '${handler}' in ${folder}: run 'npm run build' in the package`);
  }
  return folder;
}
