import { httpApi, integration, route, stage } from './api-gateway';
import { customResource, isCustom } from './custom';
import { globalTable, table } from './dynamodb';
import { eventBus, eventBusPolicy, rule } from './events';
import { alias, key } from './kms';
import { eventSourceMapping, lambdaFunction } from './lambda';
import type { ResourceType } from './resource-type';
import { schedule } from './scheduler';
import { secret } from './secrets-manager';
import { queue } from './sqs';
import { parameter } from './ssm';

/** The implemented resource types. `IGNORED_TYPES` lists the ignored ones. */
const RESOURCE_TYPES: Readonly<Record<string, ResourceType>> = {
  'AWS::Events::EventBus': eventBus,
  'AWS::Events::EventBusPolicy': eventBusPolicy,
  'AWS::Events::Rule': rule,
  'AWS::Scheduler::Schedule': schedule,
  'AWS::SQS::Queue': queue,
  'AWS::DynamoDB::Table': table,
  'AWS::DynamoDB::GlobalTable': globalTable,
  'AWS::Lambda::Function': lambdaFunction,
  'AWS::Lambda::EventSourceMapping': eventSourceMapping,
  'AWS::KMS::Key': key,
  'AWS::KMS::Alias': alias,
  'AWS::SecretsManager::Secret': secret,
  'AWS::SSM::Parameter': parameter,
  'AWS::ApiGatewayV2::Api': httpApi,
  'AWS::ApiGatewayV2::Integration': integration,
  'AWS::ApiGatewayV2::Route': route,
  'AWS::ApiGatewayV2::Stage': stage,
};

/** Returns undefined if the type is not implemented. */
export function resourceType(name: string): ResourceType | undefined {
  if (isCustom(name)) return customResource;
  return Object.hasOwn(RESOURCE_TYPES, name) ? RESOURCE_TYPES[name] : undefined;
}
