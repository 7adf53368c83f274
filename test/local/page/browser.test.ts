import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App } from 'aws-cdk-lib';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import { readSubscriptionFile } from '../../../cli/subscriptions/subscription-file';
import { Env } from '../../../contract/environment';
import { register } from '../../../lambda/registration/core/register';
import { PowerAutomateConnectorStack } from '../../../lib';
import { FlowReceiver } from '../../../local/engines/services/flow-receiver';
import { BusHistory } from '../../../local/page/bus-history';
import { runPage } from '../../../local/page/run-page';
import { type PagePorts, PageServer } from '../../../local/page/server';
import { type LocalStack, startLocalStack } from '../../../local/stack';
import { localConnector } from '../../../local/stack/connector';
import { type BrowserProgram, startBrowser } from '../../support/browser/browser';

const SUBSCRIPTIONS = `subscriptions:
  - { name: vip, trigger: segment-threshold-crossed, segment: VIP customers, above: 10000, recoverTo: 9000, flowUrl: "\${FLOWS}/vip?sig=0123456789-0123456789-0123456789-0123456789" }
  - { name: failed, trigger: data-source-refresh-failed, flowUrl: "\${FLOWS}/failed?sig=0123456789-0123456789-0123456789-0123456789" }
`;

/** Runs in the browser: returns texts with a contrast below 4.5 : 1 (WCAG 2.2, 1.4.3). */
const CONTRAST = readFileSync(join(__dirname, '../../support/browser/contrast.js'), 'utf8');

const program = inject('browser') as BrowserProgram;

describe.runIf(program)('the page in a browser', () => {
  const cleanups: (() => Promise<unknown> | unknown)[] = [];
  let stack: LocalStack;
  let browser: Browser;
  let page: Page;
  let problems: string[];
  let putOutsidePage: PagePorts['put'];

  beforeAll(async () => {
    const directory = mkdtempSync(join(tmpdir(), 'connector-page-'));
    cleanups.push(() => rmSync(directory, { recursive: true, force: true }));
    const app = new App({ outdir: join(directory, 'cdk.out') });
    new PowerAutomateConnectorStack(app, 'Connector');
    app.synth();
    const history = new BusHistory();
    const receiver = new FlowReceiver();
    let server: PageServer | undefined;
    stack = await startLocalStack({
      templateFile: join(directory, 'cdk.out', 'Connector.template.json'),
      functionEnvironment: { [Env.LOOPBACK_FLOWS]: '1' },
      routes: (request, response) => receiver.handle(request, response) || (server?.handle(request, response) ?? false),
      onEvent: (event, rules) => {
        history.record(event, rules, Date.now());
        server?.changed();
      },
      onLog: () => server?.changed(),
    });
    cleanups.push(() => stack.stop());
    const { ports, close } = runPage(stack, history);
    cleanups.push(close);
    putOutsidePage = ports.put;
    server = new PageServer(ports);
    cleanups.push(() => server?.stop());
    const connector = localConnector(stack);
    cleanups.push(() => connector.close());
    const environment = { FLOWS: `${stack.endpoint}/flows` };
    const { entries } = readSubscriptionFile(SUBSCRIPTIONS, {
      file: 'subscriptions.yaml',
      environment,
      loopback: true,
    });
    for (const entry of entries) await register(entry, 'file:default', connector.registry);
    browser = await startBrowser(program);
    cleanups.push(() => browser.close());
  }, 120_000);
  afterAll(async () => {
    for (const cleanup of cleanups.reverse()) await cleanup();
  });

  beforeEach(async () => {
    problems = [];
    page = await browser.newPage();
    page.on('pageerror', (error) => problems.push(error.message));
    // Includes violations of the content security policy.
    page.on('console', (message) => message.type() === 'error' && problems.push(message.text()));
    page.on('dialog', (dialog) => {
      problems.push(`a dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
  });
  afterEach(async () => {
    expect(problems).toEqual([]);
    await page.close();
  });

  const open = async () => {
    await page.goto(stack.endpoint);
    await page.getByText('Live.').waitFor();
  };
  async function put(example: string) {
    await page.getByLabel('Example').selectOption(example);
    await page.getByRole('button', { name: 'Put event' }).click();
    await page
      .getByRole('status')
      .getByText(/^Put \w+ with id [\w-]+\.$/)
      .waitFor();
  }
  const plot = () => page.getByRole('img', { name: /^Segment VIP customers: / });
  const rule = (name: string) =>
    page.locator('#rules li').filter({ has: page.locator('strong', { hasText: new RegExp(`^${name}$`) }) });
  const marks = (style: string) => plot().locator(`.${style}`);

  it('updates the plot and the deliveries after an event of the form', async () => {
    await open();
    expect(await plot().getAttribute('aria-label')).toContain(
      'no value yet; thresholds: above 10,000, recovers at 9,000',
    );
    await put('VIP customers fall');
    await marks('value').first().waitFor();
    expect([await marks('value').count(), await marks('crossing').count()]).toEqual([1, 0]);
    await put('VIP customers rise');
    await marks('crossing').waitFor();
    expect(await marks('value').count()).toBe(2);
    expect(await plot().getAttribute('aria-label')).toMatch(
      /^Segment VIP customers: 2 values, now 10,450; .* crossed once$/,
    );
    const delivered = page.locator('#deliveries li', { hasText: 'vip' }).filter({ hasText: 'delivered' }).first();
    await delivered.waitFor();
    const text = await delivered.innerText();
    expect(text).toContain('Segment VIP customers rose above 10,000');
    expect(text).toContain('VIP customers has 10,450 members; it had 9,600 before. Threshold: above 10,000.');
    expect(text).toMatch(/202, run 08586\d+CU\d\d/);
    const body = delivered.getByRole('group', { name: 'Body' });
    expect(await body.isVisible()).toBe(false);
    await delivered.getByText('Ids, attempts and body').focus();
    await page.keyboard.press('Enter');
    await body.getByText('"segment": "VIP customers"').waitFor();
    await page.locator('#events li', { hasText: 'SegmentThresholdCrossed' }).first().waitFor();
    await rule('SegmentThresholdCrossed').getByText('matched 1').waitFor();
  });

  it('shows why an event is rejected', async () => {
    await open();
    await put('Invalid event');
    await page.locator('#rejected').getByText('"memberCount" is "many": write a whole number').waitFor();
  });

  it('keeps details open during an update', async () => {
    await open();
    await rule('DataSourceRefreshFailed').getByText('Pattern').click();
    const detail = JSON.stringify({ dataSource: 'Orders', status: 'Failed', runId: 'from elsewhere' });
    await putOutsidePage({ detailType: 'DataSourceRefreshed', detail });
    await rule('DataSourceRefreshFailed').getByText('matched 1').waitFor();
    await rule('DataSourceRefreshFailed').locator('details[open] summary:focus').waitFor();
  });

  it('shows markup in events as text', async () => {
    await open();
    const hostile = `"><img src=x onerror="alert(1)"><script>alert(2)</script>`;
    const observedAt = new Date().toISOString();
    await page.getByLabel('Detail (JSON)').fill(JSON.stringify({ segment: hostile, memberCount: 1, observedAt }));
    await page.getByRole('button').click();
    await page.getByRole('heading', { name: hostile, exact: false }).waitFor();
    await page.locator('#events strong', { hasText: 'SegmentRefreshed' }).first().waitFor();
    await page.reload();
    await page.getByRole('heading', { name: hostile, exact: false }).waitFor();
    expect(await page.locator('img[src], main script').count()).toBe(0);
  });

  it('describes an invalid input', async () => {
    await open();
    await page.getByLabel('Detail (JSON)').fill('{');
    await page.getByRole('button').click();
    await page.getByRole('status').getByText('Not put: the detail is not JSON').waitFor();
    // Chromium reports each error response.
    expect(problems.splice(0)).toEqual([expect.stringContaining('400')]);
  });

  it('works without its script', async () => {
    const context = await browser.newContext({ javaScriptEnabled: false });
    const plain = await context.newPage();
    await plain.goto(stack.endpoint);
    await plain.getByLabel('Detail type').fill('UnificationRefreshed');
    await plain.getByLabel('Detail (JSON)').fill('{"runId":"without-script","status":"Skipped"}');
    await plain.getByRole('button').click();
    await plain.waitForURL(`${stack.endpoint}/#put`);
    expect(await plain.locator('#events').innerText()).toContain('UnificationRefreshed');
    await context.close();
  });

  it('shows no flow URL', async () => {
    await open();
    expect(await page.content()).not.toMatch(/\bsig\b|0123456789-0123456789/);
  });

  it.each([
    ['a phone', 320, 640],
    ['a desk', 1600, 900],
  ])('fits into the width of %s', async (_, width, height) => {
    await page.setViewportSize({ width, height });
    await open();
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
  });

  it.each(['light', 'dark'] as const)('has enough contrast in %s', async (colorScheme) => {
    await page.emulateMedia({ colorScheme });
    await open();
    const tooLow = await page.evaluate(CONTRAST);
    expect(tooLow).toEqual([]);
  });
});
