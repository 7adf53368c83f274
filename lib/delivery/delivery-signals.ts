import type * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type * as events from 'aws-cdk-lib/aws-events';
import { Metric } from '../../contract/metrics';
import * as kinds from '../events/event-kinds';
import { onEvent } from '../events/on-event';
import { ageMetric, countMetric, durationMetric } from '../shared/connector-metric';
import { MeteredPart } from '../shared/part';

/**
 * Event rules and metrics that FlowDelivery and PowerAutomateConnector share. jsii copies the public members to both.
 * @internal
 */
export abstract class DeliverySignals extends MeteredPart {
  /** Event bus that the connector's events are put on. */
  public abstract readonly eventBus: events.IEventBus;

  /** The `source` of the connector's events. */
  public abstract readonly eventSource: string;

  /**
   * Creates a rule for expected refreshes that did not come, or came at last: see the field `state`.
   *
   * @param id ID of the rule
   * @param options target and filter of the rule
   */
  public onRefreshOverdue(id: string, options?: events.OnEventOptions): events.Rule {
    return onEvent(this, id, this, kinds.refreshOverdue(this.connectorId), options);
  }

  /**
   * Number of refreshes that were reported as overdue. Statistic: sum over 5 minutes.
   *
   * @param options overrides of the metric's defaults
   */
  public metricOverdueRefreshes(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return countMetric(this, this.connectorId, Metric.OVERDUE_REFRESHES, options);
  }

  /**
   * Creates a rule for subscriptions that were paused because their flow must be fixed.
   *
   * @param id ID of the rule
   * @param options target and filter of the rule
   */
  public onSubscriptionPaused(id: string, options?: events.OnEventOptions): events.Rule {
    return onEvent(this, id, this, kinds.subscriptionPaused(this.connectorId), options);
  }

  /**
   * Creates a rule for paused subscriptions that became active again.
   *
   * @param id ID of the rule
   * @param options target and filter of the rule
   */
  public onSubscriptionResumed(id: string, options?: events.OnEventOptions): events.Rule {
    return onEvent(this, id, this, kinds.subscriptionResumed(this.connectorId), options);
  }

  /**
   * Creates a rule for dead deliveries, which are no longer retried.
   *
   * @param id ID of the rule
   * @param options target and filter of the rule
   */
  public onDeliveryDead(id: string, options?: events.OnEventOptions): events.Rule {
    return onEvent(this, id, this, kinds.deliveryDead(this.connectorId), options);
  }

  /**
   * Creates a rule for accepted deliveries whose flow did not report in time that it finished. Only for subscriptions with
   * `finishWithin`.
   *
   * @param id ID of the rule
   * @param options target and filter of the rule
   */
  public onDeliveryUnconfirmed(id: string, options?: events.OnEventOptions): events.Rule {
    return onEvent(this, id, this, kinds.deliveryUnconfirmed(this.connectorId), options);
  }

  /**
   * Creates a rule for accepted deliveries whose flow reported that it failed.
   *
   * @param id ID of the rule
   * @param options target and filter of the rule
   */
  public onDeliveryFailedInFlow(id: string, options?: events.OnEventOptions): events.Rule {
    return onEvent(this, id, this, kinds.deliveryFailedInFlow(this.connectorId), options);
  }

  /**
   * Number of deliveries that flows accepted. Statistic: sum over 5 minutes.
   *
   * @param options overrides of the metric's defaults
   */
  public metricDelivered(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return countMetric(this, this.connectorId, Metric.DELIVERED, options);
  }

  /**
   * Number of attempts that a flow did not accept. Statistic: sum over 5 minutes.
   *
   * @param options overrides of the metric's defaults
   */
  public metricFailedAttempts(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return countMetric(this, this.connectorId, Metric.FAILED_ATTEMPTS, options);
  }

  /**
   * Time from accepting a trigger until its flow accepts the delivery, in milliseconds, including waits and pauses.
   * Statistic: p90 over 5 minutes.
   *
   * @param options overrides of the metric's defaults
   */
  public metricDeliveryLatency(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return durationMetric(this, this.connectorId, Metric.DELIVERY_LATENCY, options);
  }

  /**
   * Response time of flows in milliseconds, for every response. Statistic: p90 over 5 minutes.
   *
   * @param options overrides of the metric's defaults
   */
  public metricFlowDuration(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return durationMetric(this, this.connectorId, Metric.FLOW_DURATION, options);
  }

  /**
   * Number of deliveries that became dead. Statistic: sum over 5 minutes.
   *
   * @param options overrides of the metric's defaults
   */
  public metricDead(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return countMetric(this, this.connectorId, Metric.DEAD_DELIVERIES, options);
  }

  /**
   * Number of accepted deliveries whose flow did not report in time that it finished. Statistic: sum over 5 minutes.
   *
   * @param options overrides of the metric's defaults
   */
  public metricUnconfirmed(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return countMetric(this, this.connectorId, Metric.UNCONFIRMED_DELIVERIES, options);
  }

  /**
   * Number of accepted deliveries whose flow reported that it failed. Statistic: sum over 5 minutes.
   *
   * @param options overrides of the metric's defaults
   */
  public metricFailedInFlow(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return countMetric(this, this.connectorId, Metric.FAILED_IN_FLOW, options);
  }

  /**
   * Number of triggers that matched no subscription. Statistic: sum over 5 minutes.
   *
   * @param options overrides of the metric's defaults
   */
  public metricUnmatched(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return countMetric(this, this.connectorId, Metric.UNMATCHED_EVENTS, options);
  }

  /**
   * Number of times that a subscription was paused, not the number of paused subscriptions. Statistic: sum over 5 minutes.
   *
   * @param options overrides of the metric's defaults
   */
  public metricPausedSubscriptions(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return countMetric(this, this.connectorId, Metric.PAUSED_SUBSCRIPTIONS, options);
  }

  /**
   * Age of the oldest delivery that waits for a retry, in seconds since its first attempt. Published every
   * minute while a delivery waits; with `ConnectorAlarms` also otherwise, as 0. Statistic: maximum over 5 minutes.
   *
   * @param options overrides of the metric's defaults
   */
  public metricOldestPending(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return ageMetric(this, this.connectorId, Metric.OLDEST_PENDING_AGE, options);
  }
}
