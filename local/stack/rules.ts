import { randomUUID } from 'node:crypto';
import { asciiJson, toAscii } from '../../lambda/shared/core/ascii-json';
import type { BusEvent, BusRule, BusTarget, EventBuses } from '../bus/event-bus';
import type { EventNetwork } from '../bus/event-network';
import { fillInputTemplate } from '../bus/input-template';
import { Schedules } from '../bus/schedule';
import type { LambdaFunction } from '../engines/functions/lambda';
import type { SqsEngine } from '../engines/services/sqs';
import type { Plan, PlannedRule, PlannedSchedule, RuleTarget } from '../template/model/plan';
import { isBus } from '../template/plan';

/** Destinations of rules and schedules. Functions are keyed by ARN. */
export interface Destinations {
  readonly network: EventNetwork;
  readonly sqs: SqsEngine;
  readonly functions: ReadonlyMap<string, LambdaFunction>;
  readonly log: (logicalId: string, message: string) => void;
}

/** The enabled rules that have an event pattern. */
export function patternRules(plan: Plan): (PlannedRule & Pick<BusRule, 'pattern'>)[] {
  return plan.rules.flatMap((rule) => (rule.enabled && rule.pattern ? [{ ...rule, pattern: rule.pattern }] : []));
}

/** Adds the event buses of a plan, with their rules, to the network. Returns the buses of the plan's environment. */
export function eventBuses(plan: Plan, to: Destinations): EventBuses {
  return to.network.add(plan.environment.account, plan.environment.region, {
    busArns: Object.fromEntries(plan.buses.map((bus) => [bus.name, bus.arn])),
    policies: plan.busPolicies,
    rules: patternRules(plan).map((rule) => ({
      ...rule,
      targets: rule.targets.map((target) => busTarget(plan, rule, target, to)),
    })),
    onLost: (event, rule, error) => to.log(rule.logicalId, lost(event, error)),
  });
}

/** The scheduled rules and the schedules of a plan. */
export function schedules(plan: Plan, to: Destinations, speed: number | undefined): Schedules {
  const rules = plan.rules.filter((rule) => rule.enabled && rule.everyMs !== undefined);
  return new Schedules(
    [
      ...rules.map((rule) => ({ ...rule, run: (event: BusEvent) => runTargets(plan, rule, event, to) })),
      ...plan.schedules
        .filter(({ enabled }) => enabled)
        .map((schedule) => ({ ...schedule, run: () => runSchedule(schedule, to.sqs) })),
    ],
    plan.environment,
    speed,
  );
}

const lost = (event: BusEvent, error: Error): string => `event ${event.id} is lost: ${error.message}`;

/** Waits until a queue or a bus has stored the event, but does not wait for a function, like EventBridge. */
function busTarget(plan: Plan, rule: PlannedRule, target: RuleTarget, to: Destinations): BusTarget {
  const { deadLetterArn, arn, retries, roleArn = '' } = target;
  const fn = to.functions.get(arn);
  const caller = {
    account: plan.environment.account,
    arn: roleArn,
    statements: plan.roles.get(roleArn) ?? [],
    ruleArn: rule.arn,
  };
  return {
    arn,
    retries,
    deliver: async (event, isForwarded) => {
      if (isBus(target)) await to.network.forward(event, arn, caller, isForwarded);
      else if (fn) void call(rule, target, fn, event, to);
      else await to.sqs.send(arn, bodyOf(target, event), {}, target.messageGroupId);
    },
    deadLetter: deadLetterArn
      ? (event, attributes) => to.sqs.send(deadLetterArn, asciiJson(event), attributes)
      : undefined,
  };
}

/** The input of a target. Messages are JSON in ASCII, see `IGNORED.messageCharacters`. */
function bodyOf({ input, inputTransformer }: RuleTarget, event: BusEvent): string {
  if (input !== undefined) return input;
  return inputTransformer === undefined ? asciiJson(event) : toAscii(fillInputTemplate(inputTransformer, event));
}

async function call(rule: PlannedRule, target: RuleTarget, fn: LambdaFunction, event: BusEvent, to: Destinations) {
  const result = await fn.invoke(JSON.parse(bodyOf(target, event)));
  if (result.ok) return;
  to.log(rule.logicalId, `${fn.input.logicalId} failed: ${result.errorType}: ${result.errorMessage}`);
}

/** Runs a scheduled rule. In contrast to an event, it resolves when the functions have finished. */
async function runTargets(plan: Plan, rule: PlannedRule, event: BusEvent, to: Destinations): Promise<void> {
  await Promise.all(
    rule.targets.map(async (target) => {
      const fn = to.functions.get(target.arn);
      if (fn) return call(rule, target, fn, event, to);
      return busTarget(plan, rule, target, to)
        .deliver(event, false)
        .catch((error: Error) => to.log(rule.logicalId, lost(event, error)));
    }),
  );
}

/**
 * Sends the input of a schedule (EventBridge Scheduler user guide, "Adding context attributes"). The scheduled time
 * includes milliseconds, because a local schedule can run more than once a minute and its time identifies the run.
 */
async function runSchedule({ arn, queueArn, input }: PlannedSchedule, sqs: SqsEngine): Promise<void> {
  const attributes: Readonly<Record<string, string>> = {
    'schedule-arn': arn,
    'scheduled-time': new Date().toISOString(),
    'execution-id': randomUUID(),
    'attempt-number': '1',
  };
  const body = input.replaceAll(/<aws\.scheduler\.([a-z-]+)>/g, (word, name) => attributes[name] ?? word);
  await sqs.send(queueArn, body);
}
