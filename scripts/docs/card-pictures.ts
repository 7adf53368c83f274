/** Draws docs/cards.png, the Teams card of each trigger, with Microsoft's renderer. Run: `npm run docs:cards`. */
import { join } from 'node:path';
import { renderBody } from '../../lambda/delivery/core/bodies/body';
import { EXAMPLES, exampleInput } from '../../test/lambda/delivery/core/bodies/examples';
import { openCardPage, renderCard } from '../../test/support/browser/cards';
import { withBrowser } from './browser-run';

const PICTURE_FILE = join(__dirname, '..', '..', 'docs', 'cards.png');
const CARD_WIDTH = 440;

/** Two columns of cards on a grey background, with buttons in the style of Teams. */
const SHEET = `
  body { zoom: 0.8; margin: 0; padding: 16px; width: ${2 * CARD_WIDTH + 16}px; columns: 2; column-gap: 16px; background: #f0f0f0; }
  article { break-inside: avoid; margin-bottom: 16px; border-radius: 6px; overflow: hidden; box-shadow: 0 1px 3px #0003; }
  .ac-pushButton { padding: 5px 12px; border: 1px solid #d1d1d1; border-radius: 4px; background: #fff; color: #242424; font: 600 14px 'Open Sans', sans-serif; }
`;

void withBrowser(async (browser) => {
  const page = await openCardPage(browser);
  await page.addStyleTag({ content: SHEET });
  for (const event of Object.values(EXAMPLES)) {
    await renderCard(page, JSON.parse(renderBody(exampleInput(event, 'teams-card'))), CARD_WIDTH);
  }
  await page.locator('body').screenshot({ path: PICTURE_FILE });
});
