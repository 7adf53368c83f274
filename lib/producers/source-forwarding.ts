import * as events from 'aws-cdk-lib/aws-events';
import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { LISTED_RUNS, type SourceKind } from '../../contract/sources';
import type { EventOptions, FunctionOptions, QueueOptions, RemovalOptions } from '../shared/options';
import type { Source } from '../sources/source';
import { SourceReconciliation } from '../sources/source-reconciliation';
import { SourceRules } from '../sources/source-rules';
import { listedRunsConditions, sourceConditions } from './bus-policy';

/** Properties of SourceForwarding. */
export interface SourceForwardingProps extends EventOptions, QueueOptions, FunctionOptions, RemovalOptions {
  /** ARN of the connector's event bus. */
  readonly connectorBusArn: string;

  /** Role that forwards the events. Its permissions are extended. */
  readonly role: iam.IRole;

  /** Target of the rules: the connector's event bus. */
  readonly target: events.IRuleTarget;
}

/**
 * Forwards the events of AWS services about sources, unchanged, to a connector in another account or Region. The sources of one
 * kind share a rule on the account's default bus. Created with the first source.
 *
 * @example
 * const forwarding = new ProducerForwarding(this, 'ToPowerAutomate', {
 *   connectorBusArn: 'arn:aws:events:eu-west-1:999988887777:event-bus/customer-data',
 * });
 * const source = Source.glueJob({ jobName: 'load-prices', dataSource: 'Prices' });
 * forwarding.addSource('Prices', source, { reconciliation: {} });
 * forwarding.sources.reconciliation.metricFailedReconciliations();
 */
export class SourceForwarding extends Construct {
  private readonly kinds = new Set<SourceKind>();
  private readonly rules: SourceRules;
  private reconciling?: SourceReconciliation;

  constructor(
    scope: Construct,
    id: string,
    private readonly props: SourceForwardingProps,
  ) {
    super(scope, id);
    this.rules = new SourceRules(this, 'Rules', { targetOf: () => ({ withInput: () => props.target }) });
  }

  /** Construct that lists the runs of sources for the connector. Created on first use. */
  public get reconciliation(): SourceReconciliation {
    this.reconciling ??= this.createReconciliation();
    return this.reconciling;
  }

  /** @internal */
  public _forward(source: Source): void {
    this.rules.watch(source._kind, source._entry);
    if (this.kinds.has(source._kind)) return;
    this.kinds.add(source._kind);
    this.allow(sourceConditions(source._kind));
  }

  /** The lists take the path of the events, because rules can also send to a bus in another Region. */
  private createReconciliation(): SourceReconciliation {
    const { connectorBusArn: _, role: __, target, ...options } = this.props;
    const eventBus = events.EventBus.fromEventBusName(this, 'DefaultBus', 'default');
    new events.Rule(this, 'ListedRuns', {
      description: 'Forwards lists of runs to a Power Automate connector.',
      eventPattern: { source: [LISTED_RUNS.source], detailType: [LISTED_RUNS.detailType] },
      targets: [target],
    });
    this.allow(listedRunsConditions());
    return new SourceReconciliation(this, 'Reconciliation', {
      ...options,
      eventBus,
      eventSource: LISTED_RUNS.source,
    });
  }

  private allow(conditions: iam.Conditions): void {
    const { role, connectorBusArn } = this.props;
    role.addToPrincipalPolicy(
      new iam.PolicyStatement({ actions: ['events:PutEvents'], resources: [connectorBusArn], conditions }),
    );
  }
}
