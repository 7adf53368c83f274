import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findConnector } from '../../../cli/connector/find-connector';
import { Output } from '../../../contract/outputs';
import type { Subscription } from '../../../lambda/subscriptions/core/subscription';
import { connectorApiSteps } from '../../../local/run/connector-api-steps';
import { callCli } from '../../support/cli';
import { API_URL, apiOutputs } from '../../support/custom-connector';
import { LocalRun } from '../../support/local-run';
import { temporaryFolder } from '../../support/temporary-files';

const endpoint = 'http://127.0.0.1:1';

describe('connectorApiSteps', () => {
  it('has the address and a key in its commands', async () => {
    const text = await connectorApiSteps({ endpoint, outputs: apiOutputs() }, { createKey: async () => 'key-1' });
    expect(text).toContain(`is at ${API_URL}. Its key for this run: key-1`);
    expect(text?.match(/curl .*/g)).toHaveLength(3);
    expect(text).toContain(`${endpoint}/#designer`);
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

describe('the example of the custom connector', () => {
  let run: LocalRun;
  let page: string;
  beforeAll(async () => {
    run = await LocalRun.start(['--app', 'examples/custom-connector/app.ts']);
    page = (await run.says(/http:\/\/\S+(?=\/#designer)/)) ?? '';
  }, 120_000);
  afterAll(async () => {
    run?.process.kill('SIGINT');
    await run?.status();
  });

  /** One part of the printed commands. They are sent with `fetch`, because a machine may have no curl. */
  const printed = (pattern: RegExp): string => {
    // The run prints other commands before.
    const [, found] = pattern.exec(run.out.slice(run.out.indexOf('The API of the custom connector'))) ?? [];
    if (found === undefined) throw new Error(`the run printed no ${pattern}`);
    return found;
  };

  async function registered(): Promise<Subscription[]> {
    const all: Subscription[] = [];
    for await (const one of (await findConnector({ local: page })).subscriptions.list()) all.push(one);
    return all;
  }

  it('prints commands that list, register and unregister', async () => {
    const [name, value] = printed(/ -H '([^']+)'/).split(': ') as [string, string];
    const key = { [name]: value };
    expect((await fetch(printed(/curl -s (\S+\/segments) /), { headers: key })).status).toBe(200);

    const response = await fetch(printed(/ (\S+\/triggers\/segment-threshold-crossed) /), {
      method: 'POST',
      headers: { ...key, 'content-type': 'application/json' },
      body: printed(/ -d '([^']+)'/),
    });
    expect(response.status).toBe(201);
    expect(await registered()).toMatchObject([{ managedBy: 'connector' }]);

    const location = response.headers.get('location') ?? '';
    expect((await fetch(location, { method: 'DELETE' })).status).toBe(200);
    expect(await registered()).toMatchObject([{ health: { endsAt: expect.anything() } }]);
  });

  it('serves its description to connector export', async () => {
    const folder = join(temporaryFolder('export'), 'files');
    const { status, err } = await callCli(['connector', 'export', '-o', folder, `--local=${page}`]);
    expect({ status, err }).toEqual({ status: 0, err: '' });
    for (const file of ['apiProperties.json', 'settings.json', 'icon.png']) {
      expect(existsSync(join(folder, file)), file).toBe(true);
    }
    const { host } = JSON.parse(readFileSync(join(folder, 'apiDefinition.swagger.json'), 'utf8'));
    expect(host).toBe(new URL(printed(/The API of the custom connector is at (\S+)\./)).host);
  });
});
