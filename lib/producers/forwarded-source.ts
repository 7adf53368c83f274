import { Stack } from 'aws-cdk-lib';
import { Construct, type IConstruct } from 'constructs';
import { validateNamedOrigin } from '../sources/accepted-source';
import type { Source } from '../sources/source';
import type { ReconciliationOptions } from '../sources/source-reconciliation';
import type { SourceForwarding } from './source-forwarding';

/** A construct that forwards sources to a connector. */
export interface ISourceForwarder extends IConstruct {
  /** Construct that forwards the events of sources. */
  readonly sources: SourceForwarding;
}

/** Options of a forwarded source. */
export interface ForwardedSourceOptions {
  /**
   * Schedule that lists the ended runs of the source for the connector, which puts those on its bus whose events it did not
   * receive. The connector must accept the source with `reconciled`. Kinds, schedule and period as for a source in the
   * connector's account.
   *
   * @default - a run whose event is not received is missed
   */
  readonly reconciliation?: ReconciliationOptions;
}

/** Properties of ForwardedSource. */
export interface ForwardedSourceProps extends ForwardedSourceOptions {
  /** Construct that forwards the events: a `ProducerForwarding` in the account and Region of the source. */
  readonly forwarding: ISourceForwarder;

  /** AWS resource whose events start flows. The connector decides what it reports, such as the name of the data source. */
  readonly source: Source;
}

/**
 * A source in another account or Region than its connector. The connector must accept it (`connector.acceptSource`).
 *
 * @example
 * const forwarding = new ProducerForwarding(this, 'ToPowerAutomate', {
 *   connectorBusArn: 'arn:aws:events:eu-west-1:999988887777:event-bus/customer-data',
 * });
 * new ForwardedSource(this, 'Orders', {
 *   forwarding,
 *   source: Source.glueJob({ jobName: 'load-orders', dataSource: 'Orders' }),
 * });
 */
export class ForwardedSource extends Construct {
  constructor(scope: Construct, id: string, props: ForwardedSourceProps) {
    super(scope, id);
    const { forwarding, source, reconciliation } = props;
    const { account, region } = Stack.of(forwarding);
    validateNamedOrigin(this, source, { account, region });
    forwarding.sources._forward(source);
    if (reconciliation) forwarding.sources.reconciliation._schedule(this, source, reconciliation);
  }
}
