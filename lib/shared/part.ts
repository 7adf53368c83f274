import type * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import { Construct } from 'constructs';
import { Env } from '../../contract/environment';
import { anyMetric } from './connector-metric';
import { HandlerFunction, type HandlerFunctionProps } from './handler-function';
import { identityOf } from './identity';
import type { EventOptions, EventPartProps } from './options';

/**
 * Base class of the constructs with metrics. jsii copies its public members to them.
 * @internal
 */
export abstract class MeteredPart extends Construct {
  /** ID of the connector. Its events and metrics carry the ID. */
  public readonly connectorId: string;

  constructor(scope: Construct, id: string, props: EventOptions) {
    super(scope, id);
    this.connectorId = identityOf(this, props).connectorId;
  }

  /**
   * A metric of this connector. Statistic: sum over 5 minutes.
   *
   * @param metricName name of the metric, such as `LateObservations`
   * @param options overrides of the metric's defaults
   */
  public metric(metricName: string, options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return anyMetric(this, this.connectorId, metricName, options);
  }
}

/** A function that puts events on the connector's bus. Its permissions are granted separately. */
export function eventFunction(
  scope: Construct,
  props: EventPartProps,
  { environment, ...declared }: HandlerFunctionProps,
): HandlerFunction {
  const { connectorId, eventSource } = identityOf(scope, props);
  return new HandlerFunction(scope, {
    ...props,
    ...declared,
    environment: {
      [Env.CONNECTOR_ID]: connectorId,
      [Env.EVENT_BUS_NAME]: props.eventBus.eventBusName,
      [Env.EVENT_SOURCE]: eventSource,
      ...environment,
    },
  });
}
