import fc from 'fast-check';
import { expect, it } from 'vitest';
import { STATUSES } from '../../../../../contract/events';
import { statusHtml } from '../../../../../lambda/custom-connector/core/reading/status-html';
import { statusReport } from '../../../../../lambda/custom-connector/core/reading/status-report';
import { resultOf } from '../../../../../lambda/custom-connector/core/refresh';
import { cut, oneLine } from '../../../../../lambda/shared/core/text';
import { NOW } from '../../../../support/evaluation';
import { refresh } from '../../../../support/refreshes';

/** Tags of the report, whose attributes contain no quotes. */
const TAG = /^<\/?(table|colgroup|col|tr|th|td|span|a)( [a-z]+="[^"<>]*")*>$/;
/** Limit of the whole report. Gmail cuts emails that are longer than about 102 KB. */
const MAX_BYTES = 100_000;

const hostile = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 200 }),
  fc.constantFrom(
    '<script>alert(1)</script>',
    '" onmouseover="x',
    "'><img src=x>",
    '&lt;b&gt;',
    '"'.repeat(200),
    '<td>',
  ),
);
const link = fc
  .string({ unit: fc.constantFrom('"', "'", '<', '>', '&', 'a', '/', '='), maxLength: 60 })
  .map((path) => `https://example.com/${path}`);
const found = fc.array(
  fc.record({ name: hostile, error: hostile, runLink: link, status: fc.constantFrom(...STATUSES) }),
  { maxLength: 140 },
);

const unescaped = (text: string) =>
  text
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&amp;', '&');

it('the report contains names, errors and links only as text, and is bounded', () => {
  fc.assert(
    fc.property(found, hostile, (sources, instanceId) => {
      const dataSources = sources.map(({ name, status, ...more }, n) => ({
        name,
        refreshes: { [resultOf(status)]: refresh(status, n, more) },
      }));
      const report = statusReport(instanceId, NOW, dataSources, { fullRefresh: {}, unification: {} });
      const html = statusHtml(report);
      expect(Buffer.byteLength(html)).toBeLessThan(MAX_BYTES);
      const tags = html.match(/<[^>]*>/g) ?? [];
      for (const tag of tags) expect(tag).toMatch(TAG);
      const text = html.replaceAll(/<[^>]*>/g, '\n');
      expect(text).not.toMatch(/[<>"']/);
      const rows = tags.filter((tag) => tag.startsWith('<tr')).length;
      const shown = report.dataSources.filter(({ name }) => unescaped(text).includes(cut(oneLine(name), 100)));
      const [, more = '0'] = /\nand (\d+) more\n/.exec(text) ?? [];
      expect(shown.length).toBeGreaterThanOrEqual(sources.length - Number(more));
      expect(rows).toBeLessThan(2 * 100 + 12);
    }),
    { numRuns: 100 },
  );
});
