import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { actionsIn } from '../../cli/custom-connector/connector-api';
import { definitionFor } from '../../cli/custom-connector/connector-files';
import { readTextFile } from '../../cli/shell/text-file';
import { readSubscriptionFile, type SubscriptionFile } from '../../cli/subscriptions/subscription-file';
import { Env } from '../../contract/environment';
import { DomainEvent, HealthEvent } from '../../contract/events';
import { Output } from '../../contract/outputs';
import { register, SubscriptionConflictError } from '../../lambda/registration/core/register';
import { numberText } from '../../lambda/shared/core/number-text';
import { type BusEvent, DEFAULT_BUS } from '../bus/event-bus';
import type { Refusal } from '../bus/refusal';
import { FlowReceiver } from '../engines/services/flow-receiver';
import {
  deadLetterLines,
  logLine,
  nextSteps,
  problemsOf,
  refusedLine,
  stalledText,
  summaryText,
} from '../output/console';
import { Progress } from '../output/progress';
import { type ExpectedSubscription, RunReport } from '../output/report';
import { StatusLine } from '../output/status-line';
import { BusHistory } from '../page/bus-history';
import { runPage } from '../page/run-page';
import { PageServer } from '../page/server';
import { Cleanups } from '../shared/cleanups';
import { UserError } from '../shared/user-error';
import { type LocalStack, messagesIn, startLocalApp } from '../stack';
import { type LocalConnector, localConnector } from '../stack/connector';
import { writeLocalRunFile } from './announce';
import { readAnswers } from './answer-file';
import { connectorApiSteps } from './connector-api-steps';
import { type EventFile, readEvents } from './event-file';
import type { Options } from './options';
import { type OrganizationFile, organizationOf } from './organization-file';
import { ProgressLimit } from './progress-limit';
import { replay } from './replay';
import { runDesigner } from './run-designer';
import { synthesize } from './synthesize';

const ROOT = dirname(dirname(__dirname));
const APP = join(ROOT, 'bin/app.ts');
/** Variable that subscription files use to name flows that the local run simulates. */
const LOCAL_FLOWS = 'LOCAL_FLOWS';
const OBSERVATIONS: readonly string[] = [DomainEvent.SEGMENT_REFRESHED, DomainEvent.MEASURE_REFRESHED];
const HEALTH_EVENTS: readonly string[] = Object.values(HealthEvent);

const MINUTE_MS = 60_000;
/** Messages that can be received before the replay waits. */
const MAX_WAITING = 2_000;

/** Seconds without progress before a run without `--once` prints its summary. */
const SUMMARY_AFTER_SECONDS = 10;
/** Milliseconds that invocations in progress have to finish at the end. Most take a fraction of a second. */
const STOP_TIMEOUT_MS = 10_000;

/** The result of a run with `--once`. */
export interface Outcome {
  /** Exit status. */
  readonly status: number;
  /** The last line on standard error: the limit that ended the run. Undefined if nothing was in flight. */
  readonly limit?: string;
}

/** Events to put. */
interface Feed {
  readonly file: string;
  readonly entries: EventFile;
  /** The account that puts them. Undefined: the connector's. */
  readonly account: string | undefined;
}

/** Events with the stack in whose account they are put. */
interface ProducerFeed extends Feed {
  readonly producer: LocalStack;
}

/** One local run, from reading the files to the exit status. */
export class LocalRun {
  private readonly cleanups = new Cleanups();
  /** What the summary needs. Undefined after the summary, because a run can continue for days. */
  private summary: RunReport | undefined = new RunReport();
  private readonly rejectedByBus: string[] = [];
  /** Rules that matched an observation. */
  private readonly observationRules = new Set<string>();
  private history = new BusHistory();
  private readonly progress = new Progress();
  private readonly status: StatusLine;
  private put = 0;
  private readonly limit = new ProgressLimit();
  private page: PageServer | undefined;
  private readonly organization: OrganizationFile | undefined;

  constructor(private readonly options: Options) {
    this.organization = organizationOf(options);
    // With --json, standard output is reserved for the document.
    this.status = new StatusLine(options.json ? process.stderr : process.stdout);
    this.cleanups.add(() => this.status.stop());
  }

  /** @returns undefined if the run continues. */
  async run(): Promise<Outcome | undefined> {
    // Reads all files first, so that mistakes are reported before anything starts.
    const { app, stack: stackName, answers: answerFile } = this.options;
    const files = this.readFeeds();
    const answers =
      answerFile === undefined ? undefined : readAnswers(readTextFile(answerFile, '--answers'), answerFile);
    this.readSubscriptions('http://127.0.0.1:1');

    this.print('Synthesizing the stack …');
    const assembly = mkdtempSync(join(tmpdir(), 'power-automate-connector-'));
    this.cleanups.add(() => rmSync(assembly, { recursive: true, force: true }));
    const templateFiles = await synthesize(ROOT, { file: app ? resolve(app) : APP, stack: stackName }, assembly);

    const receiver = new FlowReceiver(undefined, 0);
    const { connectorStack: stack, otherStacks } = await startLocalApp({
      templateFiles,
      organization: this.organization,
      endpointPort: this.options.port,
      secrets: this.options.secrets,
      parameters: this.options.parameters,
      answers,
      functionEnvironment: { [Env.LOOPBACK_FLOWS]: '1', [Env.PACE]: String(this.options.speed) },
      speed: this.options.speed,
      stopTimeoutMs: STOP_TIMEOUT_MS,
      routes: (request, response) =>
        receiver.handle(request, response) || (this.page?.handle(request, response) ?? false),
      onEvent: (event, rules, otherBusArn) => this.onEvent(event, rules, otherBusArn),
      onRefused: (event, _rule, refusal) => this.onRefused(event, refusal),
      onLog: (functionId, line) => this.onLog(functionId, line),
    });
    this.cleanups.add(() => stack.stop());
    this.history = new BusHistory(stack);
    this.cleanups.add(writeLocalRunFile(stack.endpoint));
    this.print(`The connector runs at ${stack.endpoint}${this.options.once ? '' : ' (open it in a browser to watch)'}`);
    for (const { stackName, account, region, endpoint } of otherStacks) {
      this.print(`${stackName} runs at ${endpoint}, in account ${account} and ${region}`);
    }

    const feeds = this.withProducers(files, [stack, ...otherStacks]);
    const total = feeds.reduce((sum, { entries }) => sum + entries.length, 0);

    const connector = localConnector(stack);
    this.cleanups.add(() => connector.close());
    if (!this.options.once) await this.showPage(stack, connector);
    const subscriptions = await this.subscribe(stack, connector);
    this.summary?.expect(subscriptions, stack);

    let isIdle: boolean;
    this.status.start(() => this.statusText(total, stack));
    try {
      for (const feed of feeds) await this.replay(feed, stack, connector);
      if (this.options.runSchedules) await stack.runSchedules();
      isIdle = await this.limit.wait(this.waitSeconds, (signal) => stack.whenIdle(signal));
      // The schedule of `deliver`, which would run within a minute, reports what is overdue after these events.
      if (isIdle && subscriptions.some(({ definition }) => definition.expectation)) {
        await stack.runSchedules(MINUTE_MS);
        isIdle = await this.limit.wait(this.waitSeconds, (signal) => stack.whenIdle(signal));
      }
    } finally {
      this.status.stop();
    }
    const outcome = await this.report(total, stack, connector, isIdle);
    if (this.options.once) return outcome;
    const api = await connectorApiSteps(stack, connector);
    if (api) this.print(api);
    this.print(nextSteps(stack, connector, this.subscriptionsFile));
    return undefined;
  }

  /** Stops everything that the run started. Can be called repeatedly. */
  end(): Promise<void> {
    return this.cleanups.run();
  }

  /** Registers the file's subscriptions. Returns them and those that the stack declares. */
  private async subscribe(stack: LocalStack, connector: LocalConnector): Promise<ExpectedSubscription[]> {
    const declared = (await connector.subscriptions()).map(({ definition, flow }) => ({
      definition,
      flowUrlFrom: flow && 'from' in flow ? flow.from : undefined,
    }));
    if (declared.length > 0) this.print(`${declared.length} subscriptions declared in ${stack.stackName}`);
    const file = this.readSubscriptions(stack.endpoint);
    if (!file) return declared;
    if (file.withoutReports && !connector.acceptsReports) throw file.withoutReports;
    for (const warning of file.warnings) this.print(`Warning: ${warning}`);
    for (const entry of file.entries) {
      await register(entry, `file:${file.set}`, connector.registry).catch((error) => {
        throw error instanceof SubscriptionConflictError ? new UserError(error.message) : error;
      });
    }
    this.print(`${file.entries.length} subscriptions from ${this.subscriptionsFile}`);
    return [...declared, ...file.entries];
  }

  private get subscriptionsFile(): string | undefined {
    return this.options.subscriptions ?? this.organization?.subscriptions;
  }

  /** Reads the event files of the option and of the organization. */
  private readFeeds(): Feed[] {
    const { events } = this.options;
    const files = [
      ...(events === undefined ? [] : [{ file: events, account: undefined, option: '--events' }]),
      ...(this.organization?.events.map((one) => ({ ...one, option: '--organization' })) ?? []),
    ];
    return files.map(({ file, account, option }) => ({
      file,
      account,
      entries: readEvents(readTextFile(file, option), file),
    }));
  }

  /** The files of events with the stacks of their accounts. Without those of accounts that `--stack` excludes. */
  private withProducers(
    feeds: readonly Feed[],
    [stack, ...others]: readonly [LocalStack, ...LocalStack[]],
  ): ProducerFeed[] {
    return feeds.flatMap((feed) => {
      const { account = stack.account, file } = feed;
      const producer = [stack, ...others].find((one) => one.account === account);
      if (producer) return [{ ...feed, producer }];
      if (this.options.stack !== undefined) return [];
      throw new UserError(`${file} has events of account ${account}, which has no stack in the app`);
    });
  }

  private readSubscriptions(endpoint: string): SubscriptionFile | undefined {
    const file = this.subscriptionsFile;
    if (file === undefined) return undefined;
    const environment = { ...process.env, [LOCAL_FLOWS]: `${endpoint}/flows` };
    return readSubscriptionFile(readTextFile(file, '--subscriptions'), { file, environment, loopback: true });
  }

  private async showPage(stack: LocalStack, connector: LocalConnector): Promise<void> {
    if (stack.outputs[Output.EVENT_BUS_NAME] === undefined) {
      this.print('There is no page, because the stack has no outputs: call addOutputs() of the connector');
      return;
    }
    const designer = await runDesigner(stack, {
      exportDefinition: (url, actions) => definitionFor({ url, actions: actionsIn(actions) }),
      createKey: () => connector.createKey('designer'),
      onChange: () => this.page?.changed(),
    });
    const { ports, close } = runPage(stack, this.history, designer);
    const page = new PageServer(ports, designer);
    this.page = page;
    this.cleanups.add(() => {
      page.stop();
      close();
    });
  }

  private onLog(functionId: string, line: string): void {
    if (this.progress.record(line)) this.limit.progress();
    const text = logLine(functionId, line);
    if (text) this.print(text);
    this.page?.changed();
  }

  private onEvent(event: BusEvent, rules: readonly string[], otherBusArn: string | undefined): void {
    const { source, 'detail-type': detailType } = event;
    // The connector's own rules never match its health events.
    if (rules.length === 0 && !HEALTH_EVENTS.includes(detailType)) {
      const where = otherBusArn === undefined ? '' : ` on ${otherBusArn}`;
      this.print(`no rule matches ${detailType} from source ${source}${where}: check the event's source and its bus`);
    }
    if (otherBusArn !== undefined) return;
    this.summary?.record(event);
    // A run with --once has no page.
    if (!this.options.once) this.history.record(event, rules, Date.now());
    this.page?.changed();
    if (OBSERVATIONS.includes(detailType)) for (const rule of rules) this.observationRules.add(rule);
  }

  private onRefused(event: BusEvent, refusal: Refusal): void {
    this.print(refusedLine(event, refusal));
    this.page?.changed();
  }

  /** Puts the events of a file on the connector's bus, or on the default bus of another account. */
  private async replay({ file, entries, producer }: ProducerFeed, stack: LocalStack, connector: LocalConnector) {
    const isConnectors = producer === stack;
    this.print(
      `Putting ${entries.length} events from ${file}${isConnectors ? '' : ` in account ${producer.account}`} …`,
    );
    const before = this.put;
    await replay(entries, {
      put: (input) => producer.putEvents(input),
      busName: isConnectors ? connector.busName : DEFAULT_BUS,
      room: () => this.room(stack),
      settled: () => this.settled(stack),
      onProgress: (put) => {
        this.put = before + put;
      },
      onRefused: ({ DetailType }, reason) => this.rejectedByBus.push(`${DetailType}: ${reason}`),
    });
    this.print(`${numberText(this.put - before)} of ${numberText(entries.length)} events put`);
  }

  /** Waits for the functions, so that a long file does not wait in memory. A stalled run puts its events in any case. */
  private async room(stack: LocalStack): Promise<void> {
    await this.limit.wait(this.waitSeconds, (signal) => stack.whenRoom(MAX_WAITING, signal));
  }

  private async settled(stack: LocalStack): Promise<void> {
    const { waitSeconds } = this.options;
    const own = new Set(stack.rules.map(({ logicalId }) => logicalId));
    const rules = [...this.observationRules].filter((rule) => own.has(rule));
    const isDrained = await this.limit.wait(waitSeconds, (signal) =>
      stack.whenDrained(rules, signal, () => this.limit.progress()),
    );
    if (!isDrained) {
      throw new UserError(`no observation was evaluated for ${waitSeconds} s: see the log above for the reason`);
    }
  }

  private get waitSeconds(): number {
    return this.options.once ? this.options.waitSeconds : SUMMARY_AFTER_SECONDS;
  }

  private async report(put: number, stack: LocalStack, connector: LocalConnector, isIdle: boolean): Promise<Outcome> {
    const { rejected, failed } = deadLetterLines(stack.deadLetters());
    const reasons = [...this.rejectedByBus, ...rejected];
    const waiting = isIdle ? [] : messagesWaiting(stack);
    const rows = connector.deliveries();
    const { summary: run = new RunReport() } = this;
    this.summary = undefined;
    const summary = await run.summary({ eventsPut: put, rejected: reasons.length, rows });
    const problems = problemsOf(summary, [
      ...failed,
      ...waiting.map(({ logicalId, messages }) => `queue ${logicalId} still has messages: ${messages}`),
    ]);
    this.print(summaryText(summary, reasons, problems));
    if (this.options.json) process.stdout.write(`${JSON.stringify(summary, undefined, 2)}\n`);
    // No problem after a timeout means that the rest arrived meanwhile.
    if (problems.length === 0) return { status: 0 };
    return { status: 1, limit: isIdle ? undefined : stalledText(this.waitSeconds, summary, sumOf(waiting)) };
  }

  private statusText(total: number, stack: LocalStack): string {
    const [put, all, deliveries, waiting] = [
      this.put,
      total,
      this.progress.deliveries,
      sumOf(messagesWaiting(stack)),
    ].map(numberText);
    return `${put} of ${all} events put, ${deliveries} deliveries finished, ${waiting} messages in the queues`;
  }

  /** Prints a line for the user. */
  private print(line: string): void {
    this.status.print(line);
  }
}

interface Waiting {
  readonly logicalId: string;
  readonly messages: number;
}

/** The queues that functions read and that are not empty. */
const messagesWaiting = (stack: LocalStack): Waiting[] =>
  stack
    .queues()
    .filter(({ isRead }) => isRead)
    .map((queue) => ({ logicalId: queue.logicalId, messages: messagesIn(queue) }))
    .filter(({ messages }) => messages > 0);

const sumOf = (waiting: readonly Waiting[]): number => waiting.reduce((sum, { messages }) => sum + messages, 0);
