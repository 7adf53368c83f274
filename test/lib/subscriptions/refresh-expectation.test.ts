import { Duration } from 'aws-cdk-lib';
import { describe, expect, it } from 'vitest';
import { toDefinition } from '../../../lambda/subscriptions/core/entry/definition';
import { checkEntry } from '../../../lambda/subscriptions/core/subscription-entry';
import { RefreshExpectation, RefreshKind, RefreshSubject, Trigger, Weekday } from '../../../lib';

const orders = RefreshSubject.dataSource('Orders');

/** The definition that `register` makes of a trigger. */
function definitionOf(expectation: RefreshExpectation) {
  const entry = JSON.parse(JSON.stringify({ name: 'late', ...Trigger.refreshOverdue(expectation)._entry }));
  const checked = checkEntry(entry);
  if ('mistakes' in checked) throw new Error(checked.mistakes.map(({ message }) => message).join('; '));
  const { trigger, filter, expectation: stored } = toDefinition(checked.entry);
  return { trigger, filter, expectation: stored };
}

describe('an expectation', () => {
  it('at an interval is what the subscription file says', () => {
    const options = {
      grace: Duration.hours(1),
      alsoWhenBack: true,
      repeatEvery: Duration.hours(12),
      firstRefreshWithin: Duration.days(3),
      anyOutcome: true,
    };
    expect(definitionOf(RefreshExpectation.every(orders, Duration.hours(24), options))).toEqual({
      trigger: 'refresh-overdue',
      filter: { dataSource: 'Orders' },
      expectation: {
        rhythm: { every: 86_400_000 },
        grace: 3_600_000,
        alsoWhenBack: true,
        repeatEvery: 43_200_000,
        firstRefreshWithin: 259_200_000,
        anyOutcome: true,
      },
    });
  });

  it('by a local time is what the subscription file says', () => {
    const options = { time: '07:00', timeZone: 'Europe/Berlin', days: [Weekday.FRIDAY, Weekday.MONDAY] };
    expect(definitionOf(RefreshExpectation.by(RefreshSubject.measure('Revenue'), options))).toEqual({
      trigger: 'refresh-overdue',
      filter: { measure: 'Revenue' },
      expectation: { rhythm: { by: '07:00', timeZone: 'Europe/Berlin', days: ['mon', 'fri'] }, grace: 0 },
    });
  });

  it.each<[RefreshSubject, object]>([
    [RefreshSubject.segment('VIP'), { segment: 'VIP' }],
    [RefreshSubject.fullRefresh(), {}],
    [RefreshSubject.fullRefresh(RefreshKind.SCHEDULED), { kind: 'Scheduled' }],
    [RefreshSubject.fullRefresh(RefreshKind.ON_DEMAND), { kind: 'OnDemand' }],
    [RefreshSubject.unification(), { unification: true }],
  ])('is of %j', (subject, filter) => {
    expect(definitionOf(RefreshExpectation.every(subject, Duration.hours(1))).filter).toEqual(filter);
  });
});

describe('a mistake', () => {
  it.each<[() => RefreshExpectation, string]>([
    [
      () => RefreshExpectation.every(orders, Duration.minutes(4)),
      '"expect.every" is 240 seconds; write a duration from 300 to 7776000 seconds',
    ],
    [
      () => RefreshExpectation.every(orders, Duration.hours(1), { grace: Duration.days(8) }),
      '"expect.grace" is 691200 seconds',
    ],
    [
      () => RefreshExpectation.by(orders, { time: '7:00' }),
      '"expect.by" is "7:00"; write a time from "00:00" to "23:59", such as "07:00"',
    ],
    [
      () => RefreshExpectation.by(orders, { time: '07:00', days: [Weekday.MONDAY, Weekday.MONDAY] }),
      '"expect.days" is empty or has a day twice',
    ],
  ])('fails the synthesis: %#', (make, message) => {
    expect(make).toThrow(message);
  });
});
