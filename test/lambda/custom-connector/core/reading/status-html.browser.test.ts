import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { statusHtml } from '../../../../../lambda/custom-connector/core/reading/status-html';
import { statusReport } from '../../../../../lambda/custom-connector/core/reading/status-report';
import { startBrowser } from '../../../../support/browser/browser';
import { NOW } from '../../../../support/evaluation';
import { DATA_SOURCES, dataSource, RUNS, refresh } from '../../../../support/refreshes';

const program = inject('browser');
const LONG = 'W'.repeat(200);

describe.skipIf(!program)('the status report in a browser', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await startBrowser(program as NonNullable<typeof program>);
  });
  afterAll(() => browser?.close());

  it.each([
    ['usual names', DATA_SOURCES],
    ['the longest name and error', [dataSource(LONG, { failed: refresh('TimedOut', 5, { error: LONG.repeat(2) }) })]],
  ])('is as wide as its table with %s, and its texts are visible', async (_, found) => {
    const page = await browser.newPage({ viewport: { width: 760, height: 900 } });
    const report = statusReport('default', NOW, found, RUNS);
    await page.setContent(`<body style="margin:0">${statusHtml(report)}</body>`);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(760);
    const text = (await page.evaluate('document.body.innerText')) as string;
    for (const { name } of found) expect(text.replaceAll(/\s/g, '')).toContain(name.slice(0, 99).replaceAll(/\s/g, ''));
    expect(text).toContain('Full refresh');
    await page.close();
  });
});
