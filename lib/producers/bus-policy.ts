import { Lazy } from 'aws-cdk-lib';
import * as events from 'aws-cdk-lib/aws-events';
import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { DomainEvent } from '../../contract/events';
import { LISTED_RUNS, type SourceKind } from '../../contract/sources';
import { SOURCE_PATTERNS, type TextMatch } from '../sources/source-patterns';
import type { Producer } from './producer';

/** EventBridge API reference, PutPermission: the maximum size of a bus's policy. */
const MAX_POLICY_BYTES = 10_240;
/** Length of an account principal, whose partition is a token until deployment. */
const PRINCIPAL = 'arn:aws-us-gov:iam::111122223333:root';

/** Properties of BusPolicy. */
export interface BusPolicyProps {
  readonly eventBus: events.IEventBus;
  /** The `source` of the events that producers can put. */
  readonly eventSource: string;
}

/**
 * Conditions for events of these sources and detail types. `ForAllValues` holds for a request without values, so the values
 * must exist (IAM user guide, "Set operators for multivalued context keys").
 */
const putConditions = (
  sources: readonly string[],
  detailTypes: readonly string[],
  operator = 'StringEquals',
): iam.Conditions => ({
  [`ForAllValues:${operator}`]: { 'events:source': sources, 'events:detail-type': detailTypes },
  Null: { 'events:source': 'false', 'events:detail-type': 'false' },
});

/**
 * Conditions of producers: they can put events of the connector's source, but not those that only a connector puts, such as
 * threshold crossings.
 */
export const producerConditions = (eventSource: string): iam.Conditions =>
  putConditions([eventSource], Object.values(DomainEvent));

/** Conditions for the events of one kind of source. Only rules send them: `PutEvents` refuses the sources of AWS. */
export function sourceConditions(kind: SourceKind): iam.Conditions {
  const { source, 'detail-type': detailTypes } = SOURCE_PATTERNS[kind].patternFor();
  return putConditions(source.map(wildcardOf), detailTypes.map(wildcardOf), 'StringLike');
}

const wildcardOf = (match: TextMatch): string => {
  if (typeof match === 'string') return match;
  return 'prefix' in match ? `${match.prefix}*` : `*${match.suffix}`;
};

/** Conditions for lists of runs. */
export const listedRunsConditions = (): iam.Conditions => putConditions([LISTED_RUNS.source], [LISTED_RUNS.detailType]);

/**
 * Statements of the bus's resource policy that allow other accounts to put events: for producers, one for all accounts and one
 * for each organization; for forwarded sources, one for each kind.
 */
export class BusPolicy extends Construct {
  private readonly statements = new Map<string, iam.PolicyStatement>();
  private readonly known = new Set<string>();

  constructor(
    scope: Construct,
    id: string,
    private readonly props: BusPolicyProps,
  ) {
    super(scope, id);
    this.node.addValidation({ validate: () => this.problems() });
  }

  /** Allows a producer. A producer that is already allowed changes nothing. */
  allow({ _allowed: { account, organization } }: Producer): void {
    const conditions = producerConditions(this.props.eventSource);
    if (account) this.allowAccount('Accounts', account, conditions);
    else this.allowOrganization({ ...organization }, conditions);
  }

  private allowOrganization(organization: iam.Conditions, conditions: iam.Conditions): void {
    const key = JSON.stringify(organization);
    if (this.known.has(key)) return;
    this.known.add(key);
    const others = [...this.statements.keys()].filter((id) => id.startsWith('Organization'));
    const statement = this.statement(`Organization${others.length + 1}`, conditions);
    statement.addAnyPrincipal();
    statement.addConditions(organization);
  }

  /** Allows an account to forward the events of one kind of source. */
  allowSource(accountId: string, kind: SourceKind): void {
    this.allowAccount(SOURCE_PATTERNS[kind].id, new iam.AccountPrincipal(accountId), sourceConditions(kind));
  }

  /** Allows an account to forward the lists of its sources' runs. */
  allowListedRuns(accountId: string): void {
    this.allowAccount('ListedRuns', new iam.AccountPrincipal(accountId), listedRunsConditions());
  }

  private allowAccount(id: string, account: iam.AccountPrincipal, conditions: iam.Conditions): void {
    const key = `${id} ${account.accountId}`;
    if (this.known.has(key)) return;
    this.known.add(key);
    this.statement(id, conditions).addPrincipals(account);
  }

  private statement(id: string, conditions: iam.Conditions): iam.PolicyStatement {
    const existing = this.statements.get(id);
    if (existing) return existing;
    const resources = [this.props.eventBus.eventBusArn];
    const statement = new iam.PolicyStatement({ actions: ['events:PutEvents'], resources, conditions });
    this.statements.set(id, statement);
    // The suffix distinguishes the statements of two connectors on one bus.
    const statementId = `${id}-${this.node.addr.slice(-8)}`;
    new events.CfnEventBusPolicy(this, id, {
      eventBusName: this.props.eventBus.eventBusName,
      statementId,
      statement: Lazy.any({ produce: () => ({ Sid: statementId, ...statement.toStatementJson() }) }),
    });
    return statement;
  }

  private problems(): string[] {
    const text = JSON.stringify([...this.statements.values()].map((statement) => statement.toStatementJson()));
    const bytes = text.replaceAll(/\$\{Token\[[^\]]*\]\}/g, PRINCIPAL).length;
    if (bytes <= MAX_POLICY_BYTES) return [];
    return [
      `the policy of the event bus has about ${bytes} bytes, and EventBridge allows ${MAX_POLICY_BYTES}: ` +
        'allow an organization, or a path in it, instead of single accounts',
    ];
  }
}
