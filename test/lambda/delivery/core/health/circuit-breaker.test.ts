import { describe, expect, it } from 'vitest';
import {
  breakerState,
  countFailure,
  FIRST_OPEN_MS,
  MAX_OPEN_MS,
  recheckTime,
  TRIAL_TIMEOUT,
  withTrialStarted,
} from '../../../../../lambda/delivery/core/health/circuit-breaker';
import type { Failures } from '../../../../../lambda/subscriptions/core/health';

const NOW = 1_795_000_000_000;
const failed = (times: number): Failures | undefined =>
  Array.from({ length: times }).reduce<Failures | undefined>(
    (failures) => countFailure(failures, false, NOW) ?? failures,
    undefined,
  );

describe('the breaker of a subscription', () => {
  it('opens for half a minute at the fifth consecutive failure', () => {
    expect(failed(4)).toEqual({ count: 4, opened: 0 });
    expect(breakerState(failed(4), NOW)).toBe('closed');
    expect(failed(5)).toEqual({ count: 5, opened: 1, openUntil: NOW + FIRST_OPEN_MS });
    expect(breakerState(failed(5), NOW + FIRST_OPEN_MS - 1)).toBe('open');
  });

  it('ignores other failures while it is open', () => {
    expect(countFailure(failed(5), false, NOW + 1)).toBeUndefined();
  });

  it('lets one try through after the open period, and stays open for the others until that try ends', () => {
    const now = NOW + FIRST_OPEN_MS;
    expect(breakerState(failed(5), now)).toBe('trial');
    const trial = withTrialStarted(failed(5) as Failures, now);
    expect(breakerState(trial, now)).toBe('open');
    expect(breakerState(trial, now + TRIAL_TIMEOUT), 'its worker has died').toBe('trial');
  });

  it('doubles the open period after each failed trial, up to 15 minutes', () => {
    let failures = failed(5) as Failures;
    const spans: number[] = [];
    for (let n = 0; n < 7; n++) {
      const now = failures.openUntil as number;
      failures = countFailure(withTrialStarted(failures, now), true, now) as Failures;
      spans.push((failures.openUntil as number) - now);
    }
    expect(spans.map((span) => span / 1000)).toEqual([60, 120, 240, 480, 900, 900, 900]);
  });

  it.each([
    ['600', 600_000],
    ['1', FIRST_OPEN_MS],
    ['86400', MAX_OPEN_MS],
    ['soon', FIRST_OPEN_MS],
  ])('is open for as long as Retry-After requests: %s', (retryAfter, span) => {
    expect(countFailure(failed(4), false, NOW, retryAfter)?.openUntil).toBe(NOW + span);
  });

  it('spreads waiting deliveries over the length of the open period', () => {
    const failures: Failures = { count: 5, opened: 3, openUntil: NOW + 120_000 };
    expect(recheckTime(failures, NOW, 0)).toBe(NOW + 120_000);
    expect(recheckTime(failures, NOW, 1)).toBe(NOW + 240_000);
    expect(recheckTime(failures, NOW + 500_000, 0.5), 'another has the trial').toBe(NOW + 560_000);
  });
});
