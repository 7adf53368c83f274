import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as ssm from 'aws-cdk-lib/aws-ssm';
import { PowerAutomateConnector, type PowerAutomateConnectorProps } from '../../lib';

/** Existing tables that meet the requirements in the docstrings of the props. */
const SUITABLE = {
  subscriptionsTable: {
    partitionKey: string('pk'),
    globalSecondaryIndexes: [
      {
        indexName: 'by-trigger',
        partitionKey: string('triggerKey'),
        sortKey: string('subjectKey'),
        projectionType: dynamodb.ProjectionType.INCLUDE,
        nonKeyAttributes: ['uid', 'filter'],
      },
      { indexName: 'by-due', partitionKey: string('dueKind'), sortKey: number('due') },
    ],
  },
  thresholdsTable: {
    partitionKey: string('pk'),
    sortKey: string('sk'),
    timeToLiveAttribute: 'expiresAt',
    globalSecondaryIndexes: [{ indexName: 'by-due', partitionKey: string('dueKind'), sortKey: number('due') }],
  },
  runsTable: {
    partitionKey: string('pk'),
    timeToLiveAttribute: 'expiresAt',
    globalSecondaryIndexes: [{ indexName: 'by-due', partitionKey: string('dueKind'), sortKey: number('due') }],
  },
  deliveriesTable: {
    partitionKey: string('pk'),
    sortKey: string('sk'),
    timeToLiveAttribute: 'expiresAt',
    globalSecondaryIndexes: [{ indexName: 'by-open', partitionKey: string('open'), sortKey: number('openSince') }],
  },
} satisfies Record<string, dynamodb.TablePropsV2>;
export type TableProp = keyof typeof SUITABLE;
export const TABLE_PROPS = Object.keys(SUITABLE) as TableProp[];

function string(name: string): dynamodb.Attribute {
  return { name, type: dynamodb.AttributeType.STRING };
}
function number(name: string): dynamodb.Attribute {
  return { name, type: dynamodb.AttributeType.NUMBER };
}

/** A table for a prop. By default, it meets all requirements. */
export function suitableTable(
  stack: Stack,
  prop: TableProp,
  change: (suitable: dynamodb.TablePropsV2) => dynamodb.TablePropsV2 = (suitable) => suitable,
): dynamodb.TableV2 {
  return new dynamodb.TableV2(stack, `Given-${prop}`, change(SUITABLE[prop]));
}

export interface Resource {
  readonly Type: string;
  // biome-ignore lint/suspicious/noExplicitAny: templates have no types
  readonly Properties: any;
  readonly DeletionPolicy?: string;
  readonly UpdateReplacePolicy?: string;
}

/** A stack with one connector. Without `context`, no feature flags are set. */
export function connectorStack(props?: PowerAutomateConnectorProps, context?: Record<string, unknown>) {
  const stack = new Stack(new App({ context }), 'Stack');
  return { stack, connector: new PowerAutomateConnector(stack, 'Connector', props) };
}

export function connectorTemplate(props?: PowerAutomateConnectorProps, context?: Record<string, unknown>): Template {
  return Template.fromStack(connectorStack(props, context).stack);
}

/** Resources of a type, by logical ID without CDK's hash. */
export function resources(template: Template, type: string): Record<string, Resource> {
  const found = Object.entries(template.findResources(type));
  return Object.fromEntries(found.map(([id, resource]) => [readable(id), resource as Resource]));
}

/** A logical ID without CDK's hash and without the connector's prefix. */
export const readable = (logicalId: string): string => logicalId.replace(/[0-9A-F]{8}$/, '').replace(/^Connector/, '');

/** Replaces references in a template with readable logical IDs. */
// biome-ignore lint/suspicious/noExplicitAny: templates have no types
export function referred(value: any): any {
  if (Array.isArray(value)) return value.map(referred);
  if (typeof value !== 'object' || value === null) return value;
  if (typeof value.Ref === 'string') return readable(value.Ref);
  if (value['Fn::GetAtt']) return readable(value['Fn::GetAtt'][0]);
  if (value['Fn::Join']) return value['Fn::Join'][1].map(referred).join(value['Fn::Join'][0]);
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, referred(inner)]));
}

export const list = <T>(value: T | T[]): T[] => (Array.isArray(value) ? value : [value]);

/** Permissions of a role, as sorted `action resource`. Throws if a statement does not allow. */
export function permissions(template: Template, role: string): string[] {
  const statements = Object.values(resources(template, 'AWS::IAM::Policy'))
    .filter(({ Properties }) => referred(Properties.Roles).includes(role))
    .flatMap(({ Properties }) => Properties.PolicyDocument.Statement);
  return statements
    .flatMap(({ Effect, Action, Resource }) => {
      if (Effect !== 'Allow') throw new Error(`a statement of ${role} has the effect ${Effect}`);
      return list(Action).flatMap((action) => list(Resource).map((resource) => `${action} ${referred(resource)}`));
    })
    .sort();
}

/** A connector with encrypted queues, and a second stack of the same app. */
export function connectorAndTeam() {
  const app = new App();
  const env = { account: '111122223333', region: 'eu-west-1' };
  const platform = new Stack(app, 'Platform', { env });
  const queueEncryptionKey = new kms.Key(platform, 'QueueKey');
  const connector = new PowerAutomateConnector(platform, 'Connector', { queueEncryptionKey });
  return { platform, connector, team: new Stack(app, 'Team', { env }) };
}

/** A SecureString that is encrypted with a customer managed key. */
export const secureString = (stack: Stack, id: string, parameterName: string, encryptionKey: kms.IKey) =>
  ssm.StringParameter.fromSecureStringParameterAttributes(stack, id, { parameterName, encryptionKey });
