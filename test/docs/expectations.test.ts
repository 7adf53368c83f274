/** Runs every row of the tables in docs/expectations.md on the real code. The page explains the notation. */
import { readFileSync } from 'node:fs';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { Status } from '../../contract/events';
import type { Firing } from '../../lambda/expectations/core/expecting';
import { expectationKeys, toExpectation } from '../../lambda/subscriptions/core/entry/expectation';
import type { Expectation } from '../../lambda/subscriptions/core/subscription';
import { drawExpectations, EXPECTATION_PICTURE } from '../../scripts/docs/expectation-picture';
import { expecting, Watch } from '../support/expectations';
import { readPage, sectionOf } from '../support/pages';

const STATUS: Readonly<Record<string, Status>> = { failed: 'Failed', skipped: 'Skipped' };

const instant = (text: string): number => {
  const at = Date.parse(`2026-${text.replace(' ', 'T')}Z`);
  if (Number.isNaN(at)) throw new Error(`not a time: ${text}`);
  return at;
};
const codes = (cell: string): string[] => [...cell.matchAll(/`([^`]+)`/g)].map(([, code]) => code as string);

function expectationOf(lines: readonly string[]): Expectation {
  return toExpectation(v.parse(v.strictObject(expectationKeys), parse(lines.join('\n'))));
}

function textOf({ kind, n, at }: Firing): string {
  const word = kind === 'back' ? 'back' : n > 0 ? 'repeat' : 'overdue';
  return `${word} ${new Date(at).toISOString().slice(5, 16).replace('T', ' ')}`;
}

/** The times at which the flow is started. */
function play(subscription: readonly string[], steps: readonly string[], made: number): string[] {
  const watch = new Watch(expecting(expectationOf(subscription)), made);
  for (const step of steps) {
    const [, word, first, then] = /^([a-z]+ )?(\d\d-\d\d [\d:]+)(.*)$/.exec(step) ?? [];
    if (first === undefined || then === undefined) throw new Error(`cannot read the step: ${step}`);
    const at = instant(first);
    switch (word?.trim()) {
      case 'until':
        watch.runUntil(at);
        break;
      case 'pause':
      case 'resume':
        watch.runUntil(at - 1);
        watch.paused = word === 'pause ';
        break;
      case 'edit': {
        const rest = subscription.filter((line) => !line.startsWith('expect'));
        watch.edit(expecting(expectationOf([then.replace(/^ to /, 'expect: '), ...rest])), at);
        break;
      }
      default: {
        const arrived = then === '' ? at : instant(then.replace(' → ', ''));
        watch.refresh(at, arrived, word ? STATUS[word.trim()] : 'Successful');
      }
    }
  }
  if (!steps.at(-1)?.startsWith('until')) throw new Error('the last step is not "until …"');
  return watch.sent.map(textOf);
}

const TABLES = sectionOf(readPage('expectations.md'), '## Cases\n')
  .split('\n### ')
  .slice(1)
  .map((table) => {
    const [heading = '', ...lines] = table.split('\n');
    const rows = lines.filter((line) => line.startsWith('|')).map((line) => line.split('|').slice(1, -1));
    const [head = [], , ...cases] = rows.map((cells) => cells.map((cell) => cell.trim()));
    return { heading, made: / made (\d.*)$/.exec(head[1] ?? '')?.[1], cases };
  });

describe.each(TABLES)('$heading', ({ made, cases }) => {
  it.each(cases)('%s', (_, subscription = '', steps = '', flow = '') => {
    const [first, ...rest] = codes(subscription);
    const [madeAt, entry] = made ? [made, [first, ...rest]] : [first, rest];
    const started = play(entry as string[], codes(steps), instant(madeAt as string));
    expect(started).toEqual(flow === 'none' ? [] : codes(flow));
  });
});

it('the picture is drawn from the code (if not, run: npx tsx scripts/docs/expectation-picture.ts)', () => {
  expect(readFileSync(EXPECTATION_PICTURE, 'utf8')).toBe(drawExpectations());
});
