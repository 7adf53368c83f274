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
import type { FunctionOptions, RemovalOptions } from './options';
import { packageRoot } from './package-root';

/**
 * Actions on network interfaces that a function in a VPC needs (AWS Lambda, "Giving Lambda functions access to resources
 * in an Amazon VPC"). Lambda requires them on all resources.
 */
const NETWORK_INTERFACE_ACTIONS = [
  ...['CreateNetworkInterface', 'DescribeNetworkInterfaces', 'DescribeSubnets', 'DeleteNetworkInterface'],
  ...['AssignPrivateIpAddresses', 'UnassignPrivateIpAddresses'],
].map((action) => `ec2:${action}`);

export interface HandlerFunctionProps extends FunctionOptions, RemovalOptions {
  readonly handler: HandlerName;
  readonly description: string;
  readonly environment?: { readonly [name: string]: string };
  /** Memory in MiB. Default: 256. */
  readonly memorySize?: number;
}

/** Lambda function of one handler, with its role and log group. The construct ID is the handler's name in PascalCase. */
export class HandlerFunction extends Construct {
  readonly handler: HandlerName;
  readonly function: lambda.Function;
  readonly logGroup: logs.ILogGroup;

  constructor(scope: Construct, props: HandlerFunctionProps) {
    super(scope, `${props.handler.charAt(0).toUpperCase()}${props.handler.slice(1)}`);

    const { vpc, vpcSubnets, securityGroups } = props;
    if (props.logGroup && props.logRetention !== undefined) {
      throw new Error('logRetention cannot be combined with logGroup: set the retention on the log group itself');
    }
    // A log group that Lambda creates would never expire and would outlive the stack.
    const logGroup =
      props.logGroup ??
      new logs.LogGroup(this, 'LogGroup', {
        retention: props.logRetention ?? logs.RetentionDays.ONE_MONTH,
        removalPolicy: props.removalPolicy ?? RemovalPolicy.RETAIN,
      });
    // Without AWSLambdaBasicExecutionRole, which CDK attaches by default: it allows writing to every log group.
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
      memorySize: props.memorySize ?? 256,
      timeout: Duration.seconds(HANDLER_TIMEOUT_SECONDS[props.handler]),
      role,
      vpc,
      vpcSubnets,
      securityGroups,
      logGroup,
      tracing: props.tracing,
      loggingFormat: lambda.LoggingFormat.JSON,
      // WARN keeps the reports of failed invocations (Lambda developer guide, "System log level event mapping").
      systemLogLevelV2: props.invocationLogs ? lambda.SystemLogLevel.INFO : lambda.SystemLogLevel.WARN,
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
