import { Duration, Stack } from 'aws-cdk-lib';
import * as scheduler from 'aws-cdk-lib/aws-scheduler';
import { Construct, type IConstruct } from 'constructs';
import { validateSourceField } from '../shared/validate';
import type { Unification } from './unification';
import type { UnificationPolling } from './unification-polling';

/** Unification jobs whose ends are looked for. */
export interface UnificationOptions {
  /** The jobs. */
  readonly jobs: Unification;

  /**
   * When jobs that have ended are looked for.
   *
   * @default - every 5 minutes; every hour with `whenStarted`, for the jobs of whose start nobody was told
   */
  readonly schedule?: scheduler.ScheduleExpression;

  /**
   * Whether a job is also looked at from its start on until it has ended: after half a minute, and up to 5 minutes apart.
   * AWS CloudTrail tells of the start, where a trail of the account logs management events. For AWS Entity Resolution.
   *
   * @default false
   */
  readonly whenStarted?: boolean;

  /**
   * The instance of the customer data platform.
   *
   * @default 'default'
   */
  readonly instanceId?: string;
}

/** A connector that unification jobs can be added to. */
export interface IPollingConnector extends IConstruct {
  /** What looks for jobs that have ended. */
  readonly unificationPolling: UnificationPolling;
}

/** Properties of PolledUnification. */
export interface PolledUnificationProps extends UnificationOptions {
  /** The connector, of this stack or of another one of the app in the same account and Region. */
  readonly connector: IPollingConnector;
}

/**
 * Unification jobs whose ends are looked for, on a schedule and from their starts on: each that ends after the first look is
 * one `UnificationRefreshed` on the connector's bus.
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
    // It stands in the rule's input template.
    if (instanceId !== undefined) validateSourceField('instanceId', instanceId);
    unificationPolling._watch(this, jobs._starts, poll);
  }
}
