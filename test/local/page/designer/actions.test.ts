import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DesignerRoute } from '../../../../local/page/routes';
import { API_KEY, REPORT } from '../../../support/power-automate/api-stub';
import { DesignerPage, type Fields, section, textOf } from '../../../support/power-automate/designer-page';

let page: DesignerPage;
beforeEach(async () => {
  page = await new DesignerPage().start();
});
afterEach(() => page.stop());

describe('an action in the designer', () => {
  const resultOf = async (fields: Fields) => {
    const response = await page.post(DesignerRoute.TEST, fields);
    expect(response.status).toBe(200);
    return section(await response.text(), 'designer');
  };

  it('is listed beside the triggers', async () => {
    const shown = section(await page.show(), 'designer');
    expect(textOf(shown)).toContain(
      'Or test an action ListMeasures Get a measure Reads the value of a measure. Add a note',
    );
    expect(shown).toContain('href="/?action=GetMeasure#designer"');
    expect(shown).not.toContain('WhoAmI');
  });

  it('has a form with its inputs, the advanced ones behind a switch', async () => {
    const shown = section(await page.show('?action=GetMeasure'), 'designer');
    const [visible = '', advanced = ''] = shown.split('<details');
    expect(textOf(visible)).toMatch(
      /Get a measure Reads the value of a measure\. Measure \* .*The measure to read\. Limit/,
    );
    expect(textOf(advanced)).toContain('Show advanced (1) View');
    expect(advanced).toContain('value="full"');
    expect(shown).not.toContain('field.format');
    for (const [, id] of shown.matchAll(/<label for="([^"]+)"/g)) expect(shown).toContain(` id="${id}"`);
  });

  it('shows its outputs by title, and keeps the inputs', async () => {
    const shown = await resultOf({ action: 'GetMeasure', 'field.measure': 'A/B', 'field.limit': '3' });
    expect(textOf(shown)).toMatch(
      /Result Succeeded Status 200 Name A\/B Value 1,234,567\.5 Trend up Observed at 2026-11-23 12:00:00 Mail of the owner owner@example\.com History \(2\) Time Earlier value 2026-11-22 12:00:00 1,200,000 .*Members \(2\) EMEA, APAC/,
    );
    expect(shown).toContain(
      'name="field.measure" aria-required="true" aria-describedby="field-measure-hint" value="A/B"',
    );
    expect(page.api.requests.at(-1)).toBe('GET /v1/measures/A%2FB (key)');
  });

  it('shows the items of all pages of a list', async () => {
    expect(textOf(await resultOf({ action: 'ListMeasures' }))).toMatch(
      /Items \(2\) Name Title Revenue .*Churn Churn \(EUR\)/,
    );
  });

  it('shows that it succeeded without outputs', async () => {
    const fields = { action: 'ReportOutcome', 'field.deliveryId': 'vip_1', 'field.outcome': 'failed' };
    expect(textOf(await resultOf(fields))).toContain('Result Succeeded Status 202 The response has no outputs.');
    expect(page.api.outcomes).toEqual([{ deliveryId: 'vip_1', outcome: 'failed' }]);
  });

  it.each<[string, Record<string, string>, string]>([
    ['a mistake', { 'field.limit': 'x' }, "'Measure' is required. 'Limit' must be a whole number. Test"],
    [
      'an error of the API',
      { 'field.measure': 'Churn' },
      'Result Failed Status 404 The measure Churn has no value yet.',
    ],
    [
      'a response that does not fit the file',
      { 'field.measure': 'Broken' },
      'Result Does not fit the file Status 200 The response does not fit the exported file: value must be number',
    ],
  ])('shows %s', async (_, fields, expected) => {
    expect(textOf(await resultOf({ action: 'GetMeasure', ...fields }))).toContain(expected);
  });

  it('shows that the API does not respond', async () => {
    await page.api.stop();
    expect(textOf(await resultOf({ action: 'GetStatus' }))).toContain('Result Failed The API did not respond.');
  });

  it('shows HTML in a frame without rights', async () => {
    const shown = await resultOf({ action: 'GetStatus' });
    const [, path = ''] = /<iframe class="document" sandbox src="([^"]+)" title="Report">/.exec(shown) ?? [];
    expect(path).toMatch(/^\/page\/designer\/documents\/[0-9a-f]{64}$/);
    expect(shown).not.toContain('All refreshes succeeded');
    const frame = await fetch(`${page.url}${path}`);
    expect(await frame.text()).toBe(REPORT);
    const policy = frame.headers.get('content-security-policy');
    for (const part of ["default-src 'none'", 'sandbox;', "frame-ancestors 'self'"]) expect(policy).toContain(part);
    expect(policy).not.toMatch(/script-src|allow-/);
    expect((await fetch(`${page.url}${path}`, { method: 'POST' })).status).toBe(405);
    expect((await fetch(`${page.url}${path.slice(0, -1)}`)).status).toBe(404);
  });

  it('shows no key and no address', async () => {
    const all: Fields[] = [{ action: 'ListMeasures' }, { action: 'GetMeasure', 'field.measure': 'Revenue' }];
    for (const fields of all) {
      const shown = await resultOf(fields);
      for (const secret of [API_KEY, page.apiHost, page.url, '/v1/']) expect(shown).not.toContain(secret);
    }
  });

  it('that the file does not have is not run', async () => {
    expect(textOf(await resultOf({ action: 'WhoAmI' }))).toContain('Choose a trigger');
    expect(page.api.requests).toHaveLength(1);
  });
});
