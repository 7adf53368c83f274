import Ajv from 'ajv';
import { expect, it } from 'vitest';
import { definitionFor } from '../../../cli/custom-connector/connector-files';
import { API_BASE_PATH, CONNECTOR_ACTIONS } from '../../../contract/custom-connector';
import type { ApiResponse } from '../../../lambda/custom-connector/core/http';
import type { Subscription } from '../../../lambda/subscriptions/core/subscription';
import { callbackUrl, MemoryApi } from '../../support/memory/memory-api';

const HOUR = 3_600_000;

interface Parameter {
  readonly name: string;
  readonly in: 'query' | 'path' | 'body';
  readonly required: boolean;
  readonly schema?: { readonly required?: string[]; readonly properties: Record<string, unknown> };
  readonly 'x-ms-dynamic-list'?: { operationId: string; itemsPath: string; itemValuePath: string };
}
interface Operation {
  readonly operationId: string;
  readonly parameters: readonly Parameter[];
  readonly responses: Record<string, { readonly schema?: { readonly $ref: string } }>;
}
type Values = Record<string, unknown>;

const document = JSON.parse(
  JSON.stringify(
    definitionFor({ url: 'https://abc123.execute-api.eu-central-1.amazonaws.com', actions: CONNECTOR_ACTIONS }),
  ),
) as { paths: Record<string, Record<string, Operation>>; definitions: Record<string, object> };

const ajv = new Ajv({ strict: false, validateFormats: false });
ajv.addSchema({ $id: 'file', definitions: document.definitions });

/** Calls operations as the file describes them, with arguments by name. It knows nothing else about the API. */
class FileClient {
  constructor(private readonly api: MemoryApi) {}

  async call(operationId: string, values: Values): Promise<ApiResponse> {
    const { path, method, operation } = find(operationId);
    const at = (place: Parameter['in']) => operation.parameters.filter((one) => one.in === place);
    for (const { name, required } of [...at('path'), ...at('query')]) {
      if (required) expect(values, operationId).toHaveProperty(name);
    }
    const pick = (parameters: readonly { readonly name: string }[]) =>
      Object.fromEntries(parameters.flatMap(({ name }) => (name in values ? [[name, String(values[name])]] : [])));
    const [body] = at('body');
    const fields = Object.keys(body?.schema?.properties ?? {});
    for (const name of body?.schema?.required ?? []) expect(values, operationId).toHaveProperty(name);
    const response = await this.api.send(`${method.toUpperCase()} ${API_BASE_PATH}${path}`, {
      parameters: pick(at('path')),
      query: pick(at('query')),
      ...(body && { body: Object.fromEntries(Object.entries(values).filter(([name]) => fields.includes(name))) }),
    });
    const declared = operation.responses[response.status];
    expect(declared, `${operationId} ${response.status}`).toBeDefined();
    if (declared?.schema) {
      const fits = ajv.compile({ $ref: `file${declared.schema.$ref}` });
      expect([fits(response.body), fits.errors], operationId).toEqual([true, null]);
    } else expect(response.body).toBeUndefined();
    return response;
  }

  /** Values of a parameter's dropdown. */
  async choices(operationId: string, parameter: string): Promise<unknown[]> {
    const found = find(operationId).operation.parameters.find(({ name }) => name === parameter);
    const list = found?.['x-ms-dynamic-list'];
    if (!list) throw new Error(`${operationId} has no dropdown for ${parameter}`);
    const { body } = await this.call(list.operationId, {});
    const items = (body as Record<string, Record<string, unknown>[]>)[list.itemsPath] ?? [];
    return items.map((item) => item[list.itemValuePath]);
  }
}

function find(operationId: string): { path: string; method: string; operation: Operation } {
  for (const [path, methods] of Object.entries(document.paths)) {
    for (const [method, operation] of Object.entries(methods)) {
      if (operation.operationId === operationId) return { path, method, operation };
    }
  }
  throw new Error(`the file has no operation ${operationId}`);
}

it('the file is enough to list, test and replay the flows of a caller', async () => {
  const api = new MemoryApi();
  const client = new FileClient(api);
  const fields = { segment: 'VIP', direction: 'above', level: 10, callbackUrl: callbackUrl() };
  await api.register('segment-threshold-crossed', fields);
  const [subscription] = api.world.tables.subscriptions.values();
  api.deliveries.add(subscription as Subscription, api.world.now - HOUR);
  for (const operationId of ['ListDeliveries', 'SendTestEvent', 'ReplayDeliveries']) {
    expect(await client.choices(operationId, 'flow')).toEqual([subscription?.definition.name]);
  }
  const [flow] = await client.choices('SendTestEvent', 'flow');
  expect((await client.call('SendTestEvent', { flow })).status).toBe(202);
  expect((await client.call('ListDeliveries', { flow })).body).toMatchObject({ value: [{ status: 'dead' }] });
  const from = new Date(api.world.now - 2 * HOUR).toISOString();
  expect((await client.call('ReplayDeliveries', { flow, from })).body).toMatchObject({ count: 1 });
  expect(api.deliveries.sent).toHaveLength(2);
});

it('the file declares each problem of these actions', async () => {
  const api = new MemoryApi();
  const client = new FileClient(api);
  const from = new Date(api.world.now - HOUR).toISOString();
  for (const operationId of ['ListDeliveries', 'SendTestEvent', 'ReplayDeliveries']) {
    expect((await client.call(operationId, { flow: 'flow-of-another', from })).status).toBe(404);
  }
  expect((await client.call('ReplayDeliveries', { flow: 'any', from: 'today' })).status).toBe(400);
  api.keys.clear();
  expect((await client.call('ListFlows', {})).status).toBe(401);
});

it('the file is enough to report events', async () => {
  const api = new MemoryApi();
  const client = new FileClient(api);
  const observedAt = new Date(api.world.now).toISOString();
  const reports = [
    ['ReportRefresh', { dataSource: 'CRM', runId: 'nightly', status: 'Failed' }],
    ['ReportMemberCount', { segment: 'VIP', memberCount: 12, observedAt }],
    ['ReportMeasureValue', { measure: 'Revenue', value: 12.5, observedAt }],
  ] as const;
  for (const [operationId, values] of reports) expect((await client.call(operationId, values)).status).toBe(202);
  expect(api.world.bus.published.map(({ detail }) => detail)).toEqual(reports.map(([, values]) => values));
  expect((await client.call('ReportRefresh', { dataSource: 'CRM', runId: 'nightly', status: 'Lost' })).status).toBe(
    400,
  );
});
