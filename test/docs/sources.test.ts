/** Holds docs/sources.md against the sources that there are, and what their mappings make of the samples. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { Source } from '../../lib';
import { SAMPLES } from '../support/sources';

const ROOT = join(__dirname, '..', '..');
const page = readFileSync(join(ROOT, 'docs', 'sources.md'), 'utf8');
const rows = page.split('\n').filter((line) => line.startsWith('| `'));

const factories = Object.getOwnPropertyNames(Source).filter(
  (name) => typeof Source[name as keyof typeof Source] === 'function' && name !== 'ofDataSource',
);

it('the table has every source, and each is in one row', () => {
  const named = rows.flatMap((row) => [...(row.split('|')[1] ?? '').matchAll(/`(\w+)`/g)].map(([, name]) => name));
  expect(named.toSorted()).toEqual(factories.toSorted());
});

it('the example has every source', () => {
  const example = readFileSync(join(ROOT, 'examples', 'sources', 'app.ts'), 'utf8');
  // Its alarm is one on a measure: one on a segment is the same but for the name.
  expect(factories.filter((name) => !example.includes(`Source.${name}(`))).toEqual(['alarmOnSegment']);
});

it('every sample with a success has a failure beside it', () => {
  const names = Object.keys(SAMPLES);
  const successes = names.filter((name) => /-(succeeded|completed|finished|stopped|ok)$/.test(name));
  expect(successes.length).toBeGreaterThan(12);
  for (const name of successes) {
    const stem = name.slice(0, name.lastIndexOf('-'));
    expect(
      names.some((other) => other.startsWith(stem) && /-(failed|timed-out|alarm)$/.test(other)),
      name,
    ).toBe(true);
  }
});
