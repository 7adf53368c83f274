import { afterEach, beforeEach, expect, it } from 'vitest';
import { Output } from '../../../contract/outputs';
import { runDesigner } from '../../../local/run/run-designer';
import { API_KEY, ApiStub } from '../../support/power-automate/api-stub';
import { connectorDocument } from '../../support/power-automate/connector-document';

let api: ApiStub;
let apiUrl: string;
let keys: number;
beforeEach(async () => {
  api = new ApiStub();
  keys = 0;
  apiUrl = `http://${await api.start()}`;
});
afterEach(() => api.stop());

const start = (outputs: Record<string, string>) =>
  runDesigner(
    { endpoint: 'http://127.0.0.1:1', outputs },
    {
      exportDefinition: (url) => connectorDocument(new URL(url).host, 'http'),
      async createKey() {
        keys++;
        return API_KEY;
      },
      onChange: () => {},
    },
  );

it('the designer connects to the API of the stack with a key of its own', async () => {
  const outputs = { [Output.CONNECTOR_API_URL]: apiUrl, [Output.CONNECTOR_API_SIGN_IN]: '{"keys":true}' };
  const designer = await start(outputs);
  expect(designer?.view(new URLSearchParams()).triggers).toHaveLength(2);
  expect([api.requests, keys]).toEqual([['GET /v1/me (key)'], 1]);
});

it.each<[string, Record<string, string>]>([
  ['no API', {}],
  [
    'an API that accepts no keys',
    { [Output.CONNECTOR_API_URL]: 'x', [Output.CONNECTOR_API_SIGN_IN]: '{"keys":false}' },
  ],
])('a connector with %s has no designer', async (_, outputs) => {
  expect(await start(outputs)).toBeUndefined();
  expect([api.requests, keys]).toEqual([[], 0]);
});
