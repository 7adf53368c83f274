import { beforeEach, describe, expect, it } from 'vitest';
import { readConnectorFile } from '../../../local/power-automate/connector-file';
import type { FieldValues } from '../../../local/power-automate/model';
import type { HttpRequest, HttpResponse } from '../../../local/power-automate/requests';
import { runAction } from '../../../local/power-automate/run-action';
import { connectorDocument } from '../../support/power-automate/connector-document';

const HEADERS = { 'x-api-key': 'key-1' };

let sent: HttpRequest[];
/** Responses of the next requests. */
let answers: ({ readonly status?: number; readonly body?: unknown } | 'none')[];
beforeEach(() => {
  sent = [];
  answers = [];
});

async function send(request: HttpRequest): Promise<HttpResponse> {
  sent.push(request);
  const answer = answers.shift();
  if (answer === undefined || answer === 'none') throw new Error('no response');
  const { status = 200, body } = answer;
  return { status, headers: {}, body: typeof body === 'string' ? body : JSON.stringify(body ?? '') };
}

// biome-ignore lint/suspicious/noExplicitAny: each case breaks a document in its own way.
function run(operationId: string, values: FieldValues, breakIt: (document: any) => void = () => {}) {
  const document = structuredClone(connectorDocument());
  breakIt(document);
  const file = readConnectorFile(document);
  const action = file.actions.find((one) => one.operationId === operationId);
  if (!action) throw new Error(`the file has no action ${operationId}`);
  return runAction(file, action, values, { connection: { headers: HEADERS }, send });
}

const MEASURE = { name: 'Revenue', value: 5 };

describe('the request of an action', () => {
  it('has the inputs in the path and the query, and the defaults of hidden ones', async () => {
    answers = [{ body: MEASURE }];
    expect(await run('GetMeasure', { measure: 'A/B & C', limit: 3 })).toEqual({
      ...{ status: 200, body: MEASURE, problems: [], faults: [] },
    });
    expect(sent).toEqual([
      {
        ...{ method: 'GET', headers: HEADERS },
        url: 'https://api.example.com/v1/measures/A%2FB%20%26%20C?limit=3&format=json',
      },
    ]);
  });

  it('has the inputs in the body', async () => {
    answers = [{ status: 202 }];
    const result = await run('AddNote', { measure: 'Revenue', text: 'Rising', tags: ['a', 'b'], rank: 2 });
    expect(result).toMatchObject({ status: 202, problems: [], faults: [] });
    expect(sent[0]).toMatchObject({ method: 'POST', url: 'https://api.example.com/v1/measures/Revenue/notes' });
    expect(sent[0]?.headers).toEqual({ 'content-type': 'application/json', ...HEADERS });
    expect(JSON.parse(sent[0]?.body ?? '')).toEqual({ text: 'Rising', kind: 'info', tags: ['a', 'b'], rank: 2 });
  });

  it.each<[string, FieldValues, string]>([
    ['without a required input', { measure: 'Revenue' }, "'Text' is required."],
    ['with another type', { measure: 'Revenue', text: 5 }, "'Text' must be a text."],
    ['with a fraction', { measure: 'Revenue', text: 'A', rank: 1.5 }, "'Rank' must be a whole number."],
    [
      'with a value that is no choice',
      { measure: 'Revenue', text: 'A', tags: ['a', 'c'] },
      "'Tags' must be one of a, b.",
    ],
    ['with one value for a list', { measure: 'Revenue', text: 'A', tags: 'a' }, "'Tags' must be a list."],
    ['with a list for one value', { measure: 'Revenue', text: ['A'] }, "'Text' must be a text."],
    ['with an unknown input', { measure: 'Revenue', text: 'A', size: 1 }, "The action has no input 'size'."],
  ])('is not sent %s', async (_, values, mistake) => {
    expect(await run('AddNote', values)).toEqual({ problems: [mistake], faults: [] });
    expect(sent).toEqual([]);
  });
});

describe('the result of an action', () => {
  it('has the message of an error', async () => {
    const body = { code: 'not-found', message: 'The measure does not exist.' };
    answers = [{ status: 404, body }];
    expect(await run('GetMeasure', { measure: 'Other' })).toEqual({
      ...{ status: 404, body, problems: ['The measure does not exist.'], faults: [] },
    });
  });

  it('says that no response arrived', async () => {
    answers = ['none'];
    expect(await run('GetStatus', {})).toEqual({ problems: ['The API did not respond.'], faults: [] });
  });

  it.each<[string, object, string]>([
    ['a missing field', { name: 'Revenue' }, "the body must have required property 'value'"],
    ['another type', { ...MEASURE, value: '5' }, 'value must be number'],
    ['an unknown value of a choice', { ...MEASURE, trend: 'flat' }, 'trend must be one of up, down'],
    ['a text that is no time', { ...MEASURE, observedAt: 'today' }, 'observedAt must match format "date-time"'],
    ['another type within an object', { ...MEASURE, owner: { mail: 7 } }, 'owner > mail must be string'],
    [
      'a missing field of an item',
      { ...MEASURE, history: [{ value: 1 }, {}] },
      "history > 1 must have required property 'value'",
    ],
    ['an object in place of a list', { ...MEASURE, members: {} }, 'members must be array'],
  ])('reports %s', async (_, body, fault) => {
    answers = [{ body }];
    expect(await run('GetMeasure', { measure: 'Revenue' })).toMatchObject({ problems: [], faults: [fault] });
  });

  it('reports a status that the file does not declare', async () => {
    answers = [{ status: 418, body: {} }];
    const result = await run('GetMeasure', { measure: 'Revenue' });
    expect(result.faults).toEqual(['the file does not declare the status 418']);
    expect(result.problems).toEqual(['The API responded with status 418.']);
  });

  it('reports an error that does not fit the file', async () => {
    answers = [{ status: 404, body: { message: 'Gone.' } }];
    expect(await run('GetMeasure', { measure: 'Revenue' })).toMatchObject({
      ...{ problems: ['Gone.'], faults: ["the body must have required property 'code'"] },
    });
  });

  it('reports a body that is not JSON', async () => {
    answers = [{ body: '<html>' }];
    expect((await run('GetMeasure', { measure: 'Revenue' })).faults).toEqual(['the body of status 200 is not JSON']);
  });

  it('reports a schema that is not valid', async () => {
    answers = [{ body: MEASURE }];
    const { faults } = await run('GetMeasure', { measure: 'Revenue' }, (document) => {
      document.definitions.Measure.properties.value.type = 'decimal';
    });
    expect(faults).toEqual([expect.stringContaining('the file has a schema that is not valid')]);
  });
});

describe('a list', () => {
  const page = (name: string, link?: string) => ({
    body: { value: [{ name, title: name }], ...(link !== undefined && { '@odata.nextLink': link }) },
  });
  const names = ({ body }: { readonly body?: unknown }) =>
    (body as { readonly value: { readonly name: string }[] }).value.map(({ name }) => name);

  it('has the items of all pages', async () => {
    answers = [
      page('a', 'https://api.example.com/v1/measures?page=2'),
      page('b', '/v1/measures?page=3'),
      page('c', ''),
    ];
    const result = await run('ListMeasures', { search: 'x' });
    expect(names(result)).toEqual(['a', 'b', 'c']);
    expect(result).toMatchObject({ problems: [], faults: [] });
    expect(result.body).not.toHaveProperty(['@odata.nextLink']);
    expect(sent.map(({ url }) => new URL(url).search)).toEqual(['?search=x', '?page=2', '?page=3']);
    for (const { headers } of sent) expect(headers).toEqual(HEADERS);
  });

  it.each(['https://other.example.com/v1/measures', 'https://', '//other.example.com'])(
    'reports the link %s, and does not follow it',
    async (link) => {
      answers = [page('a', link), page('b')];
      const result = await run('ListMeasures', {});
      expect(result.faults).toEqual(['@odata.nextLink does not lead to the server of the API']);
      expect([names(result), sent.length]).toEqual([['a'], 1]);
    },
  );

  it('fails if a page fails', async () => {
    const message = 'Try again later.';
    answers = [page('a', '?page=2'), { status: 503, body: { code: 'unavailable', message } }];
    expect(await run('ListMeasures', {})).toMatchObject({ status: 503, problems: [message], faults: [] });
    answers = [page('a', '?page=2'), 'none'];
    expect(await run('ListMeasures', {})).toEqual({ problems: ['The API did not respond.'], faults: [] });
  });

  it('reports a fault of each page', async () => {
    answers = [page('a', '?page=2'), { body: { value: [{ name: 'b' }] } }];
    expect((await run('ListMeasures', {})).faults).toEqual(["value > 0 must have required property 'title'"]);
  });

  it('ends at a link that leads back to the same page', async () => {
    answers = Array.from({ length: 50 }, (_, n) => page(String(n), '/v1/measures'));
    const result = await run('ListMeasures', {});
    expect([names(result).length, sent.length]).toEqual([10, 10]);
  });
});
