/** Compares the errors and clouds in docs/entra.md with the code. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { CLOUD_FACTS, REFUSALS } from '../../lambda/delivery/core/entra';
import { classify, NotCalled } from '../../lambda/delivery/core/response';

const PAGE = readFileSync(join(__dirname, '..', '..', 'docs', 'entra.md'), 'utf8');

/** The cells, without backticks, of each table row of a section that starts with code. */
function rows(from: string, to: string): string[][] {
  const section = PAGE.split(from)[1]?.split(to)[0] ?? '';
  const lines = section.split('\n').filter((line) => line.startsWith('| `'));
  return lines.map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim().replaceAll('`', '')),
  );
}

const ERRORS = rows('Errors before the flow is called:', 'Responses of the flow');

it('the table has every error once', () => {
  const named = ERRORS.map(([error]) => error);
  expect(named.toSorted()).toEqual(
    [...Object.values(NotCalled).filter((code) => !code.startsWith('FlowUrl')), ...Object.keys(REFUSALS)].toSorted(),
  );
});

it.each(ERRORS)('%s: %s', (error = '', subscription) => {
  expect(subscription).toBe(classify({ error }) === 'pause' ? 'paused' : 'active');
});

it.each(rows('Responses of the flow', '\n## '))('%s pauses', (response = '') => {
  const [status, error] = response.split(' ');
  expect(classify({ status: Number(status), error })).toBe('pause');
});

it('the table of clouds matches the code', () => {
  expect(rows('## Clouds', '\n## ')).toEqual(
    Object.entries(CLOUD_FACTS).map(([cloud, { authority, audience, federationAudience }]) => [
      cloud,
      authority,
      audience,
      federationAudience,
    ]),
  );
});
