import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest';
import { type BodyInput, renderBody } from '../../../../../lambda/delivery/core/bodies/body';
import type { TriggerEvent } from '../../../../../lambda/events/core/trigger-event';
import { cut, manyLines, oneLine } from '../../../../../lambda/shared/core/text';
import type { BrowserProgram } from '../../../../support/browser/browser';
import { startBrowser } from '../../../../support/browser/browser';
import { openCardPage, type RenderedCard, renderCard } from '../../../../support/browser/cards';
import { EXAMPLES, exampleInput } from './examples';

/** Narrow and usual widths of cards in Teams, CSS pixels. */
const WIDTHS = [320, 600];
const program = inject('browser') as BrowserProgram;

/** The event with `text` for each external text. */
function withTexts(event: TriggerEvent, text: string, error = text): TriggerEvent {
  const run = 'status' in event ? { runId: text, error } : {};
  switch (event.trigger) {
    case 'data-source-refresh-failed':
    case 'data-source-refresh-succeeded':
      return { ...event, ...run, instanceId: text, dataSource: text };
    case 'segment-threshold-crossed':
      return { ...event, instanceId: text, runId: text, segment: text };
    case 'measure-threshold-crossed':
      return { ...event, instanceId: text, runId: text, measure: text, unit: text, dimensions: { [text]: text } };
    case 'full-refresh-completed':
      return { ...event, ...run, instanceId: text, processes: { [text]: 'Failed' } };
    case 'unification-refresh-completed':
      return { ...event, ...run, instanceId: text, stages: { [text]: 'Failed' } };
    case 'refresh-overdue':
      return { ...event, instanceId: text, dataSource: text, expectation: text, error };
  }
}

/** The event with its required fields only. */
function withoutOptional(event: TriggerEvent): TriggerEvent {
  const absent = {
    attempt: undefined,
    recordCount: undefined,
    startedAt: undefined,
    endedAt: undefined,
    error: undefined,
    runLink: undefined,
    processes: undefined,
    stages: undefined,
    dimensions: undefined,
    unit: undefined,
    previousValue: undefined,
    recoverTo: undefined,
  };
  return { ...event, ...absent };
}

const HOSTILE = {
  HTML: '<img src=x onerror="alert(1)"><script>alert(2)</script><b>b</b>&lt;i&gt;',
  Markdown: '**b** _i_ __c__ *d* [x](http://example.com) ![y](http://example.com/y.png) `e` <http://example.com>',
  'a heading': '# Heading',
  'a list': '- item',
  'a numbered list': '1. item',
  'a reference': '[x]: http://example.com',
  // biome-ignore lint/suspicious/noTemplateCurlyInString: a template's text that must stay unfilled.
  templates: '${x} @{triggerBody()} {{x}} %7B\\u0041',
  'a date to format': 'at {{DATE(2026-11-05T09:45:00Z, SHORT)}} {{TIME(2026-11-05T09:45:00Z)}}.',
  'quotes and escapes': `"quoted" 'single' \\" \\n \\\\ C:\\data`,
  'emoji and right-to-left marks': '👩‍👩‍👧 \u202Egnp.exe\u202C \u200Fשלום\u200F',
  'highlighting marks': '===x/==/',
};

describe.runIf(program)('in the renderer of Adaptive Cards, the card of', () => {
  let browser: Browser;
  let page: Page;
  const problems: string[] = [];

  beforeAll(async () => {
    browser = await startBrowser(program);
    page = await openCardPage(browser);
    page.on('pageerror', (error) => problems.push(error.message));
    page.on('console', (message) => problems.push(message.text()));
    page.on('request', (request) => problems.push(`a request of ${request.url()}`));
    page.on('dialog', (dialog) => {
      problems.push(`a dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
  });
  afterAll(() => browser?.close());
  beforeEach(() => {
    problems.length = 0;
  });

  /** Renders the event's card in each width, checks the rules of every card, and returns the last one. */
  async function render(event: TriggerEvent, more: Partial<BodyInput> = {}): Promise<RenderedCard> {
    const message = JSON.parse(renderBody(exampleInput(event, 'teams-card', more)));
    const cards: RenderedCard[] = [];
    for (const width of WIDTHS) cards.push(await renderCard(page, message, width));
    for (const card of cards) expect(card).toMatchObject({ messages: [], markup: [], clipped: [] });
    expect(problems).toEqual([]);
    // Zero-width spaces are invisible break points.
    return JSON.parse(JSON.stringify(cards.at(-1)).replaceAll('\u200b', ''));
  }

  describe.each(Object.values(EXAMPLES))('$trigger', (event: TriggerEvent) => {
    test('is as its example says', async () => {
      const { blocks, facts } = await render(event, { isTest: true, delayedMinutes: 125 });
      expect(blocks[0]).toBe('Test: nothing happened · Delivered 2 h 5 min late');
      expect(facts).toMatchObject({ Instance: 'default', Subscription: 'vip-over-10k' });
    });

    test('omits missing values', async () => {
      const { blocks, facts, buttons } = await render(withoutOptional(event));
      expect([...blocks, ...Object.values(facts)].filter((text) => /undefined|null|NaN|^$/.test(text))).toEqual([]);
      expect(buttons).toEqual(event.trigger === 'segment-threshold-crossed' ? ['Open segment'] : []);
    });

    test.each([
      ['words', 'name '.repeat(110), 'An error. '.repeat(400)],
      ['one word', 'n'.repeat(550), 'x'.repeat(4000)],
    ])('holds long texts of %s', async (_, name, error) => {
      const { facts } = await render(withTexts(event, name, error));
      expect(facts.Instance).toBe(cut(oneLine(name), 200));
    });

    test.each(Object.entries(HOSTILE))('shows %s unchanged', async (_, text) => {
      const changed = withTexts(event, text);
      const { blocks, facts } = await render(changed);
      expect(facts.Instance).toBe(text);
      if ('runId' in changed) expect(facts.Run).toBe(text);
      if ('error' in changed) expect(blocks.at(-1)).toBe(manyLines(text));
      if ('dataSource' in changed || 'segment' in changed || 'measure' in changed) expect(blocks[0]).toContain(text);
    });
  });
});
