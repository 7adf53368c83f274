import { Output } from '../../../contract/outputs';
import type { ResourceDefinition, Template } from '../../../local/template/template';

/** A resource type that an upgrade must not replace. */
interface StayingType {
  /** Properties whose change replaces the resource, or makes the deployment fail. */
  readonly properties: readonly string[];
  /** The data or function that a replacement loses. */
  readonly lost: string;
}

/**
 * Resource types that an upgrade must not replace. Properties: "Update requires: Replacement" on the type's page of the AWS
 * CloudFormation template reference. The page of AWS::KMS::Key lists properties whose change fails instead. Indexes and
 * attribute types of a table are included because a change makes DynamoDB rebuild the index or reject the update.
 */
const STAYING: Readonly<Record<string, StayingType>> = {
  'AWS::DynamoDB::GlobalTable': {
    properties: ['TableName', 'KeySchema', 'LocalSecondaryIndexes', 'AttributeDefinitions', 'GlobalSecondaryIndexes'],
    lost: 'the connector starts with an empty table: the items stay in the old table',
  },
  'AWS::SQS::Queue': { properties: ['QueueName', 'FifoQueue'], lost: 'the messages in the old queue' },
  'AWS::KMS::Key': {
    properties: ['KeySpec', 'KeyUsage', 'Origin', 'MultiRegion'],
    lost: 'data that the old key encrypted, such as stored flow URLs, cannot be decrypted',
  },
  'AWS::Events::EventBus': {
    properties: ['Name', 'EventSourceName'],
    lost: 'producers put their events on a deleted bus',
  },
  'AWS::Events::Archive': { properties: ['ArchiveName', 'SourceArn'], lost: 'the archived events' },
  'AWS::Logs::LogGroup': { properties: ['LogGroupName'], lost: 'the existing log: explain does not find it' },
  'AWS::Lambda::EventSourceMapping': {
    properties: ['EventSourceArn', 'StartingPosition'],
    lost: 'CloudFormation creates the new mapping before it deletes the old one, which Lambda rejects for the same queue and function',
  },
  'AWS::Lambda::Function': {
    properties: ['FunctionName', 'PackageType'],
    lost: 'declared subscriptions reference register by its ARN, which CloudFormation does not update',
  },
  'AWS::SNS::Topic': { properties: ['TopicName', 'FifoTopic'], lost: 'confirmed email subscriptions' },
  'Custom::FlowSubscription': {
    properties: ['ServiceToken'],
    lost: 'the subscription with its pause, its held deliveries and the state of its threshold',
  },
};

interface RecordedResource {
  readonly type: string;
  readonly properties: Readonly<Record<string, unknown>>;
}

/** The resources and outputs of a stack that an upgrade must not change. */
export interface RecordedResources {
  /** By logical id. */
  readonly resources: Readonly<Record<string, RecordedResource>>;
  /** Values of the stack's outputs. Null for an output with a list. */
  readonly outputs: Readonly<Record<string, unknown>>;
}

/** The resources and outputs of a template that an upgrade must not change. */
export function resourcesOf({ Resources, Outputs = {} }: Template): RecordedResources {
  const staying = Object.entries(Resources).flatMap(([logicalId, { Type, Properties = {} }]) => {
    const names = STAYING[Type]?.properties;
    if (!names) return [];
    const properties = names.filter((name) => Properties[name] !== undefined).map((name) => [name, Properties[name]]);
    return [[logicalId, { type: Type, properties: Object.fromEntries(properties) }] as const];
  });
  const known: readonly string[] = Object.values(Output);
  const outputs = Object.entries(Outputs).filter(([name]) => known.includes(name));
  return {
    resources: Object.fromEntries(staying.toSorted(([a], [b]) => (a < b ? -1 : 1))),
    outputs: Object.fromEntries(outputs.map(([name, { Value }]) => [name, isList(Value) ? null : Value])),
  };
}

const isList = (value: unknown): boolean => JSON.stringify(value).startsWith('{"Fn::Join":[","');

/** Messages about resources and outputs that an upgrade from the recorded to the current ones would replace. */
export function replacements(before: RecordedResources, now: RecordedResources): string[] {
  const resources = Object.entries(before.resources).flatMap(([logicalId, { type, properties }]) => {
    const lost = `Lost: ${STAYING[type]?.lost}.`;
    const current = now.resources[logicalId];
    if (!current) {
      return [
        `${type} ${logicalId} is missing: an upgrade deletes or abandons it. ${lost} Use the old id for its construct.`,
      ];
    }
    if (current.type !== type) return [`${logicalId} was ${type} and is ${current.type}. ${lost}`];
    const names = new Set([...Object.keys(properties), ...Object.keys(current.properties)]);
    return [...names].flatMap((name) => {
      const change = changed(name, properties[name], current.properties[name]);
      return change ? [`${type} ${logicalId}: ${name} ${change}: an upgrade replaces it or fails. ${lost}`] : [];
    });
  });
  const outputs = Object.entries(before.outputs).flatMap(([name, value]) => {
    if (!(name in now.outputs)) return [`output ${name} is missing: the CLI of the old version finds no connector.`];
    const change = changed(name, value, now.outputs[name]);
    return change ? [`output ${name} ${change}: configuration with the old value no longer works.`] : [];
  });
  return [...resources, ...outputs];
}

/** Lists of a table that can grow, and the field that names their entries. */
const GROWING: Readonly<Record<string, string>> = {
  AttributeDefinitions: 'AttributeName',
  GlobalSecondaryIndexes: 'IndexName',
};

function changed(name: string, before: unknown, now: unknown): string | undefined {
  const id = GROWING[name];
  if (id === undefined) return same(before, now) ? undefined : `was ${text(before)} and is ${text(now)}`;
  const entries = (list: unknown) =>
    new Map((list as Record<string, unknown>[] | undefined)?.map((one) => [one[id], one]));
  const current = entries(now);
  const other = [...entries(before)].filter(([key, one]) => !same(keysOf(one), keysOf(current.get(key))));
  return other.length > 0 ? `changes ${other.map(([key]) => key).join(', ')}` : undefined;
}

/** The properties of an index that cannot change, which are all except its capacity. */
const keysOf = (entry: ResourceDefinition['Properties']) =>
  entry && Object.fromEntries(Object.entries(entry).filter(([name]) => !/Throughput|Capacity/.test(name)));

const text = (value: unknown): string => JSON.stringify(value) ?? 'absent';
const same = (a: unknown, b: unknown): boolean => text(a) === text(b);
