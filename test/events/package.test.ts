import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { BusEvent } from '../../local/bus/event-bus';
import type { Endpoint } from '../../local/engines/protocol/endpoint';
import { type App, awsVariables, makeApp, startBus } from './app';

const require_ = require;
let app: App;
let endpoint: Endpoint;
let taken: BusEvent[];

beforeAll(async () => {
  app = makeApp();
  endpoint = await startBus((event) => taken.push(event));
});
afterAll(async () => {
  await endpoint.stop();
  app.remove();
});
beforeEach(() => {
  taken = [];
});

/** The code of a producer after its imports. */
const PRODUCER = `
const events = new ConnectorEvents({ client: new EventBridge({}), eventBusName: 'bus' });
(async () => {
  await events.segmentRefreshed({ segment: 'VIP', memberCount: 3, observedAt: new Date(0) });
  const error = await events.put([{ detailType: 'SegmentRefreshed', detail: {} }]).catch((thrown) => thrown);
  console.log(error instanceof InvalidEventsError, error.name, error.problems.length);
})();
`;
const NAMES = '{ ConnectorEvents, InvalidEventsError }';

it.each([
  [
    'CommonJS',
    'app.cjs',
    `const ${NAMES} = require('cdk-power-automate-connector/events');
     const { EventBridge } = require('@aws-sdk/client-eventbridge');`,
  ],
  [
    'an ES module',
    'app.mjs',
    `import ${NAMES} from 'cdk-power-automate-connector/events';
     import { EventBridge } from '@aws-sdk/client-eventbridge';`,
  ],
])('%s puts events with the shipped library', async (_, file, imports) => {
  app.write(file, imports + PRODUCER);
  const said = await app.run(process.execPath, [file], awsVariables(endpoint.url));
  expect(said).toBe('true InvalidEventsError 1\n');
  expect(taken.map(({ detail }) => detail)).toEqual([
    { segment: 'VIP', memberCount: 3, observedAt: '1970-01-01T00:00:00.000Z' },
  ]);
});

it('the bundle requires only Node.js and is small', () => {
  const bundle = readFileSync(
    join(app.folder, 'node_modules/cdk-power-automate-connector/dist/events/index.js'),
    'utf8',
  );
  const asked = [...bundle.matchAll(/\b(?:require|import)\(["'`]([^"'`]+)["'`]\)/g)].map(([, name]) => name);
  expect(asked).toEqual(['node:timers/promises']);
  // Every cold start of a producer loads it.
  expect(bundle.length).toBeLessThan(40_000);
});

describe('the shipped types', () => {
  const TYPED = `
  import {
    type ConnectorEvent, ConnectorEvents, EventsNotTakenError, InvalidEventsError, type PutEventsClient,
  } from 'cdk-power-automate-connector/events';
  `;
  const GOOD = `${TYPED}
  declare const client: PutEventsClient;
  export async function put(events: ConnectorEvent[]): Promise<readonly string[]> {
    const connector = new ConnectorEvents({ client, eventBusName: 'bus', source: 'crm' });
    const id: string = await connector.measureRefreshed({
      measure: 'Revenue', value: '1.5', dimensions: { Region: 'EU' }, observedAt: new Date(),
    });
    await connector.refreshStageCompleted({ runId: id, status: 'Successful', stage: 'match', expected: ['map', 'match'] });
    try {
      return await connector.put([...events, { detailType: 'FullRefreshed', detail: { runId: '1', status: 'Failed', kind: 'OnDemand' } }]);
    } catch (error) {
      if (error instanceof EventsNotTakenError) return error.problems.map(({ index, reason }) => index + reason);
      if (error instanceof InvalidEventsError) return error.problems.map(({ event }) => event.detailType);
      throw error;
    }
  }
  `;
  /** Each line has one error. */
  const BAD = [
    'new ConnectorEvents({ client, eventBusName: 7 });',
    'new ConnectorEvents({ client });',
    "events.segmentRefreshed({ segment: 'VIP', memberCount: '3', observedAt: new Date() });",
    "events.segmentRefreshed({ segment: 'VIP', memberCount: 3 });",
    "events.segmentRefreshed({ segment: 'VIP', memberCount: 3, observedAt: 1764000000 });",
    "events.segmentRefreshed({ segment: 'VIP', memberCount: 3, observedAt: '', memberCounts: 3 });",
    "events.dataSourceRefreshed({ dataSource: 'CRM', runId: '1', status: 'failed' });",
    "events.fullRefreshed({ runId: '1', status: 'Failed', kind: 'Manual' });",
    "events.put([{ detailType: 'SegmentThresholdCrossed', detail: {} }]);",
    "events.put([{ detailType: 'SegmentRefreshed', detail: { measure: 'Revenue', value: 1, observedAt: '' } }]);",
  ];
  const compile = async (file: string, text: string, module: string, resolution: string) => {
    app.write(file, text);
    // Without other types: the shipped types need no types of Node.js, the AWS SDK or other packages.
    const options = ['--strict', '--noEmit', '--target', 'es2022', '--lib', 'es2022', '--module', module];
    const tsc = require_.resolve('typescript/bin/tsc');
    return app
      .run(process.execPath, [tsc, ...options, '--moduleResolution', resolution, file])
      .catch((error: Error) => error.message);
  };

  it.each([
    ['good.cts', 'node16', 'node16'],
    ['good.mts', 'nodenext', 'nodenext'],
    ['good.ts', 'esnext', 'bundler'],
  ])('compile in a producer: %s as %s', async (file, module, resolution) => {
    expect(await compile(file, GOOD, module, resolution)).toBe('');
  });

  it('reject each error', async () => {
    const head = `${TYPED.replaceAll('\n', ' ')} declare const client: PutEventsClient; declare const events: ConnectorEvents;`;
    const said = await compile('bad.ts', [head, ...BAD].join('\n'), 'esnext', 'bundler');
    const lines = new Set([...said.matchAll(/^bad\.ts\((\d+),/gm)].map(([, line]) => Number(line)));
    expect([...lines], said).toEqual(BAD.map((_, n) => n + 2));
  });

  it('accept the client of the AWS SDK', async () => {
    const text = `
    import { EventBridge, EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
    import { ConnectorEvents } from 'cdk-power-automate-connector/events';
    const plain = new EventBridgeClient({});
    new ConnectorEvents({ client: new EventBridge({}), eventBusName: 'bus' });
    new ConnectorEvents({ client: { putEvents: (input) => plain.send(new PutEventsCommand(input)) }, eventBusName: 'bus' });
    `;
    app.write('sdk.ts', text);
    const options = '--strict --noEmit --skipLibCheck --target es2022 --module esnext --moduleResolution bundler'.split(
      ' ',
    );
    const tsc = require_.resolve('typescript/bin/tsc');
    expect(await app.run(process.execPath, [tsc, ...options, 'sdk.ts'])).toBe('');
  });

  it('are those of the shipped files', () => {
    const shipped = readdirSync(join(app.folder, 'node_modules/cdk-power-automate-connector/dist/events'));
    expect(shipped.sort()).toEqual(['connector-events.d.ts', 'errors.d.ts', 'index.d.ts', 'index.js', 'types.d.ts']);
  });
});
