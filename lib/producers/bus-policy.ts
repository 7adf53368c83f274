import { Lazy } from 'aws-cdk-lib';
import * as events from 'aws-cdk-lib/aws-events';
import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { DomainEvent } from '../../contract/events';
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
 * Conditions of producers: they can put events of the connector's source, but not those that only a connector puts, such as
 * threshold crossings. `ForAllValues` holds for a request without values, so the values must exist (IAM user guide,
 * "Set operators for multivalued context keys").
 */
export const producerConditions = (eventSource: string): iam.Conditions => ({
  'ForAllValues:StringEquals': {
    'events:source': [eventSource],
    'events:detail-type': Object.values(DomainEvent),
  },
  Null: { 'events:source': 'false', 'events:detail-type': 'false' },
});

/**
 * Statements of the bus's resource policy that allow producers of other accounts to put events: one for all accounts, and one
 * for each organization.
 */
export class BusPolicy extends Construct {
  private readonly accounts: iam.PolicyStatement;
  private readonly statements: iam.PolicyStatement[] = [];
  private readonly known = new Set<string>();

  constructor(
    scope: Construct,
    id: string,
    private readonly props: BusPolicyProps,
  ) {
    super(scope, id);
    this.accounts = this.statement();
    this.node.addValidation({ validate: () => this.problems() });
  }

  /** Allows a producer. A producer that is already allowed changes nothing. */
  allow({ _allowed: { account, organization } }: Producer): void {
    const key = account?.accountId ?? JSON.stringify(organization);
    if (this.known.has(key)) return;
    this.known.add(key);
    if (account) {
      this.accounts.addPrincipals(account);
      this.add('Accounts', this.accounts);
    } else {
      const statement = this.statement();
      statement.addAnyPrincipal();
      statement.addConditions({ ...organization });
      this.add(`Organization${this.statements.filter((one) => one !== this.accounts).length + 1}`, statement);
    }
  }

  private statement(): iam.PolicyStatement {
    const { eventBus, eventSource } = this.props;
    return new iam.PolicyStatement({
      actions: ['events:PutEvents'],
      resources: [eventBus.eventBusArn],
      conditions: producerConditions(eventSource),
    });
  }

  private add(id: string, statement: iam.PolicyStatement): void {
    if (this.statements.includes(statement)) return;
    this.statements.push(statement);
    // The suffix distinguishes the statements of two connectors on one bus.
    const statementId = `${id}-${this.node.addr.slice(-8)}`;
    new events.CfnEventBusPolicy(this, id, {
      eventBusName: this.props.eventBus.eventBusName,
      statementId,
      statement: Lazy.any({ produce: () => ({ Sid: statementId, ...statement.toStatementJson() }) }),
    });
  }

  private problems(): string[] {
    const text = JSON.stringify(this.statements.map((statement) => statement.toStatementJson()));
    const bytes = text.replaceAll(/\$\{Token\[[^\]]*\]\}/g, PRINCIPAL).length;
    if (bytes <= MAX_POLICY_BYTES) return [];
    return [
      `the policy of the event bus has about ${bytes} bytes, and EventBridge allows ${MAX_POLICY_BYTES}: ` +
        'allow an organization, or a path in it, instead of single accounts',
    ];
  }
}
