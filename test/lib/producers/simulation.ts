import { runSimulation } from '@cloud-copilot/iam-simulate';
import type { Template } from 'aws-cdk-lib/assertions';
import { list, referred, resources } from '../support';

/** Account and Region of the connector, and ARN of its bus. */
export const CONNECTOR = { account: '999988887777', region: 'eu-west-1' };
export const BUS_ARN = `arn:aws:events:${CONNECTOR.region}:${CONNECTOR.account}:event-bus/customer-data`;

/** Statements of the policy of the bus in a connector's template. */
export const busStatements = (template: Template): object[] =>
  Object.values(resources(template, 'AWS::Events::EventBusPolicy')).map(({ Properties }) =>
    plain(Properties.Statement),
  );

/** Statements of a role's policies. */
export const roleStatements = (template: Template, role: string): object[] =>
  Object.values(resources(template, 'AWS::IAM::Policy'))
    .filter(({ Properties }) => list(referred(Properties.Roles)).includes(role))
    .flatMap(({ Properties }) => list(plain(Properties.PolicyDocument.Statement)));

// biome-ignore lint/suspicious/noExplicitAny: templates have no types
const plain = (value: any): any =>
  withJoinedStrings(JSON.parse(JSON.stringify(value).replaceAll('{"Ref":"AWS::Partition"}', '"aws"')));

/** Resolves `Fn::Join`. */
// biome-ignore lint/suspicious/noExplicitAny: templates have no types
function withJoinedStrings(value: any): any {
  if (Array.isArray(value)) return value.map(withJoinedStrings);
  if (typeof value !== 'object' || value === null) return value;
  if (value['Fn::Join']) return value['Fn::Join'][1].join(value['Fn::Join'][0]);
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, withJoinedStrings(inner)]));
}

/** A PutEvents request. */
export interface Put {
  readonly account: string;
  readonly organization?: string;
  readonly path?: string;
  readonly sources: readonly string[];
  readonly detailTypes: readonly string[];
}

const EVERYTHING = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }] };

/**
 * Whether the bus accepts a request.
 * @param statements of the policy of the bus.
 * @param identity statements of the role's policies. By default its account allows everything.
 */
export async function isAccepted(statements: object[], put: Put, identity?: object[]): Promise<boolean> {
  const { organization, path } = put;
  const result = await runSimulation(
    {
      request: {
        principal: `arn:aws:iam::${put.account}:role/Producer`,
        action: 'events:PutEvents',
        resource: { resource: BUS_ARN, accountId: CONNECTOR.account },
        contextVariables: {
          ...(put.sources.length > 0 && { 'events:source': [...put.sources] }),
          ...(put.detailTypes.length > 0 && { 'events:detail-type': [...put.detailTypes] }),
          ...(organization && { 'aws:PrincipalOrgID': organization }),
          ...(organization && path && { 'aws:PrincipalOrgPaths': [`${organization}/${path}/`] }),
        },
      },
      identityPolicies: [{ name: 'role', policy: identity ? { ...EVERYTHING, Statement: identity } : EVERYTHING }],
      serviceControlPolicies: [{ orgIdentifier: 'o', policies: [{ name: 'all', policy: EVERYTHING }] }],
      resourceControlPolicies: [],
      resourcePolicy: { Version: '2012-10-17', Statement: statements },
    },
    {},
  );
  if (result.resultType === 'error') throw new Error(JSON.stringify(result.errors));
  return result.overallResult === 'Allowed';
}
