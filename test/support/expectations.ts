import type { Status } from '../../contract/events';
import { expectedSubject, withSubscription } from '../../lambda/expectations/core/expect';
import type { Firing } from '../../lambda/expectations/core/expecting';
import { type Tracked, trackedDue, withRefresh, withTime } from '../../lambda/expectations/core/tracked';
import type { Expectation, Subscription } from '../../lambda/subscriptions/core/subscription';
import { definitionOf } from './evaluation';

const MINUTE = 60_000;

/** A subscription that expects refreshes of the data source Orders. */
export const expecting = (expectation: Expectation, name = 'orders-late', uid = 'uid-1'): Subscription => ({
  definition: definitionOf(name, 'refresh-overdue', { filter: { dataSource: 'Orders' }, expectation }),
  ...{ uid, generation: 1, managedBy: 'cli' },
});

/** The state of one subject, and a clock that advances to the instants of its calls. The schedule runs every minute. */
export class Watch {
  readonly sent: Firing[] = [];
  paused = false;
  tracked: Tracked;
  private now: number;

  constructor(subscription: Subscription, madeAt: number) {
    const subject = expectedSubject(subscription.definition);
    if (!subject) throw new Error('the subscription expects no refresh');
    this.now = madeAt;
    this.tracked = withSubscription(
      { id: 'id', subject, version: 1, expecting: [], unsent: [] },
      'none',
      undefined,
      madeAt,
    );
    this.edit(subscription, madeAt);
  }

  edit(subscription: Subscription | undefined, at: number, name = 'orders-late'): void {
    this.runUntil(at - 1);
    this.now = at;
    this.tracked = withSubscription(this.tracked, subscription?.definition.name ?? name, subscription, at);
  }

  refresh(endedAt: number, arrivedAt = endedAt, status: Status = 'Successful', id = `${endedAt} ${status}`): void {
    // An event that arrives in a minute of the schedule arrives before it runs.
    this.runUntil(arrivedAt - 1);
    this.now = Math.max(this.now, arrivedAt);
    this.record(endedAt, arrivedAt, status, id);
  }

  record(endedAt: number, now: number, status: Status, id: string): void {
    this.tracked = withRefresh(this.tracked, { id, endedAt, status }, now);
  }

  /** Runs the schedule at each full minute up to an instant at which it has something to do. */
  runUntil(end: number): void {
    for (;;) {
      const due = trackedDue(this.tracked);
      const at = due === undefined ? Number.POSITIVE_INFINITY : Math.ceil(Math.max(due, this.now) / MINUTE) * MINUTE;
      if (at > end) return;
      this.now = at;
      this.tickAt(at);
    }
  }

  /** Runs the schedule at an instant. */
  tickAt(at: number): void {
    this.tracked = withTime(this.tracked, at, () => this.paused);
    this.sent.push(...this.tracked.unsent);
    this.tracked = { ...this.tracked, unsent: [] };
  }
}
