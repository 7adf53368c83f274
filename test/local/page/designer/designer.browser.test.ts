import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import { type BrowserProgram, startBrowser } from '../../../support/browser/browser';
import { DesignerPage } from '../../../support/power-automate/designer-page';

/** Runs in the browser: returns texts with a contrast below 4.5 : 1 (WCAG 2.2, 1.4.3). */
const CONTRAST = readFileSync(join(__dirname, '../../../support/browser/contrast.js'), 'utf8');

const program = inject('browser') as BrowserProgram;

describe.runIf(program)('the designer in a browser', () => {
  let browser: Browser;
  let page: Page;
  let problems: string[];
  let designerPage: DesignerPage;

  beforeAll(async () => {
    browser = await startBrowser(program);
  }, 120_000);
  afterAll(() => browser.close());

  beforeEach(async () => {
    designerPage = await new DesignerPage().start();
    problems = [];
    page = await browser.newPage();
    page.on('pageerror', (error) => problems.push(error.message));
    // Includes violations of the content security policy.
    page.on('console', (message) => message.type() === 'error' && problems.push(message.text()));
  });
  afterEach(async () => {
    expect(problems).toEqual([]);
    await page.close();
    await designerPage.stop();
  });

  const open = async (path = '/') => {
    await page.goto(`${designerPage.url}${path}`);
    await page.getByText('Live.').waitFor();
  };
  const flows = () => page.locator('#flows');
  const run = (title: string) => flows().locator('.runs strong').getByText(title);
  const button = (name: string) => page.getByRole('button', { name, exact: true });
  async function save() {
    await open('/?trigger=WhenMeasureCrosses');
    await page.getByLabel('Name of the flow').fill('My flow');
    await page.getByLabel('Measure').fill('Revenue');
    await page.getByLabel('Level').fill('5');
    await button('Save').click();
    await flows().getByText('My flow').waitFor();
  }

  it('saves a flow from the tile of its trigger to the run that an event starts', async () => {
    await open();
    await page.getByRole('link', { name: 'When a measure crosses a threshold' }).click();
    await page.getByLabel('Level').fill('5');
    await page.getByLabel('Measure').focus();
    await page.getByText('2 values to choose from.').waitFor();
    const options = page.locator('#values-measure option');
    expect(
      await options.evaluateAll((all) => all.map((one) => [one.getAttribute('value'), one.getAttribute('label')])),
    ).toEqual([
      ['Revenue', 'Revenue (EUR)'],
      ['Churn', 'Churn (EUR)'],
    ]);
    await page.getByLabel('Measure').fill('Revenue');
    await page.getByLabel('Direction').selectOption('Falls below the level');
    await page.getByText('Show advanced (1)').click();
    await page.getByLabel('Run once').selectOption('Yes');
    await button('Save').press('Enter');
    await flows().getByText('Falls below the level').waitFor();
    expect([...designerPage.api.registrations.values()]).toMatchObject([
      { measure: 'Revenue', direction: 'below', level: 5, once: true },
    ]);
    expect(await designerPage.api.publish({ title: 'Revenue fell below 5', value: 4 })).toEqual([202]);
    await run('Revenue fell below 5').waitFor();
    await flows().getByText('Outputs').click();
    await flows().locator('dl.outputs').getByText('Value', { exact: true }).waitFor();
  });

  it('loads the values that depend on another field, and shows why it cannot', async () => {
    await open('/?trigger=WhenMeasureCrosses');
    const status = page.locator('[data-values="members"]');
    await page.getByLabel('Members').focus();
    await status.getByText("Fill in 'Measure' first.").waitFor();
    await page.getByLabel('Measure').fill('Churn');
    await page.getByLabel('Members').focus();
    await status.getByText('Could not load the values. The members of Churn are missing.').waitFor();
    await page.getByLabel('Measure').fill('Revenue');
    await page.getByLabel('Members').focus();
    await status.getByText('1 value to choose from.').waitFor();
  });

  it('shows an error of the API, and keeps the typed values', async () => {
    await open('/?trigger=WhenMeasureCrosses');
    await page.getByLabel('Measure').fill('Revenue');
    await page.getByLabel('Level').fill('-1');
    await button('Save').click();
    await page.getByRole('alert').getByText('Level: write a number above 0.').waitFor();
    expect(await page.getByLabel('Level').inputValue()).toBe('-1');
    // Chromium reports each error response.
    expect(problems.splice(0)).toEqual([expect.stringContaining('400')]);
  });

  it('switches a flow off and on, edits and deletes it', async () => {
    await save();
    await page.getByLabel('Detail (JSON)').fill('{"typed":true}');
    await button('Switch off').press('Enter');
    await button('Switch on').waitFor();
    expect(designerPage.api.registrations.size).toBe(0);
    // The focus stays on the switch.
    await page.keyboard.press('Enter');
    await button('Switch off').waitFor();
    expect(designerPage.api.registrations.size).toBe(1);
    expect(await page.getByLabel('Detail (JSON)').inputValue()).toBe('{"typed":true}');
    await flows().getByRole('link', { name: 'Edit' }).click();
    await page.getByLabel('Level').fill('7');
    await button('Save').click();
    await flows().locator('dd').getByText('7', { exact: true }).waitFor();
    expect([...designerPage.api.registrations.values()]).toMatchObject([{ level: 7 }]);
    await button('Delete').click();
    await flows().getByText('No flows yet.').waitFor();
    expect(designerPage.api.registrations.size).toBe(0);
  });

  it('keeps the focus on a button and what was typed while runs arrive', async () => {
    await save();
    await page.getByLabel('Level').fill('70');
    await button('Switch off').focus();
    await designerPage.api.publish({ title: 'First run' });
    await run('First run').waitFor();
    expect(await page.evaluate('document.activeElement.textContent')).toBe('Switch off');
    expect(await page.getByLabel('Level').inputValue()).toBe('70');
  });

  const result = () => page.getByRole('group', { name: /^Result/ });
  async function testAction(name: string) {
    await open(`/?action=${name}`);
    if (name === 'GetMeasure') await page.getByLabel('Measure').fill('Revenue');
    await button('Test').click();
    await result().waitFor();
  }

  it('tests an action from its tile to its outputs, with the keyboard', async () => {
    await open();
    await page.getByRole('link', { name: 'Get a measure' }).press('Enter');
    await page.getByLabel('Measure').focus();
    await page.getByText('2 values to choose from.').waitFor();
    await page.getByLabel('Measure').fill('Revenue');
    await button('Test').press('Enter');
    await result().getByText('Succeeded').waitFor();
    await result().getByText('1,234,567.5').waitFor();
    await result().getByRole('region', { name: 'History' }).getByRole('cell', { name: '1,200,000' }).waitFor();
    expect(await page.getByLabel('Measure').inputValue()).toBe('Revenue');
    // The keyboard continues in the result.
    await page.keyboard.press('Tab');
    expect(await page.evaluate("document.activeElement.getAttribute('aria-label')")).toBe('History');
  });

  it('shows the HTML of an action in a frame without scripts', async () => {
    await testAction('GetStatus');
    const cell = page.frameLocator('iframe').getByRole('cell', { name: 'All refreshes succeeded' });
    await cell.waitFor();
    // Its own styles apply.
    expect(await cell.evaluate((one) => Reflect.get(globalThis, 'getComputedStyle')(one).backgroundColor)).toBe(
      'rgb(16, 124, 16)',
    );
    // Chromium reports the script of the document that it did not run.
    expect(problems.splice(0)).toEqual([expect.stringContaining("the 'allow-scripts' permission is not set")]);
  });

  it('shows runs that fail or never report while they arrive', async () => {
    await open('/?trigger=WhenMeasureCrosses');
    await page.getByLabel('Measure').fill('Revenue');
    await page.getByLabel('Level').fill('5');
    await page
      .getByLabel('Last step: Report the outcome')
      .selectOption('One run in five fails, and one in ten never reports');
    await button('Save').click();
    await flows().getByText('No runs yet.').waitFor();
    for (let n = 1; n <= 5; n++) {
      await designerPage.api.publish({ title: `Run ${n}`, deliveryId: `vip_${n}` });
    }
    await flows()
      .getByRole('listitem')
      .filter({ hasText: 'failed Run 2' })
      .last()
      .getByText('Report the outcome: Failed')
      .waitFor();
    await flows().getByRole('listitem').filter({ hasText: 'running Run 4' }).last().waitFor();
    await flows().getByRole('listitem').filter({ hasText: 'succeeded Run 5' }).last().waitFor();
  });

  it('works without its script', async () => {
    const context = await browser.newContext({ javaScriptEnabled: false });
    const plain = await context.newPage();
    await plain.goto(designerPage.url);
    await plain.getByRole('link', { name: 'When a refresh ends' }).click();
    await plain.getByLabel('Timed out').check();
    await plain.getByRole('button', { name: 'Save' }).click();
    await plain.getByText('No runs yet.').waitFor();
    expect([...designerPage.api.registrations.values()]).toMatchObject([{ status: ['TimedOut'] }]);
    await plain.getByRole('button', { name: 'Delete' }).click();
    await plain.getByText('No flows yet.').waitFor();
    await plain.goto(`${designerPage.url}/?action=GetMeasure`);
    await plain.getByLabel('Measure').fill('Revenue');
    await plain.getByRole('button', { name: 'Test' }).click();
    await plain.getByText('1,234,567.5').waitFor();
    await context.close();
  });

  it.each([
    ['a phone', 320, 640],
    ['a desk', 1600, 900],
  ])('fits into the width of %s', async (_, width, height) => {
    await page.setViewportSize({ width, height });
    await save();
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
    await open();
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
    await testAction('GetMeasure');
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
  });

  it.each(['light', 'dark'] as const)('has enough contrast in %s', async (colorScheme) => {
    await page.emulateMedia({ colorScheme });
    await save();
    await designerPage.api.publish({ title: 'Revenue fell below 5', value: 4 });
    await run('Revenue fell below 5').waitFor();
    expect(await page.evaluate(CONTRAST)).toEqual([]);
    await open();
    expect(await page.evaluate(CONTRAST)).toEqual([]);
    await testAction('GetMeasure');
    expect(await page.evaluate(CONTRAST)).toEqual([]);
    await page.getByLabel('Measure').fill('Broken');
    await button('Test').click();
    await page.getByText('The response does not fit').waitFor();
    expect(await page.evaluate(CONTRAST)).toEqual([]);
  });
});
