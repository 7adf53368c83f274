import { expect, it } from 'vitest';
import { type OutcomeInput, outcomeFindings } from '../../../cli/diagnosis/outcome-findings';
import type { ListedOutcome } from '../../../lambda/delivery/adapters/outcome-table';
import type { Subscription } from '../../../lambda/subscriptions/core/subscription';
import { definitionOf } from '../../support/evaluation';

const NOW = Date.parse('2026-11-20T12:00:00Z');
const HOUR = 3_600_000;

const subscription = (name: string, finishWithin?: number): Subscription => ({
  ...{ uid: 'u', generation: 1, managedBy: 'cli' },
  definition: { ...definitionOf(name, 'full-refresh-completed'), finishWithin },
});
const listed = (state: ListedOutcome['state'], hoursAgo: number): ListedOutcome => ({
  ...{ subscription: 'any', eventId: 'any', state },
  since: NOW - hoursAgo * HOUR,
});
const found = (
  subscriptions: readonly Subscription[],
  outcomes: Readonly<Record<string, readonly ListedOutcome[]>> = {},
  more: Partial<OutcomeInput> = {},
) =>
  outcomeFindings({
    subscriptions,
    unfinished: (name) => outcomes[name] ?? [],
    acceptsReports: true,
    now: NOW,
    ...more,
  });

it('names each subscription with unfinished runs, their number and what to do', () => {
  const findings = found([subscription('vip'), subscription('crm', HOUR), subscription('fine', HOUR)], {
    vip: [listed('failed', 30), listed('unconfirmed', 2), listed('failed', 100)],
    crm: [listed('unconfirmed', 25)],
  });
  expect(findings).toEqual([
    {
      severity: 'problem',
      title: '3 runs of the flow of vip did not finish in the last 7 days: 1 unconfirmed, 2 failed; the newest 2 h ago',
      impact: expect.stringContaining('Its work may not be done.'),
      action: expect.stringContaining('deliveries vip --since 7d.'),
    },
    expect.objectContaining({
      severity: 'note',
      title: '1 run of the flow of crm did not finish in the last 7 days: 1 unconfirmed; the newest 1 d ago',
    }),
  ]);
});

it('names subscriptions whose reports the connector does not accept', () => {
  const all = [subscription('vip'), subscription('crm', HOUR)];
  expect(found(all, {}, { acceptsReports: false })).toEqual([
    expect.objectContaining({
      severity: 'problem',
      title: 'crm has finishWithin, but the connector accepts no reports',
      action: expect.stringContaining('or remove finishWithin from crm.'),
    }),
  ]);
  expect(found(all)).toEqual([]);
});
