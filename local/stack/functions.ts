import { EventSource } from '../engines/functions/event-source';
import { LambdaFunction } from '../engines/functions/lambda';
import type { Plan } from '../template/model/plan';
import type { Engines } from './engines';
import type { LocalService, LocalStackOptions } from './local-stack';

/** The functions of a plan by ARN. */
export function lambdaFunctions(plan: Plan, engines: Engines, options: LocalStackOptions): Map<string, LambdaFunction> {
  const { logs, activity, endpoints, cleanups } = engines;
  const functions = plan.functions.map(
    (input) =>
      new LambdaFunction(input, {
        region: plan.environment.region,
        environment: { ...endpointVariables(endpoints), ...options.functionEnvironment },
        activity,
        stopTimeoutMs: options.stopTimeoutMs ?? 0,
        onLog: (functionId, line) => {
          logs.store(input.logGroup, line);
          options.onLog?.(functionId, line);
        },
        onInvoke: options.onInvoke,
      }),
  );
  cleanups.add(async () => {
    await Promise.all(functions.map((one) => one.stop()));
  });
  return new Map(functions.map((one) => [one.input.arn, one]));
}

/**
 * The standard variables for the endpoints of AWS SDKs (AWS SDKs and Tools reference guide, "Service-specific
 * endpoints"). With the general variable, a call to any other service fails locally instead of leaving the machine.
 */
function endpointVariables(endpoints: Readonly<Record<LocalService, string>>): Record<string, string> {
  const services = Object.entries(endpoints).map(([service, url]) => [
    `AWS_ENDPOINT_URL_${service.toUpperCase()}`,
    url,
  ]);
  return { AWS_ENDPOINT_URL: endpoints.eventbridge, ...Object.fromEntries(services) };
}

/** Starts the event source mappings of a plan. */
export function startEventSources(
  plan: Plan,
  { sqs, activity, cleanups }: Engines,
  functions: ReadonlyMap<string, LambdaFunction>,
): void {
  const sources = plan.eventSources.map((input) => {
    const target = functions.get(input.functionArn);
    if (!target) throw new Error(`${input.logicalId}: ${input.functionArn} does not exist`);
    return new EventSource(input, sqs, target, plan.environment.region, activity);
  });
  cleanups.add(async () => {
    const stopped = sources.map((source) => source.stop());
    sqs.wakeReceivers();
    await Promise.all(stopped);
  });
  for (const source of sources) source.start();
}
