/** Draws docs/status.png, the HTML of the refresh status. Run: `npm run docs:status`. */
import { join } from 'node:path';
import { statusHtml } from '../../lambda/custom-connector/core/reading/status-html';
import { statusReport } from '../../lambda/custom-connector/core/reading/status-report';
import { NOW } from '../../test/support/evaluation';
import { DATA_SOURCES, RUNS } from '../../test/support/refreshes';
import { withBrowser } from './browser-run';

const PICTURE_FILE = join(__dirname, '..', '..', 'docs', 'status.png');

void withBrowser(async (browser) => {
  const page = await browser.newPage({ viewport: { width: 784, height: 100 } });
  await page.setContent(
    `<body style="margin:16px;background:#fff">${statusHtml(statusReport('default', NOW, DATA_SOURCES, RUNS))}</body>`,
  );
  await page.screenshot({ path: PICTURE_FILE, fullPage: true });
});
