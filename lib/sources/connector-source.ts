import { Construct, type IConstruct } from 'constructs';
import type { Source } from './source';
import type { SourceNormalization } from './source-normalization';

/** A connector that sources are added to. */
export interface ISourceConnector extends IConstruct {
  /** What reads the events of sources. */
  readonly normalization: SourceNormalization;
}

/** Properties of ConnectorSource. */
export interface ConnectorSourceProps {
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
    props.connector.normalization._watch(this, props.source);
  }
}
