/** Holds docs/sources.md against the sources that there are, and what their mappings make of the samples. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { Source } from '../../lib';
import { reconcilable } from '../../lib/sources/source-listings';
import { SAMPLES } from '../support/app/sources';

const ROOT = join(__dirname, '..', '..');
const page = readFileSync(join(ROOT, 'docs', 'sources.md'), 'utf8');
const rowsOf = (text: string) => text.split('\n').filter((line) => line.startsWith('| `'));
const [events = '', reconciliation = ''] = page.split('## Runs whose event did not come');
const namesOf = (row: string) => [...(row.split('|')[1] ?? '').matchAll(/`(\w+)`/g)].map(([, name]) => name as string);

const factories = Object.getOwnPropertyNames(Source).filter(
  (name) => typeof Source[name as keyof typeof Source] === 'function' && name !== 'ofDataSource',
);

it.each([
  ['events', events],
  ['runs whose event did not come', reconciliation],
])('the table of %s has every source, and each is in one row', (_, text) => {
  expect(rowsOf(text).flatMap(namesOf).toSorted()).toEqual(factories.toSorted());
});

it('says which sources cannot be reconciled: those that the construct refuses, and no other', () => {
  const arn = 'arn:aws:states:us-east-1:123456789012:stateMachine:one';
  const name = 'one';
  const given = {
    ...{ dataSource: name, measure: name, segment: name, kind: 'Scheduled', statementName: name, workGroup: name },
    ...{ flowName: name, jobName: name, crawlerName: name, applicationId: name, integrationArn: arn, taskArn: arn },
    ...{ replicationConfigArn: arn, stateMachine: { stateMachineArn: arn }, alarm: { alarmName: name } },
  };
  for (const row of rowsOf(reconciliation)) {
    for (const factory of namesOf(row)) {
      const { _kind } = (Source[factory as keyof typeof Source] as unknown as (options: object) => Source)(given);
      const ask = () => reconcilable(_kind);
      if (row.includes('cannot be: ')) expect(ask, factory).toThrow('cannot be reconciled');
      else expect(ask, factory).not.toThrow();
    }
  }
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
