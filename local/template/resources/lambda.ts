import { existsSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { TemplateError } from '../../shared/user-error';
import { arnOf, nameOf, type ResolvedResource, type ResourceType, type StackContext } from './resource-type';

/** Maximum characters of a function's name (Lambda API reference, CreateFunction). */
const MAX_FUNCTION_NAME = 64;
/** Defaults (Lambda API reference, CreateFunction and CreateEventSourceMapping). */
const DEFAULT_TIMEOUT_SECONDS = 3;
const DEFAULT_MEMORY_MB = 128;
const DEFAULT_BATCH_SIZE = 10;

/** `AWS::Lambda::Function`. Supports only Node.js code in a folder of the cloud assembly. */
export const lambdaFunction: ResourceType = {
  properties: {
    FunctionName: true,
    Handler: true,
    Runtime: true,
    Timeout: true,
    MemorySize: true,
    Environment: { Variables: true },
    Code: { S3Bucket: 'asset', S3Key: true },
    Role: 'iam',
    Architectures: 'architecture',
    LoggingConfig: { LogGroup: true, LogFormat: 'logs', ApplicationLogLevel: 'logs', SystemLogLevel: 'logs' },
    TracingConfig: 'tracing',
    VpcConfig: 'network',
    KmsKeyArn: 'encryptionAtRest',
    Description: 'description',
    Tags: 'tags',
  },
  declare(resource, stack, plan) {
    const { logicalId, properties } = resource;
    const name = nameOf(resource, stack, 'FunctionName', MAX_FUNCTION_NAME);
    const arn = arnOf(stack, 'lambda', `function:${name}`);
    const runtime = properties.text('Runtime');
    if (!runtime.startsWith('nodejs')) {
      throw new TemplateError(`${properties.where}.Runtime`, `the local run does not implement the runtime ${runtime}`);
    }
    const variables = properties.object('Environment').object('Variables');
    plan.functions.push({
      logicalId,
      name,
      arn,
      // The default of Lambda (developer guide, "Working with CloudWatch Logs").
      logGroup: properties.object('LoggingConfig').optionalText('LogGroup') ?? `/aws/lambda/${name}`,
      directory: assetFolder(resource, stack),
      handler: properties.text('Handler'),
      runtime,
      timeoutSeconds: properties.number('Timeout', DEFAULT_TIMEOUT_SECONDS),
      memoryMb: properties.number('MemorySize', DEFAULT_MEMORY_MB),
      environment: Object.fromEntries(Object.keys(variables.all).map((key) => [key, variables.text(key)])),
    });
    return { ref: name, attributes: { Arn: arn } };
  },
};

/** The CDK CLI adds the asset's path to the metadata. Without it, the asset manifest has the path by object key. */
function assetFolder({ properties, metadata }: ResolvedResource, { directory, assets }: StackContext): string {
  const path = metadata['aws:asset:path'] ?? assets[properties.object('Code').optionalText('S3Key') ?? ''];
  if (typeof path !== 'string') {
    throw new TemplateError(
      `${properties.where}.Code`,
      'is not an asset of the cloud assembly, which is the only supported source of code',
    );
  }
  const folder = resolve(directory, path);
  if (!existsSync(folder) || !statSync(folder).isDirectory()) {
    throw new TemplateError(
      `${properties.where}.Code`,
      `${folder} is not a folder: build the handlers and synthesize again`,
    );
  }
  return folder;
}

/** `AWS::Lambda::EventSourceMapping` of a queue. */
export const eventSourceMapping: ResourceType = {
  properties: {
    EventSourceArn: true,
    FunctionName: true,
    Enabled: true,
    BatchSize: true,
    MaximumBatchingWindowInSeconds: true,
    FunctionResponseTypes: true,
    ScalingConfig: { MaximumConcurrency: true },
    MetricsConfig: 'logs',
    Tags: 'tags',
  },
  declare({ logicalId, properties }, stack, plan) {
    const target = properties.text('FunctionName');
    const scaling = properties.object('ScalingConfig');
    plan.eventSources.push({
      logicalId,
      queueArn: properties.text('EventSourceArn'),
      functionArn: target.startsWith('arn:') ? target : arnOf(stack, 'lambda', `function:${target}`),
      enabled: properties.boolean('Enabled', true),
      batchSize: properties.number('BatchSize', DEFAULT_BATCH_SIZE),
      batchingWindowSeconds: properties.number('MaximumBatchingWindowInSeconds', 0),
      reportBatchItemFailures: properties.list('FunctionResponseTypes').includes('ReportBatchItemFailures'),
      maximumConcurrency: scaling.has('MaximumConcurrency') ? scaling.number('MaximumConcurrency', 2) : undefined,
    });
    return { ref: logicalId, attributes: { Id: logicalId } };
  },
};
