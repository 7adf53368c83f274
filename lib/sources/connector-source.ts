import { Construct, type IConstruct } from 'constructs';
import type { Source } from './source';
import type { SourceNormalization } from './source-normalization';
import type { ReconciliationOptions, SourceReconciliation } from './source-reconciliation';

/** A connector that sources are added to. */
export interface ISourceConnector extends IConstruct {
  /** What reads the events of sources. */
  readonly normalization: SourceNormalization;

  /** What looks for runs of sources whose events did not come. */
  readonly reconciliation: SourceReconciliation;
}

/** What besides its events a source is known by. */
export interface ConnectorSourceOptions {
  /**
   * Looks on a schedule for runs of which no event came, and tells of them: services put their events with best effort only.
   * `{}` looks every hour, a day back. For flows of AppFlow, jobs of Glue and DataBrew, EMR Serverless, DataSync, Athena and
   * Step Functions, whose APIs know a run by the id that its event has.
   *
   * @default - a run whose event does not come is not told
   */
  readonly reconciliation?: ReconciliationOptions;
}

/** Properties of ConnectorSource. */
export interface ConnectorSourceProps extends ConnectorSourceOptions {
  /** The connector, of this stack or of another one of the app in the same account and Region. */
  readonly connector: ISourceConnector;

  /** What tells of its runs. */
  readonly source: Source;
}

/**
 * A source of a connector, whose events start the connector's flows. It may be in another stack than the connector: its
 * rule is in its own.
 *
 * @example
 * new ConnectorSource(this, 'Orders', {
 *   connector,
 *   source: Source.glueJob({ jobName: 'load-orders', dataSource: 'Orders' }),
 * });
 */
export class ConnectorSource extends Construct {
  constructor(scope: Construct, id: string, props: ConnectorSourceProps) {
    super(scope, id);
    const { connector, source, reconciliation } = props;
    connector.normalization._watch(this, source, reconciliation !== undefined);
    if (reconciliation) connector.reconciliation._schedule(this, source, reconciliation);
  }
}
