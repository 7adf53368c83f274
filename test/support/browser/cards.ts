import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import type { TeamsMessage } from '../../../lambda/delivery/core/bodies/teams-card';

/** The visible content of a rendered card, and its faults. */
export interface RenderedCard {
  /** Messages of the renderer's parser and validation. */
  readonly messages: readonly string[];
  readonly blocks: readonly string[];
  readonly facts: Readonly<Record<string, string>>;
  readonly buttons: readonly string[];
  /** Elements that a card does not draw. */
  readonly markup: readonly string[];
  /** Elements whose content is wider than they are. */
  readonly clipped: readonly string[];
}

/** Opens an empty page with Microsoft's renderer of Adaptive Cards. */
export async function openCardPage(browser: Browser): Promise<Page> {
  const page = await browser.newPage();
  await page.setContent('<!doctype html><html lang="en"><title>Cards</title><body></body></html>');
  const modules = join(__dirname, '../../../node_modules');
  await page.addStyleTag({ path: join(modules, 'adaptivecards/dist/adaptivecards.css') });
  await page.addScriptTag({ path: join(modules, 'adaptivecards/dist/adaptivecards.min.js') });
  await page.addScriptTag({ path: join(modules, 'commonmark/dist/commonmark.min.js') });
  await page.addScriptTag({ content: readFileSync(join(__dirname, 'render-card.js'), 'utf8') });
  return page;
}

/** Adds a message's card to the page. `width` is in CSS pixels. */
export const renderCard = (page: Page, { attachments }: TeamsMessage, width: number): Promise<RenderedCard> =>
  page.evaluate(`renderCard(${JSON.stringify(attachments[0]?.content)}, ${width})`);
