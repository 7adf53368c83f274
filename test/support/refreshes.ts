import type { LastRefreshes, Refresh } from '../../lambda/custom-connector/core/refresh';
import { NOW } from './evaluation';

const MINUTE = 60_000;

/** A refresh that took 7 minutes. @param minutesAgo its end. */
export const refresh = (status: Refresh['status'], minutesAgo: number, more: Partial<Refresh> = {}): Refresh => ({
  id: minutesAgo.toString(16).padStart(32, '0'),
  endedAt: NOW - minutesAgo * MINUTE,
  startedAt: NOW - (minutesAgo + 7) * MINUTE,
  status,
  runId: `run-${minutesAgo}`,
  ...more,
});

/** A data source with its last refreshes. */
export const dataSource = (name: string, refreshes: LastRefreshes = {}) => ({ name, refreshes });

/** Data sources in every state. */
export const DATA_SOURCES = [
  dataSource('Web orders', { succeeded: refresh('Successful', 65) }),
  dataSource('CRM contacts', {
    failed: refresh('Failed', 50, {
      runLink: 'https://example.com/runs/1?a=1&b=2',
      error: 'Access to s3://crm-exports/contacts/2026-11-20/ was denied: check the role of the Glue job',
    }),
    succeeded: refresh('Successful', 1490),
  }),
  dataSource('Loyalty cards', {
    failed: refresh('TimedOut', 30, { willRetry: true, error: 'The job ran longer than 2 h' }),
    succeeded: refresh('Successful', 2930),
  }),
  dataSource('Newsletter clicks', { other: refresh('Skipped', 20), succeeded: refresh('Successful', 1500) }),
  dataSource('Returns <EU> & "UK"'),
];

export const RUNS = {
  fullRefresh: { failed: refresh('Failed', 10, { error: 'Process Segments failed', startedAt: NOW - 90 * MINUTE }) },
  unification: { succeeded: refresh('Successful', 45) },
};
