import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { inspect } from 'node:util';
import { EventBridgeClient, type PutEventsRequestEntry } from '@aws-sdk/client-eventbridge';
import { readTextFile, TextFileError } from '../cli/shell/text-file';
import {
  readSubscriptionFile,
  type SubscriptionFile,
  SubscriptionFileError,
} from '../cli/subscriptions/subscription-file';
import { Env } from '../contract/environment';
import { DomainEvent, HealthEvent } from '../contract/events';
import { register, SubscriptionConflictError } from '../lambda/registration/core/register';
import { numberText } from '../lambda/shared/core/number-text';
import type { BusEvent } from './bus/event-bus';
import { FlowReceiver } from './engines/services/flow-receiver';
import { deadLetterLines, logLine, nextSteps, problemsOf, stalledText, summaryText } from './output/console';
import { Progress } from './output/progress';
import { type ExpectedSubscription, summarize } from './output/report';
import { StatusLine } from './output/status-line';
import { BusHistory } from './page/bus-history';
import { runPage } from './page/run-page';
import { PageServer } from './page/server';
import { announceLocalRun } from './run/announce';
import { readAnswers } from './run/answer-file';
import { readEvents } from './run/event-file';
import { HELP, type Options, readOptions } from './run/options';
import { Patience } from './run/progress-timeout';
import { replay } from './run/replay';
import { synthesize } from './run/synthesize';
import { UserError } from './shared/user-error';
import { type LocalStack, messagesIn, startLocalStack } from './stack';
import { ANYBODY, type LocalConnector, localConnector } from './stack/connector';

const ROOT = dirname(__dirname);
const APP = join(ROOT, 'bin/app.ts');
/** Variable by which a subscription file names the flows that the local run plays itself. */
const LOCAL_FLOWS = 'LOCAL_FLOWS';
const OBSERVATIONS: readonly string[] = [DomainEvent.SEGMENT_REFRESHED, DomainEvent.MEASURE_REFRESHED];
const ANNOUNCEMENTS: readonly string[] = Object.values(HealthEvent);

/** Seconds without progress after which a run that stays up sums up. */
const SUMMARY_AFTER_SECONDS = 10;
/** Milliseconds for invocations in progress at the end: most take a fraction of a second. A second Ctrl-C ends them at once. */
const STOP_TIMEOUT_MS = 10_000;

/** How a run with `--once` ended. */
interface Outcome {
  /** Exit status. */
  readonly status: number;
  /** The limit that ended it, as the last line for people; left out: nothing was in flight. */
  readonly limit?: string;
}

/** One local run, from the files to the exit status. */
class LocalRun {
  private readonly cleanups: (() => Promise<void> | void)[] = [];
  /** Source of the summary; undefined once the summary is made, because a run may stay up for days. */
  private busEvents: BusEvent[] | undefined = [];
  private readonly refused: string[] = [];
  /** Rules that took an observation. */
  private readonly observationRules = new Set<string>();
  private readonly history = new BusHistory();
  private readonly progress = new Progress();
  private readonly status: StatusLine;
  private put = 0;
  /** Limit of the current wait. */
  private patience: Patience | undefined;
  private page: PageServer | undefined;
  private ended: Promise<void> | undefined;

  constructor(private readonly options: Options) {
    // With --json, standard output is the document's alone.
    this.status = new StatusLine(options.json ? process.stderr : process.stdout);
    this.cleanups.push(() => this.status.stop());
  }

  /** @returns undefined when the run stays up. */
  async run(): Promise<Outcome | undefined> {
    // The files first: what is wrong in them is said before anything starts.
    const { app, stack: stackName, events } = this.options;
    const entries = events === undefined ? [] : readEvents(readTextFile(events, '--events'), events);
    const { answers: answerFile } = this.options;
    const answers =
      answerFile === undefined ? undefined : readAnswers(readTextFile(answerFile, '--answers'), answerFile);
    this.readSubscriptions('http://127.0.0.1:1');

    this.say('Synthesizing the stack …');
    const assembly = mkdtempSync(join(tmpdir(), 'power-automate-connector-'));
    this.cleanups.push(() => rmSync(assembly, { recursive: true, force: true }));
    const templateFile = await synthesize(ROOT, { file: app ? resolve(app) : APP, stack: stackName }, assembly);

    const receiver = new FlowReceiver(undefined, 0);
    const stack = await startLocalStack({
      templateFile,
      endpointPort: this.options.port,
      secrets: this.options.secrets,
      parameters: this.options.parameters,
      answers,
      functionEnvironment: { [Env.LOOPBACK_FLOWS]: '1', [Env.PACE]: String(this.options.speed) },
      speed: this.options.speed,
      stopTimeoutMs: STOP_TIMEOUT_MS,
      routes: (request, response) =>
        receiver.handle(request, response) || (this.page?.handle(request, response) ?? false),
      onEvent: (event, rules) => this.onEvent(event, rules),
      onLog: (functionId, line) => {
        if (this.progress.take(line)) this.patience?.progress();
        const text = logLine(functionId, line);
        if (text) this.say(text);
        this.page?.changed();
      },
    });
    this.cleanups.push(() => stack.stop());
    this.cleanups.push(announceLocalRun(stack.endpoint));
    this.say(`The connector runs: ${stack.endpoint}${this.options.once ? '' : ' (open it in a browser to look on)'}`);

    const connector = localConnector(stack);
    this.cleanups.push(() => connector.close());
    if (!this.options.once) this.showPage(stack);
    const subscriptions = await this.subscribe(stack, connector);

    let isIdle: boolean;
    this.status.start(() => this.statusText(entries.length, stack));
    try {
      if (events !== undefined) await this.replay(entries, events, stack, connector);
      if (this.options.runSchedules) await stack.runSchedules();
      isIdle = await this.untilIdle(stack);
    } finally {
      this.status.stop();
    }
    const outcome = await this.report(entries.length, stack, connector, subscriptions, isIdle);
    if (this.options.once) return outcome;
    this.say(nextSteps(stack, connector, this.options.subscriptions));
    return undefined;
  }

  /** Ends everything that the run started; may be called again. */
  end(): Promise<void> {
    this.ended ??= (async () => {
      for (const cleanup of this.cleanups.reverse()) await cleanup();
    })();
    return this.ended;
  }

  /** Registers the file's subscriptions, and gives them and those that the stack has declared. */
  private async subscribe(stack: LocalStack, connector: LocalConnector): Promise<ExpectedSubscription[]> {
    const declared = (await connector.subscriptions()).map(({ definition, flow }) => ({
      definition,
      flowUrlFrom: flow && 'from' in flow ? flow.from : undefined,
    }));
    if (declared.length > 0) this.say(`${declared.length} subscriptions declared in ${stack.stackName}`);
    const file = this.readSubscriptions(stack.endpoint);
    if (!file) return declared;
    for (const warning of file.warnings) this.say(`Warning: ${warning}`);
    for (const entry of file.entries) {
      await register(entry, `file:${file.set}`, connector.registry).catch((error) => {
        throw error instanceof SubscriptionConflictError ? new UserError(error.message) : error;
      });
    }
    this.say(`${file.entries.length} subscriptions of ${this.options.subscriptions}`);
    return [...declared, ...file.entries];
  }

  private readSubscriptions(endpoint: string): SubscriptionFile | undefined {
    const { subscriptions: file } = this.options;
    if (file === undefined) return undefined;
    const environment = { ...process.env, [LOCAL_FLOWS]: `${endpoint}/flows` };
    return readSubscriptionFile(readTextFile(file, '--subscriptions'), { file, environment, loopback: true });
  }

  /** A page to look on, at the endpoint. */
  private showPage(stack: LocalStack): void {
    const { ports, close } = runPage(stack, this.history);
    const page = new PageServer(ports);
    this.page = page;
    this.cleanups.push(() => {
      page.stop();
      close();
    });
  }

  private onEvent(event: BusEvent, rules: readonly string[]): void {
    this.busEvents?.push(event);
    this.history.take(event, rules, Date.now());
    this.page?.changed();
    if (OBSERVATIONS.includes(event['detail-type'])) for (const rule of rules) this.observationRules.add(rule);
    // What the connector tells of its own health is for others: its rules take none of it.
    if (rules.length === 0 && !ANNOUNCEMENTS.includes(event['detail-type'])) {
      this.say(
        `no rule takes ${event['detail-type']} of source ${event.source}: the connector's is another, or it is on another bus`,
      );
    }
  }

  private async replay(
    entries: readonly PutEventsRequestEntry[],
    file: string,
    stack: LocalStack,
    connector: LocalConnector,
  ) {
    this.say(`Putting ${entries.length} events of ${file} …`);
    const client = new EventBridgeClient({ ...ANYBODY, endpoint: stack.endpoints.eventbridge });
    this.cleanups.push(() => client.destroy());
    await replay(entries, {
      client,
      busName: connector.busName,
      settled: () => this.settled(stack),
      onProgress: (put) => {
        this.put = put;
      },
      onRefused: ({ DetailType }, reason) => this.refused.push(`${DetailType}: ${reason}`),
    });
    this.say(`${numberText(this.put)} of ${numberText(entries.length)} events put`);
  }

  private async settled(stack: LocalStack): Promise<void> {
    const { waitSeconds } = this.options;
    const rules = [...this.observationRules];
    const isDrained = await this.patiently(waitSeconds, (patience) =>
      stack.whenDrained(rules, patience.signal, () => patience.progress()),
    );
    if (!isDrained) throw new UserError(`no observation was evaluated for ${waitSeconds} s: the log above says why`);
  }

  /** Waits until nothing is in flight, as long as there is progress. @returns whether nothing is. */
  private untilIdle(stack: LocalStack): Promise<boolean> {
    return this.patiently(this.patienceSeconds, ({ signal }) => stack.whenIdle(signal));
  }

  private get patienceSeconds(): number {
    return this.options.once ? this.options.waitSeconds : SUMMARY_AFTER_SECONDS;
  }

  /** Waits as long as there is progress. @returns whether the wait reached its end. */
  private async patiently(seconds: number, wait: (patience: Patience) => Promise<void>): Promise<boolean> {
    const patience = new Patience(seconds);
    this.patience = patience;
    try {
      await wait(patience);
      return true;
    } catch (error) {
      if (!patience.signal.aborted) throw error;
      return false;
    } finally {
      patience.end();
      this.patience = undefined;
    }
  }

  private async report(
    put: number,
    stack: LocalStack,
    connector: LocalConnector,
    subscriptions: readonly ExpectedSubscription[],
    isIdle: boolean,
  ): Promise<Outcome> {
    const { rejected, failed } = deadLetterLines(stack.deadLetters());
    const reasons = [...this.refused, ...rejected];
    const waiting = isIdle ? [] : messagesWaiting(stack);
    const rows = await connector.deliveries();
    const { busEvents = [] } = this;
    this.busEvents = undefined;
    const summary = summarize({ eventsPut: put, rejected: reasons.length, busEvents, rows, subscriptions });
    const problems = problemsOf(summary, [
      ...failed,
      ...waiting.map(({ logicalId, messages }) => `queue ${logicalId} holds ${messages}`),
    ]);
    this.say(summaryText(summary, reasons, problems));
    if (this.options.json) process.stdout.write(`${JSON.stringify(summary, undefined, 2)}\n`);
    // The rest may have arrived since the limit was met.
    if (problems.length === 0) return { status: 0 };
    return { status: 1, limit: isIdle ? undefined : stalledText(this.patienceSeconds, summary, sumOf(waiting)) };
  }

  private statusText(all: number, stack: LocalStack): string {
    const [put, total, deliveries, waiting] = [this.put, all, this.progress.deliveries, sumOf(messagesWaiting(stack))];
    return `${numberText(put)} of ${numberText(total)} events put, ${numberText(deliveries)} deliveries finished, ${numberText(waiting)} messages in the queues`;
  }

  /** A line for people. */
  private say(line: string): void {
    this.status.say(line);
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

/** What a person needs of an error: a mistake of theirs is a line, anything else is a fault of ours. */
const errorText = (error: unknown): string =>
  error instanceof UserError || error instanceof SubscriptionFileError || error instanceof TextFileError
    ? error.message
    : error instanceof Error
      ? inspect(error)
      : String(error);

async function main(): Promise<void> {
  let run: LocalRun | undefined;
  const finish = async ({ status, limit }: Outcome) => {
    try {
      await run?.end();
      if (limit) process.stderr.write(`${limit}\n`);
    } catch (error) {
      process.stderr.write(`the run did not end cleanly: ${errorText(error)}\n`);
      process.exit(status || 1);
    }
    process.exit(status);
  };
  try {
    const options = readOptions(process.argv.slice(2), process.env);
    if (!options) {
      process.stdout.write(HELP);
      return;
    }
    run = new LocalRun(options);
    for (const signal of ['SIGINT', 'SIGTERM'] as const)
      process.once(signal, () => void finish({ status: options.once ? 130 : 0 }));
    const outcome = await run.run();
    if (outcome) await finish(outcome);
  } catch (error) {
    process.stderr.write(`${errorText(error)}\n`);
    await finish({ status: 2 });
  }
}

void main();
