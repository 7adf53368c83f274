import type * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type * as events from 'aws-cdk-lib/aws-events';
import { Metric } from '../../contract/metrics';
import { DeliverySignals } from '../delivery/delivery-signals';
import type { TriggerRules } from '../events/trigger-rules';
import { countMetric } from '../shared/connector-metric';
import type { ThresholdEvaluation } from '../thresholds/threshold-evaluation';

/**
 * Event rules and metrics of PowerAutomateConnector. jsii copies the public members to it.
 * @internal
 */
export abstract class ConnectorSignals extends DeliverySignals {
  /** Rules of the event bus. */
  public abstract readonly rules: TriggerRules;

  /** Construct that compares observations with thresholds. */
  public abstract readonly thresholds: ThresholdEvaluation;

  /**
   * Creates a rule for refreshes of data sources that failed or timed out, and will not be retried.
   *
   * @param id ID of the rule
   * @param options target and filter of the rule
   */
  public onDataSourceRefreshFailed(id: string, options?: events.OnEventOptions): events.Rule {
    return this.rules.onDataSourceRefreshFailed(id, this.inScope(options));
  }

  /**
   * Creates a rule for refreshes of data sources that succeeded.
   *
   * @param id ID of the rule
   * @param options target and filter of the rule
   */
  public onDataSourceRefreshSucceeded(id: string, options?: events.OnEventOptions): events.Rule {
    return this.rules.onDataSourceRefreshSucceeded(id, this.inScope(options));
  }

  /**
   * Creates a rule for full refreshes that ended, with any status.
   *
   * @param id ID of the rule
   * @param options target and filter of the rule
   */
  public onFullRefreshCompleted(id: string, options?: events.OnEventOptions): events.Rule {
    return this.rules.onFullRefreshCompleted(id, this.inScope(options));
  }

  /**
   * Creates a rule for unifications that ended, with any status.
   *
   * @param id ID of the rule
   * @param options target and filter of the rule
   */
  public onUnificationRefreshCompleted(id: string, options?: events.OnEventOptions): events.Rule {
    return this.rules.onUnificationRefreshCompleted(id, this.inScope(options));
  }

  /**
   * Creates a rule for segments and measures that crossed a threshold.
   *
   * @param id ID of the rule
   * @param options target and filter of the rule
   */
  public onThresholdCrossed(id: string, options?: events.OnEventOptions): events.Rule {
    return this.thresholds.onThresholdCrossed(id, this.inScope(options));
  }

  /**
   * Creates a rule for segments whose size crossed a threshold.
   *
   * @param id ID of the rule
   * @param options target and filter of the rule
   */
  public onSegmentThresholdCrossed(id: string, options?: events.OnEventOptions): events.Rule {
    return this.thresholds.onSegmentThresholdCrossed(id, this.inScope(options));
  }

  /**
   * Creates a rule for measures whose value crossed a threshold.
   *
   * @param id ID of the rule
   * @param options target and filter of the rule
   */
  public onMeasureThresholdCrossed(id: string, options?: events.OnEventOptions): events.Rule {
    return this.thresholds.onMeasureThresholdCrossed(id, this.inScope(options));
  }

  /**
   * Number of threshold crossings that were put on the bus. Statistic: sum over 5 minutes.
   *
   * @param options overrides of the metric's defaults
   */
  public metricCrossings(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.thresholds.metricCrossings(options);
  }

  /**
   * Number of events and messages that were rejected because they could not be read. Statistic: sum over 5 minutes.
   *
   * @param options overrides of the metric's defaults
   */
  public metricRejected(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return countMetric(this, this.connectorId, Metric.REJECTED_EVENTS, options);
  }

  /** Rules belong to the connector, not to one of its constructs, unless the caller sets a scope. */
  private inScope(options: events.OnEventOptions = {}): events.OnEventOptions {
    return { ...options, crossStackScope: options.crossStackScope ?? this };
  }
}
