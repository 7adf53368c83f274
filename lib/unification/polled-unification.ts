import { Duration, Stack } from 'aws-cdk-lib';
import * as scheduler from 'aws-cdk-lib/aws-scheduler';
import { Construct, type IConstruct } from 'constructs';
import { validateNameInTemplate } from '../shared/validate';
import type { Unification } from './unification';
import type { UnificationPolling } from './unification-polling';

/** Unification jobs, and how their completions are found. */
export interface UnificationOptions {
  /** Jobs to poll. */
  readonly jobs: Unification;

  /**
   * When completed jobs are searched for.
   *
   * @default - every 5 minutes; with `whenStarted` every hour, to find jobs whose start was not recorded
   */
  readonly schedule?: scheduler.ScheduleExpression;

  /**
   * Whether a job is also polled from its start until it completes: first after 30 seconds, then at intervals of up to 5
   * minutes. Requires an AWS CloudTrail trail in the account that logs management events. AWS Entity Resolution only.
   *
   * @default false
   */
  readonly whenStarted?: boolean;

  /**
   * Instance of the customer data platform.
   *
   * @default 'default'
   */
  readonly instanceId?: string;
}

/** A connector that unifications can be added to. */
export interface IPollingConnector extends IConstruct {
  /** Construct that polls unification jobs. */
  readonly unificationPolling: UnificationPolling;
}

/** Properties of PolledUnification. */
export interface PolledUnificationProps extends UnificationOptions {
  /** Connector in this stack, or in another stack of the app in the same account and Region. */
  readonly connector: IPollingConnector;
}

/**
 * Unification jobs that are polled on a schedule, and optionally from their start. Each job that completes after the first
 * poll is reported once, as `UnificationRefreshed` on the connector's bus.
 *
 * @example
 * const connector = new PowerAutomateConnector(this, 'PowerAutomate');
 * new PolledUnification(this, 'Match', { connector, jobs: Unification.fromEntityResolution('customers') });
 */
export class PolledUnification extends Construct {
  constructor(scope: Construct, id: string, props: PolledUnificationProps) {
    super(scope, id);

    const { jobs, instanceId, whenStarted = false } = props;
    const interval = whenStarted ? Duration.hours(1) : Duration.minutes(5);
    const { schedule = scheduler.ScheduleExpression.rate(interval) } = props;
    const { unificationPolling } = props.connector;
    const poll = { jobs: jobs._jobs, instanceId };
    jobs._allowReading(unificationPolling._readingPolicy(this), Stack.of(this));
    unificationPolling._schedule(this, schedule, poll);
    if (!whenStarted) return;
    if (instanceId !== undefined) validateNameInTemplate('instanceId', instanceId);
    unificationPolling._watch(this, jobs._starts, poll);
  }
}
