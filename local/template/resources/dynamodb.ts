import type { TableInput } from '../../engines/services/dynamodb';
import { TemplateError } from '../../shared/user-error';
import type { Plan } from '../model/plan';
import type { PropertyRules } from '../model/properties';
import {
  arnOf,
  nameOf,
  type PhysicalResource,
  type ResolvedResource,
  type ResourceType,
  type StackContext,
} from './resource-type';

/** Maximum characters of a table's name (DynamoDB API reference, CreateTable). */
const MAX_TABLE_NAME = 255;

const COMMON: PropertyRules = {
  TableName: true,
  KeySchema: true,
  AttributeDefinitions: true,
  LocalSecondaryIndexes: true,
  BillingMode: 'capacity',
  SSESpecification: 'encryptionAtRest',
  TimeToLiveSpecification: 'timeToLive',
};

const INDEX: PropertyRules = {
  IndexName: true,
  KeySchema: true,
  Projection: true,
  ProvisionedThroughput: 'capacity',
  OnDemandThroughput: 'capacity',
  WarmThroughput: 'capacity',
  ContributorInsightsSpecification: 'insights',
};

const REPLICA_INDEX: PropertyRules = {
  IndexName: true,
  ContributorInsightsSpecification: 'insights',
  ReadProvisionedThroughputSettings: 'capacity',
  ReadOnDemandThroughputSettings: 'capacity',
};

/** `AWS::DynamoDB::Table`, without streams. */
export const table: ResourceType = {
  properties: {
    ...COMMON,
    GlobalSecondaryIndexes: [INDEX],
    ProvisionedThroughput: 'capacity',
    OnDemandThroughput: 'capacity',
    WarmThroughput: 'capacity',
    PointInTimeRecoverySpecification: 'recovery',
    DeletionProtectionEnabled: 'deletion',
    ContributorInsightsSpecification: 'insights',
    TableClass: 'insights',
    ResourcePolicy: 'resourcePolicy',
    Tags: 'tags',
  },
  declare: declareTable,
};

/** `AWS::DynamoDB::GlobalTable` with exactly one replica, without streams. */
export const globalTable: ResourceType = {
  properties: {
    ...COMMON,
    GlobalSecondaryIndexes: [
      {
        ...INDEX,
        WriteProvisionedThroughputSettings: 'capacity',
        WriteOnDemandThroughputSettings: 'capacity',
      },
    ],
    WriteProvisionedThroughputSettings: 'capacity',
    WriteOnDemandThroughputSettings: 'capacity',
    WarmThroughput: 'capacity',
    Replicas: [
      {
        Region: true,
        DeletionProtectionEnabled: 'deletion',
        PointInTimeRecoverySpecification: 'recovery',
        ContributorInsightsSpecification: 'insights',
        TableClass: 'insights',
        ReadProvisionedThroughputSettings: 'capacity',
        ReadOnDemandThroughputSettings: 'capacity',
        SSESpecification: 'encryptionAtRest',
        ResourcePolicy: 'resourcePolicy',
        Tags: 'tags',
        // Contains only the names of the table's indexes, which are declared above.
        GlobalSecondaryIndexes: [REPLICA_INDEX],
      },
    ],
  },
  declare(resource, stack, plan) {
    const replicas = resource.properties.list('Replicas').length;
    if (replicas !== 1) {
      throw new TemplateError(
        `${resource.properties.where}.Replicas`,
        `the local run has one region, the table has ${replicas} replicas`,
      );
    }
    return declareTable(resource, stack, plan);
  },
};

function declareTable(resource: ResolvedResource, stack: StackContext, plan: Plan): PhysicalResource {
  const { logicalId, properties } = resource;
  const name = nameOf(resource, stack, 'TableName', MAX_TABLE_NAME);
  const { KeySchema, AttributeDefinitions, GlobalSecondaryIndexes, LocalSecondaryIndexes } =
    properties.all as Partial<TableInput>;
  plan.tables.push({
    logicalId,
    input: { TableName: name, KeySchema, AttributeDefinitions, GlobalSecondaryIndexes, LocalSecondaryIndexes },
  });
  return { ref: name, attributes: { Arn: arnOf(stack, 'dynamodb', `table/${name}`) } };
}
