/** Compares the errors and clouds in docs/entra.md with the code. */
import { expect, it } from 'vitest';
import { CLOUD_FACTS, REFUSALS } from '../../lambda/delivery/core/entra';
import { classify, NotCalled } from '../../lambda/delivery/core/response';
import { codeRows, readPage, sectionOf } from '../support/pages';

/** The rows of a section, without backticks. */
const rows = (from: string, to?: string): string[][] =>
  codeRows(sectionOf(readPage('entra.md'), from, to)).map((cells) => cells.map((cell) => cell.replaceAll('`', '')));

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

it.each(rows('Responses of the flow'))('%s pauses', (response = '') => {
  const [status, error] = response.split(' ');
  expect(classify({ status: Number(status), error })).toBe('pause');
});

it('the table of clouds matches the code', () => {
  expect(rows('## Clouds')).toEqual(
    Object.entries(CLOUD_FACTS).map(([cloud, { authority, audience, federationAudience }]) => [
      cloud,
      authority,
      audience,
      federationAudience,
    ]),
  );
});
