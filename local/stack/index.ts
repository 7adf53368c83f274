import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { LOCAL_RUN_ROUTE, type LocalRunDescription } from '../../cli/connector/local-run';
import { asciiJson, toAscii } from '../../lambda/shared/core/ascii-json';
import { type BusEvent, type BusRule, type BusTarget, EventBuses } from '../bus/event-bus';
import { fillInputTemplate } from '../bus/input-template';
import type { EventPattern } from '../bus/pattern';
import { Schedules } from '../bus/schedule';
import { CustomResources } from '../engines/functions/custom-resource';
import { EventSource } from '../engines/functions/event-source';
import { type InvocationResult, LambdaFunction } from '../engines/functions/lambda';
import type { AwsCall } from '../engines/protocol/calls';
import { startEndpoint } from '../engines/protocol/endpoint';
import { cloudWatchLogsOperations } from '../engines/services/cloudwatch-logs';
import { startDynamoDb } from '../engines/services/dynamodb';
import { kmsOperations } from '../engines/services/kms';
import { KeptLogs } from '../engines/services/log-store';
import { secretsManagerOperations } from '../engines/services/secrets-manager';
import { SqsEngine } from '../engines/services/sqs';
import { ssmOperations } from '../engines/services/ssm';
import { stsOperations } from '../engines/services/sts';
import { athenaOperations } from '../engines/stubs/athena';
import { cloudWatchOperations } from '../engines/stubs/cloudwatch';
import { CustomerProfiles } from '../engines/stubs/customer-profiles';
import { entityResolution } from '../engines/stubs/entity-resolution';
import { redshiftDataOperations } from '../engines/stubs/redshift-data';
import type { Answers } from '../engines/stubs/responses';
import { runOperations, runRoutes } from '../engines/stubs/runs';
import { Activity } from '../shared/activity';
import { ACCOUNT, planTemplate, REGION, stackId } from '../template/plan';
import type { Plan, PlannedRule, PlannedSchedule, RuleTarget } from '../template/planned';
import { secretOf } from '../template/resources/secrets-manager';
import { parameterOf } from '../template/resources/ssm';
import { loadTemplate } from '../template/template';

export interface LocalStackOptions {
  /** A template of a cloud assembly, such as `cdk.out/MyStack.template.json`; code is found next to it. */
  readonly templateFile: string;
  /** Port of `endpoint`; 0, the default, is any free port. */
  readonly endpointPort?: number;
  /** Variables that every function gets on top of what its template and the Lambda runtime give. */
  readonly functionEnvironment?: Readonly<Record<string, string>>;
  /** Texts of secrets that the template does not declare, or declares otherwise, by their names or ARNs. */
  readonly secrets?: Readonly<Record<string, string>>;
  /** The same of parameters, each a SecureString. */
  readonly parameters?: Readonly<Record<string, string>>;
  /** What services of queries, of unification jobs and of runs answer; to anything else, that nobody has said, or nothing. */
  readonly answers?: Answers;
  /**
   * Divides the time between two runs of a schedule, down to a second.
   * @default 1
   */
  readonly speed?: number;
  /**
   * Milliseconds that invocations in progress get to finish when the stack stops; then their functions are killed.
   * @default 0
   */
  readonly stopTimeoutMs?: number;
  /** Answers requests to `endpoint` that are no AWS requests; false when the request is not its own. */
  readonly routes?: (req: IncomingMessage, res: ServerResponse) => boolean;
  /** Every event that a bus accepted, with the logical ids of the rules that it matched. */
  readonly onEvent?: (event: BusEvent, ruleLogicalIds: string[]) => void;
  /** Every line that a function wrote, and its failures. */
  readonly onLog?: (functionLogicalId: string, line: string) => void;
  /** Every invocation of a function, as it begins. */
  readonly onInvoke?: (functionLogicalId: string) => void;
  /** Every call that the endpoints got, whoever made it. */
  readonly onCall?: (call: AwsCall) => void;
  /** Whenever the stack becomes busy or idle. */
  readonly onIdleChange?: (idle: boolean) => void;
}

/** What stands in a queue, as counts. */
export interface LocalQueue {
  readonly logicalId: string;
  readonly url: string;
  /** Another queue's redrive policy or a rule's target sends here what it gave up. */
  readonly isDeadLetterQueue: boolean;
  /** A function reads it. */
  readonly isRead: boolean;
  readonly ready: number;
  readonly delayed: number;
  readonly inFlight: number;
}

/** A function, as its template declares it. */
export interface LocalFunction {
  readonly logicalId: string;
  readonly environment: Readonly<Record<string, string>>;
  /** The queues that it reads. */
  readonly queueUrls: readonly string[];
}

/** A message in a dead-letter queue. */
export interface DeadLetter {
  readonly queueLogicalId: string;
  readonly messageId: string;
  readonly body: string;
  readonly messageAttributes: Readonly<Record<string, string>>;
  /** When it was first sent, in epoch milliseconds. */
  readonly sentAt: number;
  readonly receiveCount: number;
}

/** As the variables `AWS_ENDPOINT_URL_…` name them. */
export type LocalService =
  | 'dynamodb'
  | 'sqs'
  | 'eventbridge'
  | 'kms'
  | 'secrets_manager'
  | 'ssm'
  | 'sts'
  | 'cloudwatch'
  | 'cloudwatch_logs';

/** A stack that runs on this machine. */
export interface LocalStack {
  /**
   * Takes EventBridge `PutEvents`, KMS, Secrets Manager, Systems Manager, STS and CloudWatch requests, says by a route of its own where
   * everything is (`LOCAL_RUN_ROUTE`), and answers by `routes`.
   */
  readonly endpoint: string;
  readonly endpoints: Readonly<Record<LocalService, string>>;
  readonly region: string;
  readonly stackName: string;
  /** The template's outputs, resolved. */
  readonly outputs: Readonly<Record<string, string>>;
  readonly functions: readonly LocalFunction[];
  /** ARNs of the keys that the template declares. */
  readonly keyArns: readonly string[];
  /** Name by logical id of the buses that the template declares. */
  readonly busNames: Readonly<Record<string, string>>;
  /** Those of the template that look for events, and are switched on. */
  readonly rules: readonly { readonly logicalId: string; readonly pattern: EventPattern }[];
  /** What `Ref` gives. Throws when the template has no such resource. */
  physicalId(logicalId: string): string;
  queues(): LocalQueue[];
  deadLetters(): DeadLetter[];
  /** Nothing is under way and no queue that a function reads holds a message. */
  isIdle(): boolean;
  /** Resolves when `isIdle()`; rejects with the signal's reason when aborted. */
  whenIdle(signal?: AbortSignal): Promise<void>;
  /**
   * Resolves when the queues that these rules feed hold no message: whatever they sent is worked off, or given up.
   * Rejects with the signal's reason when aborted, or when the template has no such rule.
   * @param onFewer called whenever they hold fewer messages than ever since the call.
   */
  whenDrained(ruleLogicalIds: readonly string[], signal?: AbortSignal, onFewer?: () => void): Promise<void>;
  /** Calls a function, as Lambda's `Invoke` does. Throws when the template has no such function. */
  invoke(logicalId: string, event: unknown): Promise<InvocationResult>;
  /** Runs every schedule once, now, and resolves when its functions have answered, and its queues have their messages. */
  runSchedules(): Promise<void>;
  /** Ends everything that was started. May be called again. */
  stop(): Promise<void>;
}

/**
 * Runs what a synthesized template declares on embedded engines. Everything in the template is checked before anything
 * starts. Custom resources are made when everything else runs. Rejects with a `TemplateError` that names what is not
 * implemented, or the custom resource that failed, or an Error when the port is taken; nothing is left running then.
 */
export async function startLocalStack(options: LocalStackOptions): Promise<LocalStack> {
  const loaded = loadTemplate(options.templateFile);
  planTemplate(loaded, (name) => `http://127.0.0.1/${ACCOUNT}/${name}`);

  const cleanups: (() => Promise<void> | void)[] = [];
  let stopping: Promise<void> | undefined;
  const stop = () => {
    stopping ??= (async () => {
      const errors: unknown[] = [];
      for (const cleanup of cleanups.reverse()) {
        try {
          await cleanup();
        } catch (error) {
          errors.push(error);
        }
      }
      if (errors.length > 0) {
        throw new AggregateError(errors, 'the local run did not stop cleanly');
      }
    })();
    return stopping;
  };

  try {
    const activity = new Activity();
    let customResources: CustomResources | undefined;
    const answers = options.answers ?? (() => undefined);
    const profiles = new CustomerProfiles(answers);
    const resolution = entityResolution(answers);
    const runs = runRoutes(answers);
    let description: LocalRunDescription | undefined;
    const logs = new KeptLogs();
    const describe = (request: IncomingMessage, response: ServerResponse): boolean => {
      if (!description || request.method !== 'GET' || request.url !== LOCAL_RUN_ROUTE) return false;
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(description));
      return true;
    };
    const endpoint = await startEndpoint({
      port: options.endpointPort ?? 0,
      routes: (request, response) =>
        describe(request, response) ||
        customResources?.handle(request, response) ||
        profiles.handle(request, response) ||
        resolution(request, response) ||
        runs(request, response) ||
        options.routes?.(request, response) ||
        false,
      onCall: options.onCall,
    });
    customResources = new CustomResources(endpoint.url, stackId(loaded.stackName));
    cleanups.push(() => endpoint.stop());
    const dynamoDb = await startDynamoDb(REGION, options.onCall);
    cleanups.push(() => dynamoDb.stop());
    const sqs = await SqsEngine.start(ACCOUNT, REGION, activity, options.onCall);
    cleanups.push(() => sqs.stop());

    const plan = planTemplate(loaded, (name) => sqs.url(name));
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
    await Promise.all(plan.tables.map((table) => dynamoDb.createTable(table.input)));
    for (const queue of plan.queues) {
      sqs.createQueue(queue);
    }

    const functions = new Map(
      plan.functions.map((input) => [
        input.arn,
        new LambdaFunction(input, {
          region: REGION,
          environment: { ...endpointVariables(endpoints), ...options.functionEnvironment },
          activity,
          stopTimeoutMs: options.stopTimeoutMs ?? 0,
          onLog: (functionId, line) => {
            logs.keep(input.logGroup, line);
            options.onLog?.(functionId, line);
          },
          onInvoke: options.onInvoke,
        }),
      ]),
    );
    cleanups.push(async () => {
      await Promise.all([...functions.values()].map((one) => one.stop()));
    });

    const log = (rule: string, message: string) => options.onLog?.(rule, message);
    const toTarget = (rule: PlannedRule) => (target: RuleTarget) => busTarget(rule, target, sqs, functions, log);
    const buses = new EventBuses({
      account: ACCOUNT,
      region: REGION,
      busArns: Object.fromEntries(plan.buses.map((bus) => [bus.name, bus.arn])),
      rules: patternRules(plan).map((rule) => ({ ...rule, targets: rule.targets.map(toTarget(rule)) })),
      onEvent: options.onEvent,
      onLost: (event, rule, error) => log(rule.logicalId, `event ${event.id} is lost: ${error.message}`),
    });
    endpoint.serve({
      ...kmsOperations(plan.keys),
      // The first of a name is found: what was given goes before what the template declares.
      ...secretsManagerOperations([...given(options.secrets, secretOf), ...plan.secrets]),
      ...ssmOperations([...given(options.parameters, parameterOf), ...plan.parameters]),
      ...athenaOperations(answers),
      ...redshiftDataOperations(answers),
      ...cloudWatchOperations(answers),
      ...cloudWatchLogsOperations(logs),
      ...runOperations(answers),
      'AWSEvents.PutEvents': async (input) => {
        const end = activity.begin();
        try {
          return await buses.putEvents(input);
        } finally {
          end();
        }
      },
    });

    endpoint.serveQuery(stsOperations({ account: ACCOUNT, region: REGION }));

    const sources = plan.eventSources.map((input) => {
      const target = functions.get(input.functionArn);
      if (!target) {
        throw new Error(`${input.logicalId}: ${input.functionArn} does not exist`);
      }
      return new EventSource(input, sqs, target, REGION, activity);
    });
    cleanups.push(async () => {
      const ended = sources.map((source) => source.stop());
      sqs.wakeReceivers();
      await Promise.all(ended);
    });
    for (const source of sources) {
      source.start();
    }

    const schedules = new Schedules(
      [
        ...plan.rules
          .filter((rule) => rule.enabled && rule.everyMs !== undefined)
          .map((rule) => ({
            arn: rule.arn,
            everyMs: rule.everyMs,
            run: (event: BusEvent) => runTargets(rule, event, sqs, functions, log),
          })),
        ...plan.schedules
          .filter(({ enabled }) => enabled)
          .map((one) => ({ arn: one.arn, everyMs: one.everyMs, run: () => runSchedule(one, sqs) })),
      ],
      { account: ACCOUNT, region: REGION },
      options.speed,
    );
    cleanups.push(() => schedules.stop());
    schedules.start();

    const deadLetterArns = new Set(
      [
        ...plan.queues.map((queue) => queue.deadLetterArn),
        ...plan.rules.flatMap((rule) => rule.targets.map((target) => target.deadLetterArn)),
      ].filter((arn) => arn !== undefined),
    );
    const queues = () => snapshot(plan, sqs, deadLetterArns);
    const isIdle = () => activity.active === 0 && queues().every((queue) => !queue.isRead || messagesIn(queue) === 0);
    if (options.onIdleChange) {
      cleanups.push(watchIdle(activity, isIdle, options.onIdleChange));
    }

    for (const input of plan.customResources) {
      const made = await customResources.create(input, functions.get(input.serviceToken) as LambdaFunction);
      plan.physicalIds.set(input.logicalId, made);
    }

    description = { stackName: loaded.stackName, region: REGION, outputs: plan.outputs, endpoints };
    return {
      endpoint: endpoint.url,
      endpoints,
      region: REGION,
      stackName: loaded.stackName,
      outputs: plan.outputs,
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
        if (id === undefined) {
          throw new Error(`${options.templateFile} has no resource ${logicalId}`);
        }
        return id;
      },
      queues,
      deadLetters: () =>
        plan.queues
          .filter((queue) => deadLetterArns.has(queue.arn))
          .flatMap((queue) =>
            sqs.messages(queue.arn).map((message) => ({ queueLogicalId: queue.logicalId, ...message })),
          ),
      isIdle,
      whenIdle: (signal) => activity.until(isIdle, signal),
      async whenDrained(ruleLogicalIds, signal, onFewer) {
        const fed = queuesFedBy(plan, ruleLogicalIds);
        let fewest = Number.POSITIVE_INFINITY;
        await activity.until(() => {
          const left = queues().reduce((sum, queue) => sum + (fed.has(queue.logicalId) ? messagesIn(queue) : 0), 0);
          if (left < fewest) onFewer?.();
          fewest = Math.min(fewest, left);
          return left === 0;
        }, signal);
      },
      async invoke(logicalId, event) {
        const called = [...functions.values()].find(({ input }) => input.logicalId === logicalId);
        if (!called) throw new Error(`${options.templateFile} has no function ${logicalId}`);
        return called.invoke(event);
      },
      runSchedules: () => schedules.runAll(),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Secrets or parameters that the caller gives, as the engines take them. */
const given = <T>(
  values: Readonly<Record<string, string>> = {},
  make: (name: string, value: string, account: string, region: string) => T,
): T[] => Object.entries(values).map(([name, value]) => make(name, value, ACCOUNT, REGION));

/**
 * The standard variables that point AWS SDKs at other endpoints (AWS SDKs and Tools reference guide, "Service-specific
 * endpoints"). The general one makes a call to any other service fail here by name rather than leave the machine.
 */
function endpointVariables(endpoints: Readonly<Record<LocalService, string>>): Record<string, string> {
  return {
    AWS_ENDPOINT_URL: endpoints.eventbridge,
    ...Object.fromEntries(
      Object.entries(endpoints).map(([service, url]) => [`AWS_ENDPOINT_URL_${service.toUpperCase()}`, url]),
    ),
  };
}

function patternRules(plan: Plan): (PlannedRule & Pick<BusRule, 'pattern'>)[] {
  return plan.rules.flatMap((rule) => (rule.enabled && rule.pattern ? [{ ...rule, pattern: rule.pattern }] : []));
}

type Log = (logicalId: string, message: string) => void;
type Functions = ReadonlyMap<string, LambdaFunction>;

/** A queue has the event when it is in the queue. A function is called and not waited for, as on AWS. */
function busTarget(rule: PlannedRule, target: RuleTarget, sqs: SqsEngine, functions: Functions, log: Log): BusTarget {
  const { deadLetterArn, arn, retries } = target;
  const called = functions.get(arn);
  return {
    arn,
    retries,
    deliver: async (event) => {
      if (called) {
        void call(rule, target, called, event, log);
      } else {
        await sqs.send(arn, bodyOf(target, event), {}, target.messageGroupId);
      }
    },
    deadLetter: deadLetterArn
      ? (event, attributes) => sqs.send(deadLetterArn, asciiJson(event), attributes)
      : undefined,
  };
}

/** What a target gets of an event: JSON in ASCII, as every message of a queue is here (`IGNORED.messageCharacters`). */
function bodyOf({ input, inputTransformer }: RuleTarget, event: BusEvent): string {
  if (input !== undefined) return input;
  return inputTransformer === undefined ? asciiJson(event) : toAscii(fillInputTemplate(inputTransformer, event));
}

/** What a schedule does: like an event for queues, but resolves when the functions have answered. */
async function runTargets(rule: PlannedRule, event: BusEvent, sqs: SqsEngine, functions: Functions, log: Log) {
  await Promise.all(
    rule.targets.map(async (target) => {
      const called = functions.get(target.arn);
      if (called) {
        await call(rule, target, called, event, log);
      } else {
        await busTarget(rule, target, sqs, functions, log)
          .deliver(event)
          .catch((error: Error) => log(rule.logicalId, `event ${event.id} is lost: ${error.message}`));
      }
    }),
  );
}

/**
 * What a schedule sends (EventBridge Scheduler user guide, "Adding context attributes"). Its time has milliseconds here, where
 * a schedule can run more than once a minute: by its time one run is told from another.
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

async function call(rule: PlannedRule, target: RuleTarget, called: LambdaFunction, event: BusEvent, log: Log) {
  const result = await called.invoke(JSON.parse(bodyOf(target, event)));
  if (!result.ok) {
    log(rule.logicalId, `${called.input.logicalId} failed: ${result.errorType}: ${result.errorMessage}`);
  }
}

function snapshot(plan: Plan, sqs: SqsEngine, deadLetterArns: ReadonlySet<string>): LocalQueue[] {
  const counts = new Map(sqs.snapshot().map((one) => [one.logicalId, one]));
  return plan.queues.map(({ logicalId, url, arn }) => ({
    logicalId,
    url,
    isDeadLetterQueue: deadLetterArns.has(arn),
    isRead: plan.eventSources.some((source) => source.enabled && source.queueArn === arn),
    ready: counts.get(logicalId)?.ready ?? 0,
    delayed: counts.get(logicalId)?.delayed ?? 0,
    inFlight: counts.get(logicalId)?.inFlight ?? 0,
  }));
}

/** Messages in a queue, whatever their state. */
export function messagesIn({ ready, delayed, inFlight }: LocalQueue): number {
  return ready + delayed + inFlight;
}

/** Logical ids of the queues that are targets of the rules. */
function queuesFedBy(plan: Plan, ruleLogicalIds: readonly string[]): ReadonlySet<string> {
  const arns = new Set<string>();
  for (const logicalId of ruleLogicalIds) {
    const rule = plan.rules.find((candidate) => candidate.logicalId === logicalId);
    if (!rule) {
      throw new Error(`the template has no rule ${logicalId}`);
    }
    for (const target of rule.targets) {
      arns.add(target.arn);
    }
  }
  return new Set(plan.queues.filter((queue) => arns.has(queue.arn)).map((queue) => queue.logicalId));
}

function watchIdle(activity: Activity, isIdle: () => boolean, onIdleChange: (idle: boolean) => void): () => void {
  let known = isIdle();
  return activity.onChange(() => {
    const idle = isIdle();
    if (idle !== known) {
      known = idle;
      onIdleChange(idle);
    }
  });
}
