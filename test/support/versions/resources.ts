import { Output } from '../../../contract/outputs';
import type { ResourceDefinition, Template } from '../../../local/template/template';

/** Why a type's resources must stay. */
interface StayingType {
  /** Properties whose change replaces the resource, or makes the deployment fail. */
  readonly properties: readonly string[];
  /** What goes with a resource that is replaced. */
  readonly lost: string;
}

/**
 * Types whose resources hold what must not be lost. Properties: "Update requires: Replacement" on the type's page of the
 * AWS CloudFormation template reference. The page of AWS::KMS::Key lists properties whose change fails instead. Indexes and
 * attribute types of a table are in it because a change makes DynamoDB rebuild the index or refuse the update.
 */
const STAYING: Readonly<Record<string, StayingType>> = {
  'AWS::DynamoDB::GlobalTable': {
    properties: ['TableName', 'KeySchema', 'LocalSecondaryIndexes', 'AttributeDefinitions', 'GlobalSecondaryIndexes'],
    lost: 'the connector starts with an empty table: its items stay behind in the old one',
  },
  'AWS::SQS::Queue': { properties: ['QueueName', 'FifoQueue'], lost: 'messages that wait in the old queue' },
  'AWS::KMS::Key': {
    properties: ['KeySpec', 'KeyUsage', 'Origin', 'MultiRegion'],
    lost: 'what the old key encrypted, such as stored flow URLs, cannot be decrypted',
  },
  'AWS::Events::EventBus': {
    properties: ['Name', 'EventSourceName'],
    lost: 'producers put their events on a bus that is gone',
  },
  'AWS::Events::Archive': { properties: ['ArchiveName', 'SourceArn'], lost: 'the archived events' },
  'AWS::Logs::LogGroup': { properties: ['LogGroupName'], lost: 'the log so far: explain does not find it' },
  'AWS::Lambda::EventSourceMapping': {
    properties: ['EventSourceArn', 'StartingPosition'],
    lost: 'CloudFormation makes the new mapping before it deletes the old one, which Lambda refuses for the same queue and function',
  },
  'AWS::Lambda::Function': {
    properties: ['FunctionName', 'PackageType'],
    lost: 'declared subscriptions name register by its ARN, which CloudFormation does not change',
  },
  'AWS::SNS::Topic': { properties: ['TopicName', 'FifoTopic'], lost: 'subscriptions that people confirmed' },
  'Custom::FlowSubscription': {
    properties: ['ServiceToken'],
    lost: 'the subscription: its pause, its held deliveries and whether its threshold is armed',
  },
};

interface RecordedResource {
  readonly type: string;
  readonly properties: Readonly<Record<string, unknown>>;
}

/** What an upgrade must leave alone in a stack. */
export interface RecordedResources {
  /** By logical id. */
  readonly resources: Readonly<Record<string, RecordedResource>>;
  /** Values of the stack's outputs that name one thing; null for a list. */
  readonly outputs: Readonly<Record<string, unknown>>;
}

/** What an upgrade of the template's stack must leave alone. */
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

/** What an upgrade from the recorded resources to the current ones would replace, in sentences. */
export function replacements(before: RecordedResources, now: RecordedResources): string[] {
  const resources = Object.entries(before.resources).flatMap(([logicalId, { type, properties }]) => {
    const lost = `Lost: ${STAYING[type]?.lost}.`;
    const current = now.resources[logicalId];
    if (!current) {
      return [
        `${type} ${logicalId} is gone: an upgrade deletes or abandons it. ${lost} Give its construct the old id.`,
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
    if (!(name in now.outputs)) return [`the output ${name} is gone: the CLI of the old version finds no connector.`];
    const change = changed(name, value, now.outputs[name]);
    return change ? [`the output ${name} ${change}: what was set up with its value no longer works.`] : [];
  });
  return [...resources, ...outputs];
}

/** Lists of a table that may grow, by what names their entries. */
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

/** What of an index cannot be changed: not its capacity. */
const keysOf = (entry: ResourceDefinition['Properties']) =>
  entry && Object.fromEntries(Object.entries(entry).filter(([name]) => !/Throughput|Capacity/.test(name)));

const text = (value: unknown): string => JSON.stringify(value) ?? 'absent';
const same = (a: unknown, b: unknown): boolean => text(a) === text(b);
