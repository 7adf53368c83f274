import { AthenaClient } from '@aws-sdk/client-athena';
import { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { CustomerProfilesClient } from '@aws-sdk/client-customer-profiles';
import { RedshiftDataClient } from '@aws-sdk/client-redshift-data';
import type { Query, ScheduledQuery } from '../../../contract/queries';
import { type QueryClients, queryServices } from '../../../lambda/queries/adapters';
import { type MeasurePorts, measureBatch, type QueryRun } from '../../../lambda/queries/core/measure';
import type { AwsCall } from '../../../local/engines/protocol/calls';
import { startEndpoint } from '../../../local/engines/protocol/endpoint';
import { athenaOperations } from '../../../local/engines/stubs/athena';
import { cloudWatchOperations } from '../../../local/engines/stubs/cloudwatch';
import { CustomerProfiles } from '../../../local/engines/stubs/customer-profiles';
import { redshiftDataOperations } from '../../../local/engines/stubs/redshift-data';
import type { StubRequest, StubResponse } from '../../../local/engines/stubs/responses';
import { LOCAL_CLIENT_CONFIG } from '../../../local/shared/client-config';
import type { Killer } from '../memory/killer';
import { MemoryBus, MemoryRejected, MemoryTelemetry } from '../memory/memory';

/** Starts the services of queries on real sockets, and returns their clients. */
export async function startQueryServices() {
  const calls: AwsCall[] = [];
  const answers = new Map<string, StubResponse>();
  const asked: StubRequest[] = [];
  const answer = (question: StubRequest) => {
    asked.push(question);
    return answers.get(question.text);
  };
  const profiles = new CustomerProfiles(answer);
  const endpoint = await startEndpoint({
    port: 0,
    routes: (request, response) => profiles.handle(request, response),
    onCall: (call) => calls.push(call),
  });
  endpoint.serve({
    ...athenaOperations(answer),
    ...redshiftDataOperations(answer),
    ...cloudWatchOperations(answer),
  });
  const config = { ...LOCAL_CLIENT_CONFIG, endpoint: endpoint.url };
  const clients: QueryClients = {
    athena: new AthenaClient(config),
    redshift: new RedshiftDataClient(config),
    cloudwatch: new CloudWatchClient(config),
    profiles: new CustomerProfilesClient(config),
  };
  return {
    calls,
    answers,
    asked,
    clients,
    async stop(): Promise<void> {
      for (const client of Object.values(clients)) client.destroy();
      await endpoint.stop();
    },
  };
}
export type QueryServices = Awaited<ReturnType<typeof startQueryServices>>;

export const SQL = 'SELECT count(*) FROM customers';
export const QUERIES = {
  athena: {
    service: 'athena',
    sql: SQL,
    workGroup: 'primary',
    catalog: 'AwsDataCatalog',
    database: 'shop',
    output: 's3://results/measures/',
  },
  'redshift-data': { service: 'redshift-data', sql: SQL, database: 'dwh', workgroup: 'shop' },
  cloudwatch: {
    service: 'cloudwatch',
    namespace: 'Shop',
    metricName: 'Open',
    dimensions: [{ name: 'Channel', value: 'Web' }],
    statistic: 'Maximum',
    periodSeconds: 300,
    periods: 3,
  },
  'customer-profiles': { service: 'customer-profiles', domain: 'shop', segmentDefinition: 'vip' },
} satisfies Record<Query['service'], Query>;

/** Texts by which the services' stand-ins recognize these queries. */
export const TEXTS = {
  athena: SQL,
  'redshift-data': SQL,
  cloudwatch: 'Shop/Open',
  'customer-profiles': 'shop/vip',
} satisfies Record<Query['service'], string>;

export const SCHEDULED_AT = '2026-11-02T06:00:00Z';

let schedules = 0;
/** A run of a new schedule. The services identify queries by their schedule. */
export const runOf = (query: Query, more: Partial<ScheduledQuery> = {}): QueryRun => ({
  query,
  subject: { measure: 'Open orders' },
  timeoutSeconds: 3600,
  schedule: `arn:aws:scheduler:us-east-1:000000000000:schedule/default/${++schedules}`,
  scheduledAt: SCHEDULED_AT,
  ...more,
});

/** `measure` with a new queue without delays. */
export function measurer(services: QueryServices) {
  const bus = new MemoryBus();
  const telemetry = new MemoryTelemetry();
  const rejected = new MemoryRejected();
  const waits: number[] = [];
  const clock = { now: Date.parse(SCHEDULED_AT) + 1000 };
  const queue: string[] = [];

  const ports = (worker: Killer | undefined): MeasurePorts => {
    const publisher = bus.publisher();
    const through = <T>(name: string, make: () => Promise<T>) => (worker ? worker.call(name, make) : make());
    const inTheWay = <C extends { send: (...args: never[]) => unknown }>(client: C) => worker?.wrap(client) ?? client;
    const { athena, redshift, cloudwatch, profiles } = services.clients;
    return {
      queries: queryServices({
        athena: inTheWay(athena),
        redshift: inTheWay(redshift),
        cloudwatch: inTheWay(cloudwatch),
        profiles: inTheWay(profiles),
      }),
      events: { publish: (type, detail) => through('PutEvents', () => publisher.publish(type, detail)) },
      again: (run, delaySeconds) =>
        through('SendMessage', async () => {
          waits.push(delaySeconds);
          queue.push(JSON.stringify(run));
        }),
      rejected,
      telemetry,
      clock: () => clock.now,
    };
  };

  return {
    bus,
    telemetry,
    rejected,
    waits,
    clock,
    /** Processes a message and its follow-ups, with SQS's redelivery, until the queue is empty. Can kill the first worker. */
    async take(run: QueryRun | string, killer?: Killer): Promise<void> {
      queue.push(typeof run === 'string' ? run : JSON.stringify(run));
      for (let body = queue.shift(); body !== undefined; body = queue.shift()) {
        const worker = killer?.killed ? undefined : killer;
        const failed = await measureBatch([{ id: 'one', body }], ports(worker));
        if (worker?.killed || failed.length > 0) queue.push(body);
      }
    },
    /** Processes a message once. */
    once: (run: QueryRun) => measureBatch([{ id: 'one', body: JSON.stringify(run) }], ports(undefined)),
  };
}
