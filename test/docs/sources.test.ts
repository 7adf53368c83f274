/** Compares docs/sources.md with the sources of the package and the samples of their events. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { Source } from '../../lib';
import { reconcilable } from '../../lib/sources/source-listings';
import { SAMPLES } from '../support/app/sources';
import { codeRows, readPage } from '../support/pages';

const [events = '', reconciliation = ''] = readPage('sources.md').split('## Runs whose event was lost');
const namesOf = ([names = '']: string[]) => [...names.matchAll(/`(\w+)`/g)].map(([, name]) => name as string);

const factories = Object.getOwnPropertyNames(Source).filter(
  (name) => typeof Source[name as keyof typeof Source] === 'function' && name !== 'ofDataSource',
);

it.each([
  ['events', events],
  ['runs whose event was lost', reconciliation],
])('the table of %s has every source, and each is in one row', (_, text) => {
  expect(codeRows(text).flatMap(namesOf).toSorted()).toEqual(factories.toSorted());
});

it('the table marks exactly the sources that the construct refuses to reconcile', () => {
  const arn = 'arn:aws:states:us-east-1:123456789012:stateMachine:one';
  const name = 'one';
  const given = {
    ...{ dataSource: name, measure: name, segment: name, kind: 'Scheduled', statementName: name, workGroup: name },
    ...{ flowName: name, jobName: name, crawlerName: name, applicationId: name, integrationArn: arn, taskArn: arn },
    ...{ replicationConfigArn: arn, stateMachine: { stateMachineArn: arn }, alarm: { alarmName: name } },
  };
  for (const row of codeRows(reconciliation)) {
    for (const factory of namesOf(row)) {
      const { _kind } = (Source[factory as keyof typeof Source] as unknown as (options: object) => Source)(given);
      const reconcile = () => reconcilable(_kind);
      if (row.join().includes('not supported: ')) expect(reconcile, factory).toThrow('cannot be reconciled');
      else expect(reconcile, factory).not.toThrow();
    }
  }
});

it('the example has every source', () => {
  const example = readFileSync(join(__dirname, '../../examples/sources/app.ts'), 'utf8');
  // The example has an alarm on a measure. An alarm on a segment differs only in the name.
  expect(factories.filter((name) => !example.includes(`Source.${name}(`))).toEqual(['alarmOnSegment']);
});

it('every source with a sample of a success also has one of a failure', () => {
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
