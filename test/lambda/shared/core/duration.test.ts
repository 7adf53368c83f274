import { expect, it } from 'vitest';
import { durationMs } from '../../../../lambda/shared/core/duration';

it.each([
  ['90s', 90_000],
  ['15m', 900_000],
  ['12h', 43_200_000],
  [' 3 d ', 259_200_000],
])('reads %s', (text, ms) => expect(durationMs(text)).toBe(ms));

it.each(['', '3', 'd', '3 weeks', '-3d', '1.5h', '3d 4h', '9999999999d'])('does not read "%s"', (text) =>
  expect(durationMs(text)).toBeUndefined(),
);
