import { Output } from '../../../contract/outputs';
import type { DeliveryRow } from '../../../lambda/delivery/core/delivery';
import { LogMessage } from '../../../lambda/shared/core/log-messages';
import type { Place } from '../../../lambda/shared/core/place';
import type { Subscription } from '../../../lambda/subscriptions/core/subscription';
import { watchedMetric } from '../../../lambda/thresholds/core/threshold-item';
import { readThresholdStatuses, type ThresholdStatus } from '../../../lambda/thresholds/core/threshold-status';
import type { Connector } from '../../connector/connector';
import { type DeadLetter, peekAllDeadLetters } from '../../connector/dead-letters';
import type { LogRecord } from '../../connector/handler-logs';
import { type ExpectationStatus, readExpectation } from '../../subscriptions/expectation-text';

/** Maximum number of members of a measure that are read. */
const MAX_METRICS = 100;
/** Maximum number of messages read from each dead-letter queue. */
const MAX_REJECTED = 200;

/** Data about a subscription and its events. All instants are epoch milliseconds. */
export interface ExplainInput {
  readonly subscription: Subscription;
  /** Account and Region of the connector. */
  readonly own: Place;
  readonly now: number;
  /** Start of the period. */
  readonly since: number;
  /** Deliveries accepted in the period, in no order. */
  readonly deliveries: readonly DeliveryRow[];
  /** Log records of the handlers in the period, oldest first. Undefined if the logs are not readable. */
  readonly log?: readonly LogRecord[];
  readonly rejected?: readonly DeadLetter[];
  /** Status of the threshold on each metric that it watches. */
  readonly statuses?: readonly ThresholdStatus[];
  /** What is known of the refreshes that the subscription expects. */
  readonly expectation?: ExpectationStatus;
  /** Observed segments or measures of the same instance, if the subscription's own has no value. */
  readonly observed?: readonly string[];
}

export async function readExplainInput(
  subscription: Subscription,
  now: number,
  since: number,
  connector: Connector,
): Promise<ExplainInput> {
  const { definition } = subscription;
  const deliveries: DeliveryRow[] = [];
  for await (const row of connector.deliveries.rows({ subscription: definition.name, from: since })) {
    if (row.uid === subscription.uid) deliveries.push(row);
  }
  const messages = [LogMessage.MATCHED, LogMessage.UNMATCHED, LogMessage.OBSERVATION_DROPPED];
  const [log, rejected] = await Promise.all([
    connector.logs?.find(messages, since),
    peekAllDeadLetters(connector, MAX_REJECTED),
  ]);
  const input = { subscription, own: ownPlace(connector), now, since, deliveries, log, rejected };
  if (definition.expectation) return { ...input, expectation: await readExpectation(subscription, connector) };
  if (!definition.threshold) return input;
  const { statuses } = await readThresholdStatuses(subscription, MAX_METRICS, connector);
  const isUnobserved = statuses.every(({ observedAt }) => observedAt === undefined);
  return { ...input, statuses, observed: isUnobserved ? await observedNames(subscription, connector) : [] };
}

/** From the ARN of the key of the flow URLs, `arn:<partition>:kms:<region>:<account>:key/<id>`. */
function ownPlace(connector: Connector): Place {
  const [, , , region = '', account = ''] = connector.output(Output.FLOW_URL_KEY_ARN).split(':');
  return { account, region };
}

/** Names of the observed metrics of the same kind and instance. */
async function observedNames({ definition }: Subscription, { thresholds }: Connector): Promise<string[]> {
  const { kind, instanceId } = watchedMetric(definition);
  const names = new Set<string>();
  for await (const { state } of thresholds.list()) {
    const metric = state?.last && state.metric;
    if (metric?.kind === kind && metric.instanceId === instanceId) names.add(metric.name);
  }
  return [...names].sort();
}
