import { createServer } from 'node:http';
import { join } from 'node:path';
import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { App, Stack } from 'aws-cdk-lib';
import * as events from 'aws-cdk-lib/aws-events';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Env } from '../../../contract/environment';
import { register } from '../../../lambda/registration/core/register';
import { PowerAutomateConnector, ProducerForwarding, Source } from '../../../lib';
import { close, LOOPBACK, listen, readBody } from '../../../local/engines/protocol/http';
import type { StubResponse } from '../../../local/engines/stubs/responses';
import { LOCAL_CLIENT_CONFIG } from '../../../local/shared/client-config';
import { type LocalApp, startLocalApp } from '../../../local/stack';
import { localConnector } from '../../../local/stack/connector';
import { entryOf, type SampleEvent, sample } from '../../support/app/sources';
import { definitionOf } from '../../support/evaluation';
import { temporaryFolder } from '../../support/temporary-files';

const HOME = { account: '999988887777', region: 'eu-west-1' };
const DATA = { account: '111122223333', region: 'eu-central-1' };
const ORIGIN = { awsAccount: DATA.account, awsRegion: DATA.region };

/** A connector and the account of its sources. */
function synthesize(): string[] {
  const outdir = temporaryFolder('forwarded-sources');
  const app = new App({ outdir });
  const home = new Stack(app, 'Home', { env: HOME });
  const eventBus = new events.EventBus(home, 'Bus', { eventBusName: 'customer-data' });
  const connector = new PowerAutomateConnector(home, 'Connector', { eventBus });
  const data = new Stack(app, 'Data', { env: DATA });
  const { eventBusArn } = eventBus;
  const forwarding = new ProducerForwarding(data, 'To', { connectorBusArn: eventBusArn });
  const source = (jobName: string) => Source.glueJob({ jobName, dataSource: 'Orders' });
  connector.acceptSource('Orders', source('MyJob'), { ...DATA, reconciled: true });
  forwarding.addSource('Orders', source('MyJob'), { reconciliation: {} });
  // The connector does not accept this one.
  forwarding.addSource('Other', source('OtherJob'));
  app.synth();
  return [home, data].map(({ templateFile }) => join(outdir, templateFile));
}

const bodies: Record<string, unknown>[] = [];
/** Runs that AWS Glue lists. */
let listed: StubResponse = { columns: ['id', 'status', 'startTime', 'endTime'], rows: [] };
let app: LocalApp;
let bus: EventBridgeClient;
const flows = createServer(async (request, response) => {
  bodies.push(JSON.parse(String(await readBody(request, Infinity))));
  response.writeHead(202).end();
});

beforeAll(async () => {
  const origin = `http://${LOOPBACK}:${await listen(flows, 0)}`;
  app = await startLocalApp({
    templateFiles: synthesize(),
    functionEnvironment: { [Env.LOOPBACK_FLOWS]: '1' },
    answers: ({ service, text }) => (service === 'glue-job' && text === 'MyJob' ? listed : undefined),
  });
  const { registry } = localConnector(app.connectorStack);
  const subscribe = (name: string, filter: object) =>
    register(
      {
        definition: definitionOf(name, 'data-source-refresh-failed', { filter }),
        flowUrl: `${origin}/${name}?sig=0123456789-0123456789-0123456789`,
      },
      'cli',
      registry,
    );
  await subscribe('all', {});
  await subscribe('data', { awsAccount: [DATA.account], awsRegion: [DATA.region] });
  await subscribe('home', { awsAccount: [HOME.account] });
  bus = new EventBridgeClient({ ...LOCAL_CLIENT_CONFIG, endpoint: app.otherStacks[0]?.endpoints.eventbridge });
}, 60_000);
afterAll(async () => {
  bus.destroy();
  await app.connectorStack.stop();
  await close(flows);
});

/** Puts an event of AWS Glue in the account of the sources, and returns the bodies that flows receive. */
async function report(change: object = {}) {
  bodies.length = 0;
  const event = sample('glue-job-failed');
  const changed: SampleEvent = { ...event, time: new Date().toISOString(), detail: { ...event.detail, ...change } };
  await bus.send(new PutEventsCommand({ Entries: [entryOf(changed)] }));
  await app.connectorStack.whenIdle();
  return bodies.toSorted((a, b) => (String(a.subscription) < String(b.subscription) ? -1 : 1));
}

it('a run in another account starts the flows that receive its events', async () => {
  const about = { dataSource: 'Orders', status: 'Failed', runId: 'jr_1', ...ORIGIN };
  expect(await report({ jobRunId: 'jr_1' })).toEqual([
    expect.objectContaining({ subscription: 'all', ...about }),
    expect.objectContaining({ subscription: 'data', ...about }),
  ]);
});

it('a source that the connector does not accept is rejected with the reason', async () => {
  expect(await report({ jobName: 'OtherJob' })).toEqual([]);
  const [letter] = app.connectorStack.deadLetters();
  expect(Object.values(letter?.messageAttributes ?? {})).toContainEqual(
    expect.stringContaining('the connector accepts no source ["OtherJob"] of the account 111122223333 in eu-central-1'),
  );
});

it('a run whose event was lost is found in its account, and reported once', async () => {
  const ended = (id: string) => [id, 'FAILED', 70, 60];
  listed = { columns: ['id', 'status', 'startTime', 'endTime'], rows: [ended('jr_1'), ended('jr_lost')] };
  bodies.length = 0;
  for (let n = 0; n < 2; n++) {
    await app.connectorStack.runSchedules();
    await app.connectorStack.whenIdle();
  }
  expect(bodies.map(({ subscription, runId }) => `${subscription} ${runId}`).toSorted()).toEqual([
    'all jr_lost',
    'data jr_lost',
  ]);
  expect(bodies).toEqual([expect.objectContaining(ORIGIN), expect.objectContaining(ORIGIN)]);
});
