import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DesignerRoute } from '../../../../local/page/routes';
import { API_KEY } from '../../../support/power-automate/api-stub';
import { DesignerPage, type Fields, FLOW_FORM, section, textOf } from '../../../support/power-automate/designer-page';

let page: DesignerPage;
beforeEach(async () => {
  page = await new DesignerPage().start();
});
afterEach(() => page.stop());

const save = (fields: Fields = FLOW_FORM) => page.post(DesignerRoute.SAVE, fields);
const change = (what: string) =>
  page.post(DesignerRoute.CHANGE, { flow: page.designer.list()[0]?.id ?? '', change: what });

describe('the designer', () => {
  it('tests its connection with its key', async () => {
    expect(page.api.requests).toEqual(['GET /v1/me (key)']);
    const message = "the designer cannot connect to the connector's API: The key is not valid.";
    await expect(page.connect('wrong')).rejects.toThrow(message);
  });

  it('shows the triggers of the file', async () => {
    const shown = section(await page.show(), 'designer');
    expect(textOf(shown)).toContain(
      'Choose a trigger When a measure crosses a threshold Runs when the value rises above a level or falls below it. When a refresh ends',
    );
    expect(shown).toContain('href="/?trigger=WhenRefreshEnds#designer"');
  });

  it('shows the fields of a trigger, and the advanced ones behind a switch', async () => {
    const shown = section(await page.show('?trigger=WhenMeasureCrosses'), 'designer');
    const [visible = '', advanced = ''] = shown.split('<details');
    expect(textOf(visible)).toMatch(
      /Measure \* The measure to watch\. Direction \* Rises above the level .*Level \* Members/,
    );
    expect(visible).toContain('<option value="above" selected>Rises above the level</option>');
    expect(textOf(advanced)).toContain('Show advanced (1) Run once Yes No');
    expect(advanced).toContain('<option value="false" selected>No</option>');
    expect(shown).not.toContain('callbackUrl');
    for (const [, id] of shown.matchAll(/<label for="([^"]+)"/g)) expect(shown).toContain(` id="${id}"`);
  });

  it('shows the choices of a list as boxes', async () => {
    const shown = section(await page.show('?trigger=WhenRefreshEnds'), 'designer');
    expect(textOf(shown)).toContain('Results Successful Timed out');
    expect(shown).toContain('<input type="checkbox" name="field.status" value="TimedOut">');
  });

  it('saves a flow, and shows it with its values', async () => {
    const response = await save();
    const [flow] = page.designer.list();
    expect([response.status, response.headers.get('location')]).toEqual([303, `/?flow=${flow?.id}#flows`]);
    expect([...page.api.registrations.values()]).toEqual([
      { measure: 'Revenue', direction: 'below', level: 5, callbackUrl: expect.stringContaining(page.url) },
    ]);
    const shown = await page.show(`?flow=${flow?.id}`);
    expect(textOf(section(shown, 'flows'))).toMatch(
      /on My flow .*Measure Revenue Direction Falls below the level Level 5 .*Edit Switch off Delete No runs yet\./,
    );
    expect(section(shown, 'designer')).toContain(
      'name="field.level" aria-required="true" inputmode="decimal" value="5"',
    );
    expect(page.changes).toBe(1);
  });

  it('sends the chosen values of a list', async () => {
    await save([
      ['trigger', 'WhenRefreshEnds'],
      ['field.status', 'Successful'],
      ['field.status', 'TimedOut'],
    ]);
    expect([...page.api.registrations.values()]).toMatchObject([
      { status: ['Successful', 'TimedOut'], source: 'flow' },
    ]);
    expect(page.designer.list()[0]?.name).toBe('When a refresh ends');
  });

  it('hides an advanced field of a flow that has its default', async () => {
    await save({ ...FLOW_FORM, 'field.direction': 'above', 'field.once': 'false' });
    const shown = textOf(section(await page.show(), 'flows'));
    expect(shown).toContain('Direction Rises above the level Level 5');
    expect(shown).not.toContain('Run once');
    await save({ ...FLOW_FORM, 'field.once': 'true' });
    expect(textOf(section(await page.show(), 'flows'))).toContain('Run once Yes');
  });

  it('changes a flow by saving it again', async () => {
    await save();
    const [flow] = page.designer.list();
    await save({ ...FLOW_FORM, flow: flow?.id ?? '', 'field.level': '7' });
    expect(page.designer.list()).toMatchObject([{ id: flow?.id, content: { values: { level: 7 } } }]);
    expect([...page.api.registrations.values()]).toMatchObject([{ level: 7 }]);
  });

  it('shows its own checks and the errors of the API, and keeps the typed values', async () => {
    const typed = await save({ ...FLOW_FORM, 'field.measure': ' ', 'field.level': 'ten' });
    expect(typed.status).toBe(400);
    const shown = section(await typed.text(), 'designer');
    expect(textOf(shown)).toContain("'Measure' is required. 'Level' must be a number.");
    expect(shown).toContain('value="ten"');
    const refused = section(await (await save({ ...FLOW_FORM, 'field.level': '-1' })).text(), 'designer');
    expect(refused).toContain('<div role="alert" class="reason"><p>Level: write a number above 0.</p></div>');
    expect(page.designer.list()).toEqual([]);
  });

  it('shows that a flow is not registered if the API does not respond, and can register it again', async () => {
    await page.api.stop();
    expect((await save()).status).toBe(303);
    const shown = textOf(section(await page.show(), 'flows'));
    expect(shown).toMatch(/on My flow not registered .*The API did not respond\. .*Register again/);
  });

  it('switches a flow off and on, and deletes it', async () => {
    await save();
    expect((await change('off')).headers.get('location')).toBe('/#flows');
    expect([page.designer.list()[0]?.state, page.api.registrations.size]).toEqual(['off', 0]);
    await change('on');
    expect([page.designer.list()[0]?.state, page.api.registrations.size]).toEqual(['on', 1]);
    await change('other');
    await change('delete');
    expect([page.designer.list(), page.api.registrations.size]).toEqual([[], 0]);
    expect(page.api.requests.filter((request) => request.startsWith('DELETE'))).toEqual([
      'DELETE /v1/registrations/flow.1',
      'DELETE /v1/registrations/flow.2',
    ]);
  });

  it('shows the runs that events started, with their outputs', async () => {
    await save();
    const body = { title: 'Revenue fell <b>', value: 4, subject: { name: 'Revenue' }, other: 'hidden' };
    expect(await page.api.publish(body)).toEqual([202]);
    const shown = textOf(section(await page.show(), 'flows'));
    expect(shown).toMatch(/Revenue fell &lt;b&gt; Outputs Run \w+ Title .* Value 4 Name of the measure Revenue/);
    expect(shown).not.toContain('hidden');
    await page.designer.change(page.designer.list()[0]?.id ?? '', 'off');
    expect(page.changes).toBe(3);
  });

  it('shows no callback URL, no address of a registration and no key', async () => {
    await save();
    await page.api.publish({ title: 'A' });
    const [callbackUrl] = [...page.api.registrations.values()].map((one) => String(one.callbackUrl));
    const signature = new URL(callbackUrl ?? '').searchParams.get('sig') ?? '-';
    const shown = await page.show(`?flow=${page.designer.list()[0]?.id}`);
    for (const secret of [signature, 'registrations/flow', API_KEY]) expect(shown).not.toContain(secret);
  });

  it('escapes what was typed', async () => {
    const hostile = `"><script>alert(1)</script>`;
    await save({ ...FLOW_FORM, name: hostile, 'field.measure': hostile });
    const shown = await page.show(`?flow=${page.designer.list()[0]?.id}`);
    expect(shown).toContain('&lt;script&gt;alert(1)');
    expect(shown).not.toContain('<script>alert');
  });
});

describe('a dropdown', () => {
  const values = async (fields: Record<string, string>) =>
    (await page.post(DesignerRoute.DROPDOWN, { trigger: 'WhenMeasureCrosses', ...fields })).json();

  it('has the values of all pages of the running API', async () => {
    expect(await values({ dropdown: 'measure', 'field.level': 'unfinished' })).toEqual({
      items: [
        { value: 'Revenue', title: 'Revenue (EUR)' },
        { value: 'Churn', title: 'Churn (EUR)' },
      ],
    });
    expect(page.api.requests.slice(1)).toEqual(['GET /v1/measures (key)', 'GET /v1/measures (key)']);
  });

  it.each<[string, Record<string, string>, object]>([
    [
      'the value of another field',
      { 'field.measure': 'Revenue' },
      { items: [{ value: '{"of":"Revenue"}', title: 'Members of Revenue' }] },
    ],
    ['a missing field', {}, { problem: "Fill in 'Measure' first." }],
    [
      'an error of the API',
      { 'field.measure': 'Churn' },
      { problem: 'Could not load the values. The members of Churn are missing.' },
    ],
    [
      'the fields of an action',
      { trigger: '', action: 'AddNote', dropdown: 'measure' },
      {
        items: [
          { value: 'Revenue', title: 'Revenue (EUR)' },
          { value: 'Churn', title: 'Churn (EUR)' },
        ],
      },
    ],
    ['an unknown trigger', { trigger: 'Other' }, { problem: 'The field has no list of values.' }],
    ['a field without a list', { dropdown: 'level' }, { problem: 'The field has no list of values.' }],
  ])('depends on %s', async (_, fields, expected) => {
    expect(await values({ dropdown: 'members', ...fields })).toEqual(expected);
  });

  it('reports that the API does not respond', async () => {
    await page.api.stop();
    expect(await values({ dropdown: 'measure' })).toEqual({
      problem: 'Could not load the values: the API did not respond.',
    });
  });
});

describe('a form of the designer', () => {
  const paths = [DesignerRoute.SAVE, DesignerRoute.CHANGE, DesignerRoute.TEST, DesignerRoute.DROPDOWN];

  it.each(paths)('%s is accepted only from the page, and not if it is too large', async (path) => {
    for (const origin of ['https://example.com', 'http://127.0.0.1:1', 'null']) {
      expect((await page.post(path, FLOW_FORM, { origin })).status).toBe(403);
    }
    expect((await page.post(path, { ...FLOW_FORM, name: 'x'.repeat(200_000) })).status).toBe(413);
    expect((await fetch(`${page.url}${path}`)).status).toBe(405);
    expect([page.designer.list(), page.api.registrations.size]).toEqual([[], 0]);
  });
});

it('serves the styles of the designer', async () => {
  const response = await fetch(`${page.url}${DesignerRoute.STYLE}`);
  expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/css; charset=utf-8']);
  expect(await response.text()).not.toMatch(/https?:|@import/);
});

it('serves the script of the dropdowns', async () => {
  const url = `${page.url}${DesignerRoute.SCRIPT}`;
  const response = await fetch(url);
  expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/javascript; charset=utf-8']);
  expect(await response.text()).not.toMatch(/https?:|eval|innerHTML/);
  expect((await fetch(url, { method: 'POST' })).status).toBe(405);
});

it('a callback that is too large is rejected', async () => {
  await save();
  const [callbackUrl] = [...page.api.registrations.values()].map((one) => String(one.callbackUrl));
  const response = await fetch(callbackUrl ?? '', { method: 'POST', body: 'x'.repeat(1_100_000) });
  expect(response.status).toBe(413);
});
