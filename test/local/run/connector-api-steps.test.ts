import { describe, expect, it } from 'vitest';
import { Output } from '../../../contract/outputs';
import { connectorApiSteps } from '../../../local/run/connector-api-steps';
import { API_URL, apiOutputs } from '../../support/custom-connector';

const endpoint = 'http://127.0.0.1:1';

describe('connectorApiSteps', () => {
  it('has the address and a key in its commands', async () => {
    const text = await connectorApiSteps({ endpoint, outputs: apiOutputs() }, { createKey: async () => 'key-1' });
    expect(text).toContain(`is at ${API_URL}. Its key for this run: key-1`);
    expect(text?.match(/curl .*/g)).toHaveLength(4);
    expect(text).toContain(`${endpoint}/#designer`);
  });

  it('saves a flow that reports its outcome, if the API has the action', async () => {
    const outputs = apiOutputs();
    const ports = { createKey: async () => 'key-1' };
    const text = await connectorApiSteps({ endpoint, outputs }, ports);
    for (const part of [`${endpoint}/page/designer/save`, `-H 'origin: ${endpoint}'`, 'reporting=unreliable']) {
      expect(text).toContain(part);
    }
    const without = { ...outputs, [Output.CONNECTOR_API_ACTIONS]: 'read' };
    expect(await connectorApiSteps({ endpoint, outputs: without }, ports)).not.toContain('reporting');
  });

  it.each<readonly [string, Record<string, string>]>([
    ['an API', {}],
    ['keys', apiOutputs({ keys: false })],
    ['settings of the sign-in', { [Output.CONNECTOR_API_URL]: API_URL }],
  ])('is undefined without %s, and creates no key', async (_, outputs) => {
    const createKey = () => Promise.reject(new Error('no key is expected'));
    expect(await connectorApiSteps({ endpoint, outputs }, { createKey })).toBeUndefined();
  });
});
