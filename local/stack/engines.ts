import type { EventBuses } from '../bus/event-bus';
import { type Endpoint, type Routes, startEndpoint } from '../engines/protocol/endpoint';
import { cloudWatchLogsOperations } from '../engines/services/cloudwatch-logs';
import { type DynamoDbEngine, startDynamoDb } from '../engines/services/dynamodb';
import { kmsOperations } from '../engines/services/kms';
import { LogStore } from '../engines/services/log-store';
import { secretsManagerOperations } from '../engines/services/secrets-manager';
import { SqsEngine } from '../engines/services/sqs';
import { ssmOperations } from '../engines/services/ssm';
import { stsOperations } from '../engines/services/sts';
import { athenaOperations } from '../engines/stubs/athena';
import { cloudWatchOperations } from '../engines/stubs/cloudwatch';
import { CustomerProfiles } from '../engines/stubs/customer-profiles';
import { entityResolution } from '../engines/stubs/entity-resolution';
import { redshiftDataOperations } from '../engines/stubs/redshift-data';
import type { StubResponses } from '../engines/stubs/responses';
import { runOperations, runRoutes } from '../engines/stubs/runs';
import { Activity } from '../shared/activity';
import type { Cleanups } from '../shared/cleanups';
import type { Environment } from '../shared/environment';
import type { Plan } from '../template/model/plan';
import { secretOf } from '../template/resources/secrets-manager';
import { parameterOf } from '../template/resources/ssm';
import type { LocalService, LocalStack, LocalStackOptions } from './local-stack';

/** The started servers of a stack. `cleanups` stops them. */
export interface Engines {
  readonly endpoint: Endpoint;
  readonly dynamoDb: DynamoDbEngine;
  readonly sqs: SqsEngine;
  readonly endpoints: Readonly<Record<LocalService, string>>;
  readonly logs: LogStore;
  readonly activity: Activity;
  readonly cleanups: Cleanups;
}

/** @param routes tried before the routes of the stubs and of the options. */
export async function startEngines(
  { account, region }: Environment,
  options: LocalStackOptions,
  routes: Routes,
  cleanups: Cleanups,
): Promise<Engines> {
  const answers = answersOf(options);
  const profiles = new CustomerProfiles(answers);
  const all: Routes[] = [
    routes,
    (request, response) => profiles.handle(request, response),
    entityResolution(answers),
    runRoutes(answers),
    ...(options.routes ? [options.routes] : []),
  ];
  const activity = new Activity();
  const endpoint = await startEndpoint({
    port: options.endpointPort ?? 0,
    routes: (request, response) => all.some((handle) => handle(request, response)),
    onCall: options.onCall,
  });
  cleanups.add(() => endpoint.stop());
  const dynamoDb = await startDynamoDb(region, options.onCall);
  cleanups.add(() => dynamoDb.stop());
  const sqs = await SqsEngine.start(account, activity, options.onCall);
  cleanups.add(() => sqs.stop());
  const endpoints = {
    dynamodb: dynamoDb.endpoint,
    sqs: sqs.endpoint,
    eventbridge: endpoint.url,
    kms: endpoint.url,
    secrets_manager: endpoint.url,
    ssm: endpoint.url,
    sts: endpoint.url,
    cloudwatch: endpoint.url,
    cloudwatch_logs: endpoint.url,
  };
  return { endpoint, dynamoDb, sqs, endpoints, logs: new LogStore(), activity, cleanups };
}

/** `PutEvents` of the buses, as work of the stack. */
export const putEventsOf =
  (buses: EventBuses, activity: Activity): LocalStack['putEvents'] =>
  async (input) => {
    const end = activity.begin();
    try {
      return await buses.putEvents({ ...input });
    } finally {
      end();
    }
  };

/** Adds the operations of a plan's resources, and of the stubs, to the endpoint. */
export function serveOperations(
  plan: Plan,
  { endpoint, logs }: Engines,
  putEvents: LocalStack['putEvents'],
  options: LocalStackOptions,
): void {
  const answers = answersOf(options);
  endpoint.serve({
    ...kmsOperations(plan.keys),
    // The first match wins, so that the options override the template.
    ...secretsManagerOperations([...fromOptions(options.secrets, secretOf, plan), ...plan.secrets]),
    ...ssmOperations([...fromOptions(options.parameters, parameterOf, plan), ...plan.parameters]),
    ...athenaOperations(answers),
    ...redshiftDataOperations(answers),
    ...cloudWatchOperations(answers),
    ...cloudWatchLogsOperations(logs),
    ...runOperations(answers),
    'AWSEvents.PutEvents': putEvents,
  });
  endpoint.serveQuery(stsOperations(plan.environment));
}

const answersOf = ({ answers }: LocalStackOptions): StubResponses => answers ?? (() => undefined);

/** Secrets or parameters from the options, in the form of the plan's. */
const fromOptions = <T>(
  values: Readonly<Record<string, string>> | undefined,
  make: (name: string, value: string, account: string, region: string) => T,
  { environment }: Plan,
): T[] =>
  Object.entries(values ?? {}).map(([name, value]) => make(name, value, environment.account, environment.region));
