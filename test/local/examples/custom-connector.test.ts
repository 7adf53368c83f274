import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Connector } from '../../../cli/connector/connector';
import { findConnector } from '../../../cli/connector/find-connector';
import { bundleCli, runCli } from '../../support/cli';
import { LocalRun } from '../../support/local-run';
import { temporaryFolder } from '../../support/temporary-files';

/** Sends the request of a printed curl command, which a machine with only Node.js cannot run. */
function send(command: string, location = ''): Promise<Response> {
  const [, url = location] = /(http:\S+)/.exec(command.replace(/-d '.*?'/, '')) ?? [];
  const headers = [...command.matchAll(/-H '([^:]+): ([^']+)'/g)].map(([, name = '', value = '']) => [name, value]);
  const [, body] = /-d '(.*?)'/.exec(command) ?? [];
  const method = /-X (\w+)/.exec(command)?.[1] ?? (body === undefined ? 'GET' : 'POST');
  return fetch(url, { method, headers: Object.fromEntries(headers), ...(body !== undefined && { body }) });
}

describe('examples/custom-connector', () => {
  let run: LocalRun;
  let connector: Connector;
  let endpoint: string;
  let commands: string[];
  beforeAll(async () => {
    run = await LocalRun.start(['--app', 'examples/custom-connector/app.ts', '--port', '0']);
    await run.says(/Press Ctrl-C/);
    endpoint = (await run.says(/The connector runs at (\S+)/)).split(' ').at(-1) ?? '';
    connector = await findConnector({ local: endpoint });
    commands = run.out
      .slice(run.out.indexOf('List the segments'))
      .replaceAll(/ \\\n\s+/g, ' ')
      .split('\n')
      .filter((line) => /curl -s .*(x-api-key|LOCATION)/.test(line));
  }, 120_000);
  afterAll(async () => {
    run.process.kill('SIGINT');
    expect(await run.status()).toBe(0);
  });

  it('prints commands that list, register and unregister', async () => {
    const [list = '', register = '', unregister = ''] = commands;
    expect(commands).toHaveLength(3);
    const listed = await send(list);
    expect([listed.status, await listed.json()]).toEqual([200, { value: [] }]);

    const registered = await send(register);
    const { subscription } = (await registered.json()) as { subscription: string };
    const location = registered.headers.get('location') ?? '';
    expect(registered.status).toBe(201);
    expect(location).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/v1\/registrations\/flow-[0-9a-f]{32}\.[0-9a-f]{32}$/);
    expect(await connector.subscriptions.read(subscription)).toMatchObject({
      managedBy: 'connector',
      registration: { by: 'key:local' },
      definition: { filter: { segment: 'VIP customers' }, threshold: { operator: 'above', value: 10_000 } },
    });

    expect((await send(unregister, location)).status).toBe(200);
    expect((await connector.subscriptions.read(subscription))?.health?.endsAt).toBeGreaterThan(Date.now());
    await run.says(/end {7}flow-/);
    expect(run.out).toMatch(/register {2}flow-[0-9a-f]{32} by key:local/);
  });

  it('shows the designer, built from the exported file', async () => {
    const page = await (await fetch(endpoint)).text();
    for (const trigger of ['When a segment crosses a threshold', 'When unification completes']) {
      expect(page).toContain(trigger);
    }
  });

  it('exports the files of the connector for its address', async () => {
    const folder = temporaryFolder('connector-files');
    const args = ['connector', 'export', '-o', join(folder, 'files'), `--local=${endpoint}`];
    const first = await runCli(await bundleCli(), args, { cwd: folder, env: {} });
    expect(first.status, first.err).toBe(0);
    expect(first.out).toContain('paconn create --settings settings.json');
    const read = () =>
      Object.fromEntries(
        readdirSync(join(folder, 'files')).map((name) => [name, readFileSync(join(folder, 'files', name))]),
      );
    const files = read();
    expect(Object.keys(files).toSorted()).toEqual([
      'apiDefinition.swagger.json',
      'apiProperties.json',
      'icon.png',
      'settings.json',
    ]);
    expect(`http://${JSON.parse(String(files['apiDefinition.swagger.json'])).host}`).toBe(
      connector.output('ConnectorApiUrl'),
    );
    await runCli(await bundleCli(), args, { cwd: folder, env: {} });
    expect(read()).toEqual(files);
  });
});
