import { expect, it } from 'vitest';
import { Mistakes } from '../../../cli/shell/mistakes';
import { readEvents } from '../../../local/run/event-file';

it('keeps the first mistakes by line in any order of arrival', () => {
  const mistakes = new Mistakes();
  for (let line = 1021; line > 0; line--) mistakes.add(line, 'wrong');
  expect(mistakes.texts('f')).toEqual([
    ...Array.from({ length: 20 }, (_, n) => `f:${n + 1}: wrong`),
    '… and 1,001 more mistakes',
  ]);
});

it('reports up to 20 mistakes of an event file', () => {
  expect(() => readEvents('[]\n'.repeat(21), 'e.jsonl')).toThrow(/e\.jsonl:20: .*\n… and 1 more mistake$/);
});
