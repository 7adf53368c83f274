import { Duration, Stack } from 'aws-cdk-lib';
import * as scheduler from 'aws-cdk-lib/aws-scheduler';
import { Construct, type IConstruct } from 'constructs';
import type { Unification } from './unification';
import type { UnificationPolling } from './unification-polling';

/** Unification jobs whose ends are looked for. */
export interface UnificationOptions {
  /** The jobs. */
  readonly jobs: Unification;

  /**
   * When jobs that have ended are looked for.
   *
   * @default - every 5 minutes
   */
  readonly schedule?: scheduler.ScheduleExpression;

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
 * Unification jobs whose ends are looked for on a schedule: each that ends after the first look is one
 * `UnificationRefreshed` on the connector's bus.
 *
 * @example
 * const connector = new PowerAutomateConnector(this, 'PowerAutomate');
 * new PolledUnification(this, 'Match', { connector, jobs: Unification.fromEntityResolution('customers') });
 */
export class PolledUnification extends Construct {
  constructor(scope: Construct, id: string, props: PolledUnificationProps) {
    super(scope, id);

    const { jobs, instanceId, schedule = scheduler.ScheduleExpression.rate(Duration.minutes(5)) } = props;
    const { unificationPolling } = props.connector;
    jobs._allowReading(unificationPolling._readingPolicy(this), Stack.of(this));
    unificationPolling._schedule(this, schedule, { jobs: jobs._jobs, instanceId });
  }
}
