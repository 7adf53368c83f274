import { expect, test } from 'vitest';
import { sparkLine } from '../../../cli/shell/spark-line';

test('a spark line is scaled from the minimum to the maximum', () => {
  expect(sparkLine([0, 5, 10])).toBe('▁▅█');
  expect(sparkLine([7, 7])).toBe('▄▄');
  expect(sparkLine([-Number.MAX_VALUE, Number.MAX_VALUE])).toBe('▁█');
  expect(sparkLine([])).toBe('');
});
