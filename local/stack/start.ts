import { LOCAL_RUN_ROUTE, type LocalRunDescription } from '../../cli/connector/local-run';
import { CustomResources } from '../engines/functions/custom-resource';
import type { LambdaFunction } from '../engines/functions/lambda';
import type { Routes } from '../engines/protocol/endpoint';
import { Cleanups } from '../shared/cleanups';
import type { Plan } from '../template/model/plan';
import { ACCOUNT, planTemplate, REGION, stackId } from '../template/plan';
import { type LoadedTemplate, loadTemplate } from '../template/template';
import { serveOperations, startEngines } from './engines';
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
  const loaded = loadTemplate(options.templateFile);
  const { apis } = planTemplate(loaded, (name) => `http://127.0.0.1/${ACCOUNT}/${name}`);
  const cleanups = new Cleanups();
  try {
    return await start(loaded, apis, options, cleanups);
  } catch (error) {
    await cleanups.run();
    throw error;
  }
}

async function start(
  loaded: LoadedTemplate,
  declaredApis: Plan['apis'],
  options: LocalStackOptions,
  cleanups: Cleanups,
): Promise<LocalStack> {
  const { stackName } = loaded;
  let description: LocalRunDescription | undefined;
  let customResources: CustomResources | undefined;
  const routes: Routes = (request, response) => {
    if (customResources?.handle(request, response)) return true;
    if (!description || request.method !== 'GET' || request.url !== LOCAL_RUN_ROUTE) return false;
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(description));
    return true;
  };
  const engines = await startEngines(options, routes, cleanups);
  const { endpoint, endpoints, sqs, dynamoDb, activity } = engines;
  customResources = new CustomResources(endpoint.url, stackId(stackName));

  const apis = await startHttpApis(declaredApis, cleanups);

  // Planned again, because the URLs of queues and APIs are known now.
  const plan = planTemplate(loaded, (name) => sqs.url(name), apis.url);
  for (const { input } of plan.tables) dynamoDb.createTable(input);
  for (const queue of plan.queues) sqs.createQueue(queue);

  const functions = lambdaFunctions(plan, engines, options);
  const destinations = { sqs, functions, log: (id: string, message: string) => options.onLog?.(id, message) };
  serveOperations(plan, engines, eventBuses(plan, destinations, options.onEvent), options);
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

  description = { stackName, region: REGION, outputs: plan.outputs, endpoints };
  return {
    endpoint: endpoint.url,
    ...description,
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
