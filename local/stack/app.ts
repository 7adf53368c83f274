import type { BusEvent } from '../bus/event-bus';
import { EventNetwork, type EventNetworkOptions } from '../bus/event-network';
import { TemplateError, UserError } from '../shared/user-error';
import { busArn, busArnsOf } from '../template/plan';
import { loadTemplate } from '../template/template';
import { hasConnector } from './connector';
import type { LocalStack, LocalStackOptions } from './local-stack';
import { type PlannedStack, planStack, startPlanned } from './start';

/** Options of the stack with the connector, and of the network between all stacks. */
export interface LocalAppOptions
  extends Omit<LocalStackOptions, 'templateFile' | 'onEvent'>,
    Omit<EventNetworkOptions, 'onEvent'> {
  readonly templateFiles: readonly string[];
  /**
   * Called for every event that a bus accepted, with the logical ids of the rules that it matched.
   * @param otherBusArn ARN of a bus in another account or Region than those of the connector.
   */
  readonly onEvent?: (event: BusEvent, ruleLogicalIds: string[], otherBusArn: string | undefined) => void;
}

/** The stacks of an app that run on this machine. */
export interface LocalApp {
  /** The stack with the connector. Its queues, dead letters, schedules and idleness are those of all stacks. */
  readonly connectorStack: LocalStack;
  readonly otherStacks: readonly LocalStack[];
}

/**
 * Runs the stacks of an app, each in its account and Region, with the buses and their policies between them. `routes` and
 * `endpointPort` are those of the stack with the connector. If the app has several stacks, one of them must have it.
 *
 * @throws UserError like `startLocalStack`, and if several stacks or none have a connector.
 */
export async function startLocalApp({ templateFiles, ...options }: LocalAppOptions): Promise<LocalApp> {
  const planned = templateFiles.length === 1 ? templateFiles.map((file) => planStack(file)) : planApp(templateFiles);
  const main = (planned.length === 1 ? planned[0] : connectorStackOf(planned)) as PlannedStack;
  const ownBuses = busArn(main.plan.environment, '');
  const network = new EventNetwork({
    ...options,
    onEvent: (event, rules, arn) => options.onEvent?.(event, rules, arn.startsWith(ownBuses) ? undefined : arn),
  });
  const started: LocalStack[] = [];
  try {
    const { endpointPort, routes, onEvent, ...common } = options;
    for (const [n, one] of planned.entries()) {
      const own = one === main ? { endpointPort, routes } : {};
      started.push(await startPlanned(one, network, { ...common, ...own, templateFile: templateFiles[n] as string }));
    }
  } catch (error) {
    for (const stack of started.reverse()) await stack.stop();
    throw error;
  }
  const connectorStack = started[planned.indexOf(main)] as LocalStack;
  const otherStacks = started.filter((one) => one !== connectorStack);
  return { connectorStack: combined(connectorStack, otherStacks), otherStacks };
}

/** Validates all templates. Each rule can send events to the buses of every stack. */
function planApp(templateFiles: readonly string[]): PlannedStack[] {
  const planAll = (isAppBus: PlannedStack['isAppBus']) =>
    templateFiles.map((file) => {
      try {
        return planStack(file, isAppBus);
      } catch (error) {
        if (!(error instanceof TemplateError)) throw error;
        const { stackName } = loadTemplate(file);
        throw new UserError(`${stackName}: ${error.message}. To run one stack of the app alone, use --stack NAME`);
      }
    });
  const buses = new Set(planAll(() => true).flatMap(({ plan }) => busArnsOf(plan)));
  return planAll((arn) => buses.has(arn));
}

function connectorStackOf(planned: readonly PlannedStack[]): PlannedStack {
  const found = planned.filter(({ plan }) => hasConnector(plan.functions));
  const [one] = found;
  if (one && found.length === 1) return one;
  const names = (stacks: readonly PlannedStack[]) => stacks.map(({ loaded }) => loaded.stackName).join(', ');
  throw new UserError(
    one
      ? `${found.length} stacks of the app have connectors: choose one with --stack: ${names(found)}`
      : `no stack of the app has a connector: add a PowerAutomateConnector to one of ${names(planned)}`,
  );
}

/** The stack, with the work of the other stacks. */
function combined(stack: LocalStack, others: readonly LocalStack[]): LocalStack {
  if (others.length === 0) return stack;
  const all = [stack, ...others];
  const isIdle = () => all.every((one) => one.isIdle());
  return {
    ...stack,
    queues: () => all.flatMap((one) => one.queues()),
    deadLetters: () => all.flatMap((one) => one.deadLetters()),
    isIdle,
    async whenIdle(signal) {
      // A stack can get work from another one while that is awaited.
      while (!isIdle()) for (const one of all) await one.whenIdle(signal);
    },
    async whenRoom(limit, signal) {
      for (const one of all) await one.whenRoom(limit, signal);
    },
    async runSchedules(longestMs) {
      await Promise.all(all.map((one) => one.runSchedules(longestMs)));
    },
    async stop() {
      for (const one of all.toReversed()) await one.stop();
    },
  };
}
