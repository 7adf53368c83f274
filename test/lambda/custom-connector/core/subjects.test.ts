import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { CONNECTOR_ACTIONS } from '../../../../contract/custom-connector';
import { RESPONSES } from '../../../../lambda/custom-connector/core/definition/responses';
import type { ApiRequest, ApiResponse } from '../../../../lambda/custom-connector/core/http';
import { listMembers, listPage, listSubjects } from '../../../../lambda/custom-connector/core/subjects';
import { readTriggerRequest } from '../../../../lambda/custom-connector/core/trigger-request';
import type { Dimensions } from '../../../../lambda/shared/core/metric';

const ORIGIN = 'https://abc123.execute-api.eu-central-1.amazonaws.com';
const requestOf = (query: ApiRequest['query'] = {}, path = '/v1/segments'): ApiRequest => ({
  route: `GET ${path}`,
  parameters: {},
  query,
  headers: {},
  origin: ORIGIN,
});
/** The request that follows a link, as API Gateway decodes it. */
const follow = (link: string): ApiRequest => {
  const { origin, pathname, searchParams } = new URL(link);
  return { ...requestOf(Object.fromEntries(searchParams), pathname), origin };
};
const listOf = (response: ApiResponse) => {
  expect(response.status).toBe(200);
  return v.parse(v.strictObject(RESPONSES.List.entries), response.body);
};
const namesOf = (response: ApiResponse) => listOf(response).value.map(({ name }) => name);
const problemOf = ({ status, body }: ApiResponse) => ({ status, ...v.parse(RESPONSES.Problem, body) });

const itemsOf = (names: readonly string[]) => names.map((name) => ({ name, title: name }));
const found = (names: readonly string[], search: string) => namesOf(listPage(itemsOf(names), requestOf({ search })));

/** The subjects of one instance, and the reads of it. */
const reader = (names: readonly string[]) => {
  const reads: string[] = [];
  return {
    reads,
    names: async (kind: string, instanceId: string) => {
      reads.push(`${kind} ${instanceId}`);
      return [...names];
    },
  };
};
/** The members of one measure, and the reads of it. */
const memberReader = (members: readonly Dimensions[]) => {
  const reads: string[] = [];
  return {
    reads,
    members: async (key: string) => {
      reads.push(key);
      return [...members];
    },
  };
};

describe('a list of subjects', () => {
  it('has the names with their titles, sorted without case', async () => {
    const names = ['beta', 'Alpha', 'alpha', 'Zeta', 'Ärger', 'Gamma\nray'];
    expect(listOf(await listSubjects('segment', requestOf(), reader(names)))).toEqual({
      value: [
        { name: 'Alpha', title: 'Alpha' },
        { name: 'alpha', title: 'alpha' },
        { name: 'beta', title: 'beta' },
        { name: 'Gamma\nray', title: 'Gamma ray' },
        { name: 'Zeta', title: 'Zeta' },
        { name: 'Ärger', title: 'Ärger' },
      ],
    });
  });

  it('is empty without subjects', async () => {
    expect(listOf(await listSubjects('measure', requestOf(), reader([])))).toEqual({ value: [] });
  });

  it.each([
    [{}, 'default'],
    [{ instanceId: '' }, 'default'],
    [{ instanceId: '  ' }, 'default'],
    [{ instanceId: ' eu ' }, 'eu'],
  ])('of the query %j is that of one instance', async (query, instance) => {
    const subjects = reader([]);
    await listSubjects('data-source', requestOf(query), subjects);
    expect(subjects.reads).toEqual([`data-source ${instance}`]);
  });

  it.each([
    ['x'.repeat(201), 'Instance: "instanceId" is longer than 200 characters: write a shorter name.'],
    [
      '\ud800',
      'Instance: "instanceId" has half of a surrogate pair, which is not a character: write a text of whole characters.',
    ],
  ])('is not read for an instance that cannot exist', async (instanceId, message) => {
    const subjects = reader([]);
    const response = await listSubjects('segment', requestOf({ instanceId }), subjects);
    expect(problemOf(response)).toEqual({ status: 400, code: 'invalid', message });
    expect(subjects.reads).toEqual([]);
  });
});

describe('a search', () => {
  it.each([
    ['vip', ['a VIP segment', 'VIP']],
    ['  VIP ', ['a VIP segment', 'VIP']],
    ['ip s', ['a VIP segment']],
    ['', ['a VIP segment', 'Churn', 'VIP']],
    [' ', ['a VIP segment', 'Churn', 'VIP']],
    ['.*', []],
    ['__proto__', []],
  ])('for %j finds names that contain it', (search, expected) => {
    expect(found(['VIP', 'a VIP segment', 'Churn'], search)).toEqual(expected);
  });

  it.each([
    ['a decomposed letter', 'cafe\u0301', 'CAF\u00c9'],
    ['sharp s', 'STRASSE', 'Hauptstraße'],
    ['a final sigma', 'οδοσ', 'ΟΔΟΣ'],
    ['Cyrillic', 'КЛИЕНТ', 'клиенты'],
    ['CJK', '客', '顧客'],
    ['Arabic', 'مميز', 'عملاء مميزون'],
    ['emoji', '🎉', 'party 🎉'],
    ['the letter i, in any locale', 'i', 'TITLE'],
  ])('knows %s', (_, search, name) => {
    expect(found([name, 'other'], search)).toEqual(search === 'i' ? ['TITLE'] : [name]);
  });

  it('for text that no name can have finds nothing', () => {
    expect(found(['VIP'], '\ud800')).toEqual([]);
    expect(found(['VIP'], 'x'.repeat(10_000))).toEqual([]);
  });
});

describe('a page', () => {
  const many = Array.from({ length: 2500 }, (_, n) => `Segment ${String(n).padStart(4, '0')}`);

  it('has 1,000 items, and a link to the next one unless it is the last', () => {
    const pages = [];
    for (let request: ApiRequest | undefined = requestOf(); request; ) {
      const { value, '@odata.nextLink': link } = listOf(listPage(itemsOf(many), request));
      pages.push(value.length);
      request = link === undefined ? undefined : follow(link);
    }
    expect(pages).toEqual([1000, 1000, 500]);
    expect(listOf(listPage(itemsOf(many.slice(0, 1000)), requestOf()))).not.toHaveProperty('@odata.nextLink');
  });

  it('links to the next one with an absolute, encoded address that keeps the query', () => {
    const query = { search: 'a&b =ü+🎉', instanceId: 'ü#1', measure: '%20/?', ignored: 'x', $skipToken: '' };
    const names = ['a&b =ü+🎉 1', 'a&b =ü+🎉 2'];
    const link = listOf(listPage(itemsOf(names), requestOf(query, '/v1/measure-members'), 1))[
      '@odata.nextLink'
    ] as string;
    expect(link).toBe(
      `${ORIGIN}/v1/measure-members?measure=%2520%2F%3F&instanceId=%C3%BC%231&search=a%26b%20%3D%C3%BC%2B%F0%9F%8E%89` +
        `&$skipToken=${Buffer.from('a&b =ü+🎉 1').toString('base64url')}`,
    );
    expect(namesOf(listPage(itemsOf(names), follow(link), 1))).toEqual([names[1]]);
  });

  it('continues after the last name, even if it was removed', () => {
    const link = listOf(listPage(itemsOf(['a', 'b', 'c']), requestOf(), 2))['@odata.nextLink'] as string;
    expect(namesOf(listPage(itemsOf(['c', 'a']), follow(link), 2))).toEqual(['c']);
    expect(listOf(listPage(itemsOf(['a']), follow(link), 2))).toEqual({ value: [] });
  });

  it.each(['!', '%', 'YQ==', 'Y', 'YR', '_w', 'gICA', 'a b', '7aCA', '__proto__x', 'x'.repeat(5001), '\ud800'])(
    'is refused for the token %j',
    ($skipToken) => {
      expect(problemOf(listPage(itemsOf(['a']), requestOf({ $skipToken })))).toEqual({
        status: 400,
        code: 'invalid',
        message:
          'Skip token: "$skipToken" is not from a link to a next page; use the link unchanged, or start at the first page.',
      });
    },
  );

  it('starts at the first item for an empty token', () => {
    expect(namesOf(listPage(itemsOf(['a']), requestOf({ $skipToken: '' })))).toEqual(['a']);
  });
});

describe('a list of members', () => {
  const request = (query: ApiRequest['query'] = { measure: 'Revenue' }) => requestOf(query, '/v1/measure-members');

  it('has the dimensions as JSON with sorted names, and as text', async () => {
    const members = memberReader([
      { Region: 'EMEA' },
      { Region: 'EMEA', Channel: 'Web' },
      { Region: '#"\'\n{}', Channel: 'Café, "Süd"' },
      { Region: 'APAC', Channel: 'Web' },
    ]);
    expect(listOf(await listMembers(request(), members))).toEqual({
      value: [
        {
          name: String.raw`{"Channel":"Café, \"Süd\"","Region":"#\"'\n{}"}`,
          title: `Channel: Café, "Süd", Region: #"' {}`,
        },
        { name: '{"Channel":"Web","Region":"APAC"}', title: 'Channel: Web, Region: APAC' },
        { name: '{"Channel":"Web","Region":"EMEA"}', title: 'Channel: Web, Region: EMEA' },
        { name: '{"Region":"EMEA"}', title: 'Region: EMEA' },
      ],
    });
    expect(members.reads).toEqual(['default#measure#Revenue']);
  });

  it('has names that the field "dimensions" of a trigger accepts', async () => {
    const dimensions = { Region: '"EM\nEA"', '10': 'ten', '9': 'nine', Channel: '客' };
    const [name] = namesOf(await listMembers(request(), memberReader([dimensions])));
    const fields = { measure: 'Revenue', direction: 'above', level: 1, dimensions: name };
    expect(readTriggerRequest('measure-threshold-crossed', fields, 'subscription', CONNECTOR_ACTIONS)).toMatchObject({
      definition: { filter: { measure: 'Revenue', dimensions } },
    });
  });

  it('has the same name for the same dimensions in any order', async () => {
    const members = memberReader([
      { b: '1', a: '2', '3': '4' },
      { '3': '4', a: '2', b: '1' },
    ]);
    const [first, second] = namesOf(await listMembers(request(), members));
    expect(first).toBe(second);
  });

  it('is searched by its text and read page by page', async () => {
    const members = memberReader(Array.from({ length: 1500 }, (_, n) => ({ Region: `R${n}`, Channel: 'Web' })));
    const all = listOf(
      await listMembers(request({ measure: ' Revenue ', instanceId: 'eu', search: 'WEB, region: r' }), members),
    );
    const rest = listOf(await listMembers(follow(all['@odata.nextLink'] as string), members));
    expect(new Set([...all.value, ...rest.value].map(({ name }) => name)).size).toBe(1500);
    expect(members.reads).toEqual(['eu#measure#Revenue', 'eu#measure#Revenue']);
    expect(listOf(await listMembers(request({ measure: 'Revenue', search: 'r1499' }), members)).value).toHaveLength(1);
  });

  it.each([
    [{}, 'Measure: "measure" is missing; choose a measure first.'],
    [{ measure: '' }, 'Measure: "measure" is missing; choose a measure first.'],
    [{ measure: ' ' }, 'Measure: "measure" is empty: write a name.'],
    [{ measure: 'x'.repeat(201) }, 'Measure: "measure" is longer than 200 characters: write a shorter name.'],
    [
      { measure: 'Revenue', instanceId: 'x'.repeat(201) },
      'Instance: "instanceId" is longer than 200 characters: write a shorter name.',
    ],
  ])('is not read for the query %j', async (query, message) => {
    const members = memberReader([]);
    expect(problemOf(await listMembers(request(query), members))).toEqual({ status: 400, code: 'invalid', message });
    expect(members.reads).toEqual([]);
  });
});
