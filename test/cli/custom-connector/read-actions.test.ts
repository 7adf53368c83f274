import Ajv from 'ajv';
import { beforeAll, describe, expect, it } from 'vitest';
import { connectorDefinition } from '../../../cli/custom-connector/definition';
import { measure, segment } from '../../support/evaluation';
import { MemoryApi } from '../../support/memory/memory-api';
import { DATA_SOURCES, RUNS } from '../../support/refreshes';

// biome-ignore lint/suspicious/noExplicitAny: the caller knows only the exported file.
type Json = any;
const file: Json = JSON.parse(
  JSON.stringify(
    connectorDefinition({ host: 'api.example.com', schemes: ['https'], version: '1.0.0', actions: ['read'] }),
  ),
);
const operations: { readonly path: string; readonly operation: Json }[] = Object.entries(file.paths as Json).flatMap(
  ([path, methods]) => {
    const { get } = methods as Json;
    return get ? [{ path, operation: get }] : [];
  },
);
const READS = ['GetDataSource', 'ListDataSourceRefreshes', 'GetSegment', 'GetMeasure', 'GetStatus'];

/** The schema with no other properties than the declared ones, at every depth: a flow can use only these. */
function closed(schema: Json): Json {
  if (Array.isArray(schema)) return schema.map(closed);
  if (typeof schema !== 'object' || schema === null) return schema;
  const inner = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, closed(value)]));
  return schema.properties && schema.type === 'object' ? { ...inner, additionalProperties: false } : inner;
}

const api = new MemoryApi();
beforeAll(async () => {
  api.subjects.segment = ['VIP customers'];
  api.subjects.measure = ['Revenue'];
  api.subjects['data-source'] = DATA_SOURCES.map(({ name }) => name);
  for (const { name, refreshes } of DATA_SOURCES) {
    for (const one of Object.values(refreshes)) {
      await api.refreshes.record({ kind: 'data-source', instanceId: 'default', name }, one);
    }
  }
  await api.refreshes.record({ kind: 'full-refresh', instanceId: 'default' }, RUNS.fullRefresh.failed);
  await api.world.subscribe('vip', { segment: 'VIP customers' }, { operator: 'above', value: 10, recoverTo: 5 });
  await api.world.subscribe('revenue', { measure: 'Revenue' }, { operator: 'below', value: 10 });
  const member = { unit: 'EUR', dimensions: { Region: 'EU' } };
  for (const value of [5, 20]) await api.world.evaluate([segment(value, value), measure(value, value, member)]);
});

const call = async (operationId: string, query: Record<string, string>): Promise<Json> => {
  const found = operations.find(({ operation }) => operation.operationId === operationId);
  const { status, body } = await api.send(`GET ${file.basePath}${found?.path}`, { query });
  expect(status, JSON.stringify(body)).toBe(200);
  return body;
};

/** Fills in the parameters in order, like an author: each from its list, or its default. */
async function filledIn({ parameters }: Json): Promise<Record<string, string>> {
  const query: Record<string, string> = {};
  // The designer fills in the defaults first.
  for (const one of parameters) if (one.default !== undefined) query[one.name] = one.default;
  for (const { name, 'x-ms-dynamic-list': list } of parameters) {
    if (!list) continue;
    const given = Object.entries(list.parameters as Record<string, Json>).map(
      ([parameter, { parameterReference }]) => [parameter, query[parameterReference] ?? ''] as const,
    );
    const body = await call(list.operationId, Object.fromEntries(given));
    query[name] = body[list.itemsPath][0][list.itemValuePath];
  }
  return query;
}

describe.each(READS)('%s, called by the exported file alone', (operationId) => {
  it('responds with what the file declares, whatever is chosen from the lists', async () => {
    const { operation } = operations.find((one) => one.operation.operationId === operationId) ?? {};
    const body = await call(operationId, await filledIn(operation));
    const [, , definition] = operation.responses[200].schema.$ref.split('/');
    const fits = new Ajv({ strict: false, allErrors: true }).compile(closed(file.definitions[definition]));
    expect([fits(body), fits.errors]).toEqual([true, null]);
  });
});

it('a file without the action has none of them', () => {
  const { paths }: Json = connectorDefinition({
    host: 'api.example.com',
    schemes: ['https'],
    version: '1.0.0',
    actions: ['test'],
  });
  expect(Object.keys(paths).filter((path) => /^\/(data-source|segment|measure|status)$/.test(path))).toEqual([]);
});
