import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { LOOPBACK, listen } from '../../local/engines/protocol/http';

const VERSION = '5.0.7';
const START_MS = 60_000;

/** Node-RED with a flow that sends each request's body to `target`. It stores nothing. */
export interface NodeRed {
  readonly pid: number;
  readonly url: string;
  stop(): Promise<void>;
}

/** Installs Node-RED from the npm registry into a folder, and starts it. */
export async function startNodeRed(folder: string, target: string): Promise<NodeRed> {
  execFileSync('npm', ['install', '--prefix', folder, '--no-save', '--no-audit', '--no-fund', `node-red@${VERSION}`], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const port = await freePort();
  const flows = [
    { id: 'tab', type: 'tab', label: 'bench' },
    { id: 'in', type: 'http in', z: 'tab', url: '/events', method: 'post', wires: [['out', 'post']] },
    { id: 'out', type: 'http response', z: 'tab', statusCode: '202', wires: [] },
    { id: 'post', type: 'http request', z: 'tab', method: 'POST', ret: 'txt', url: target, persist: true, wires: [[]] },
  ];
  writeFileSync(join(folder, 'flows.json'), JSON.stringify(flows));
  const settings = { uiHost: LOOPBACK, uiPort: port, httpAdminRoot: false, flowFile: 'flows.json', userDir: folder };
  writeFileSync(join(folder, 'settings.js'), `module.exports = ${JSON.stringify(settings)}`);
  const red = join(folder, 'node_modules/node-red/red.js');
  const child = spawn(process.execPath, [red, '-s', join(folder, 'settings.js'), '-u', folder], { stdio: 'ignore' });
  const url = `http://${LOOPBACK}:${port}/events`;
  const deadline = Date.now() + START_MS;
  // Its log has no fixed text for this: a GET of the route is 404 as soon as its server listens.
  while (
    !(await fetch(url)
      .then(({ status }) => status === 404)
      .catch(() => false))
  ) {
    if (child.exitCode !== null || Date.now() > deadline) throw new Error('Node-RED did not start');
    await sleep(200);
  }
  // The flow starts after the server.
  await sleep(3000);
  return {
    pid: child.pid as number,
    url,
    async stop() {
      const ended = once(child, 'exit');
      child.kill();
      await ended;
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer();
  const port = await listen(server, 0);
  server.close();
  await once(server, 'close');
  return port;
}
