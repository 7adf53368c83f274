import type * as events from 'aws-cdk-lib/aws-events';
import { Construct, type IConstruct } from 'constructs';
import type { Source } from './source';
import type { ReconciliationOptions } from './source-reconciliation';

/** A connector that sources can be added to. */
export interface ISourceConnector extends IConstruct {
  /** Event bus that the converted events of sources are put on. */
  readonly eventBus: events.IEventBus;

  /**
   * Adds rules for a source to the scope's stack.
   * @internal
   */
  _watch(scope: Construct, source: Source, reconciliation?: ReconciliationOptions): void;
}

/** Options of a source in a connector. */
export interface ConnectorSourceOptions {
  /**
   * Schedule that finds runs whose events were not received, because services deliver their events on a best-effort basis.
   * `{}` checks every hour and looks back 1 day. Supported for AppFlow, Glue jobs, DataBrew, EMR Serverless, DataSync, Athena
   * and Step Functions, whose APIs identify a run by the same ID as its event.
   *
   * @default - a run whose event is not received is missed
   */
  readonly reconciliation?: ReconciliationOptions;
}

/** Properties of ConnectorSource. */
export interface ConnectorSourceProps extends ConnectorSourceOptions {
  /**
   * Connector in this stack, in another stack of the app, or in another app (`PowerAutomateConnector.fromExports`), in the same
   * account and Region.
   */
  readonly connector: ISourceConnector;

  /** AWS resource whose events start flows. */
  readonly source: Source;
}

/**
 * A source whose events start the connector's flows. It can be in another stack than the connector. Its rule is in its own
 * stack.
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
    props.connector._watch(this, props.source, props.reconciliation);
  }
}
