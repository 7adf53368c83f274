import { LOCAL_RUN_ROUTE, type LocalRunDescription } from '../../cli/connector/local-run';
import { EventNetwork } from '../bus/event-network';
import { CustomResources } from '../engines/functions/custom-resource';
import type { LambdaFunction } from '../engines/functions/lambda';
import type { Routes } from '../engines/protocol/endpoint';
import { Cleanups } from '../shared/cleanups';
import { ACCOUNT } from '../shared/environment';
import type { Plan } from '../template/model/plan';
import { planTemplate, stackId } from '../template/plan';
import { type LoadedTemplate, loadTemplate } from '../template/template';
import { putEventsOf, serveOperations, startEngines } from './engines';
import { lambdaFunctions, startEventSources } from './functions';
import { startHttpApis } from './http-apis';
import type { LocalStack, LocalStackOptions } from './local-stack';
import { StackQueues } from './queues';
import { eventBuses, patternRules, schedules } from './rules';

/**
 * Runs the resources of a synthesized template on embedded engines. Validates the whole template before starting
 * anything, and creates custom resources after everything else. On failure, stops whatever was started and rejects:
 * with a `TemplateError` for an unsupported feature or a failed custom resource, with an Error if the port is taken.
 */
export async function startLocalStack(options: LocalStackOptions): Promise<LocalStack> {
  return startPlanned(planStack(options.templateFile), new EventNetwork(options), options);
}

/** A stack of an app, validated. */
export interface PlannedStack {
  readonly loaded: LoadedTemplate;
  readonly plan: Plan;
  /** Whether an ARN is that of a bus of another stack. */
  readonly isAppBus: (arn: string) => boolean;
}

/** Validates a template. Throws a `TemplateError`. */
export function planStack(templateFile: string, isAppBus: PlannedStack['isAppBus'] = () => false): PlannedStack {
  const loaded = loadTemplate(templateFile);
  const plan = planTemplate(loaded, (name) => `http://127.0.0.1/${ACCOUNT}/${name}`, undefined, isAppBus);
  return { loaded, plan, isAppBus };
}

/** Starts a planned stack. Its buses become part of the network. */
export async function startPlanned(
  planned: PlannedStack,
  network: EventNetwork,
  options: LocalStackOptions,
): Promise<LocalStack> {
  const cleanups = new Cleanups();
  try {
    return await start(planned, network, options, cleanups);
  } catch (error) {
    await cleanups.run();
    throw error;
  }
}

async function start(
  { loaded, plan: declared, isAppBus }: PlannedStack,
  network: EventNetwork,
  options: LocalStackOptions,
  cleanups: Cleanups,
): Promise<LocalStack> {
  const { stackName } = loaded;
  const { environment } = declared;
  let description: LocalRunDescription | undefined;
  let customResources: CustomResources | undefined;
  const routes: Routes = (request, response) => {
    if (customResources?.handle(request, response)) return true;
    if (!description || request.method !== 'GET' || request.url !== LOCAL_RUN_ROUTE) return false;
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(description));
    return true;
  };
  const engines = await startEngines(environment, options, routes, cleanups);
  const { endpoint, endpoints, sqs, dynamoDb, activity } = engines;
  customResources = new CustomResources(endpoint.url, stackId(stackName, environment));

  const apis = await startHttpApis(declared, cleanups);

  // Planned again, because the URLs of queues and APIs are known now.
  const plan = planTemplate(loaded, (name) => sqs.url(name), apis.url, isAppBus);
  for (const { input } of plan.tables) dynamoDb.createTable(input);
  for (const queue of plan.queues) sqs.createQueue(queue);

  const functions = lambdaFunctions(plan, engines, options);
  const destinations = { network, sqs, functions, log: (id: string, message: string) => options.onLog?.(id, message) };
  const putEvents = putEventsOf(eventBuses(plan, destinations), activity);
  serveOperations(plan, engines, putEvents, options);
  startEventSources(plan, engines, functions);
  apis.serve(plan, functions);
  const timers = schedules(plan, destinations, options.speed);
  cleanups.add(() => timers.stop());
  timers.start();

  const queues = new StackQueues(plan, sqs, activity);
  if (options.onIdleChange) cleanups.add(queues.watchIdle(options.onIdleChange));

  for (const input of plan.customResources) {
    const id = await customResources.create(input, functions.get(input.serviceToken) as LambdaFunction);
    plan.physicalIds.set(input.logicalId, id);
  }

  description = { stackName, region: environment.region, outputs: plan.outputs, endpoints };
  return {
    endpoint: endpoint.url,
    ...description,
    account: environment.account,
    endpoints,
    functions: plan.functions.map(({ logicalId, arn, environment }) => ({
      logicalId,
      environment,
      queueUrls: plan.queues
        .filter((queue) => plan.eventSources.some((one) => one.functionArn === arn && one.queueArn === queue.arn))
        .map(({ url }) => url),
    })),
    keyArns: plan.keys.map(({ arn }) => arn),
    busNames: Object.fromEntries(plan.buses.map((bus) => [bus.logicalId, bus.name])),
    rules: patternRules(plan).map(({ logicalId, pattern }) => ({ logicalId, pattern })),
    physicalId(logicalId) {
      const id = plan.physicalIds.get(logicalId);
      if (id === undefined) throw new Error(`${options.templateFile} has no resource ${logicalId}`);
      return id;
    },
    queues: () => queues.all(),
    deadLetters: () => queues.deadLetters(),
    isIdle: () => queues.isIdle(),
    whenIdle: (signal) => queues.whenIdle(signal),
    putEvents,
    whenRoom: (limit, signal) => queues.whenRoom(limit, signal),
    whenDrained: (...args) => queues.whenDrained(...args),
    async invoke(logicalId, event) {
      const fn = [...functions.values()].find(({ input }) => input.logicalId === logicalId);
      if (!fn) throw new Error(`${options.templateFile} has no function ${logicalId}`);
      return fn.invoke(event);
    },
    runSchedules: (longestMs) => timers.runAll(longestMs),
    stop: () => cleanups.run(),
  };
}
