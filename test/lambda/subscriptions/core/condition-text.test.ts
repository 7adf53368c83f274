import { expect, test } from 'vitest';
import { levelText } from '../../../../lambda/subscriptions/core/condition-text';

test('a level as text', () => {
  expect(levelText({ operator: 'atOrBelow', value: 1e4, recoverTo: 12_000.5 })).toBe(
    'at or below 10,000, back at 12,000.5',
  );
});
