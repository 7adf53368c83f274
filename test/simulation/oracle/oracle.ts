import { Metric } from '../../../contract/metrics';
import type { DeliveryMessage } from '../../../lambda/delivery/core/delivery';
import type { FlowResponse } from '../../../lambda/delivery/core/response';
import type { MetricState } from '../../../lambda/thresholds/core/metric-state';
import type { Entry } from '../aws/event-bridge';
import type { Item } from '../aws/expressions';
import type { Message } from '../aws/sqs';
import { RegistrationModel } from '../connector/registration-model';
import type { FlowObserver, Post } from '../flows';
import type { SimulatedStack } from '../stack';
import type { Worker } from '../world/network';
import type { World } from '../world/world';
import { CrossingModel } from './crossings';
import { DeliveryModel } from './deliveries';
import { ExpectationModel } from './expectations';
import { factKey, triggerOf } from './facts';
import { HealthModel } from './health';
import { OutcomeModel } from './outcomes';
import { RateLimitModel } from './rate-limits';
import { RunModel } from './runs';
import { Versions } from './versions';

/** Timeout of a run in the simulated template. */
const RUN_TIMEOUT_MS = 24 * 3_600_000;

/** Refreshes that subscriptions of the simulation expect. */
const REFRESHES = ['DataSourceRefreshed', 'SegmentRefreshed', 'MeasureRefreshed'];

/** Messages for a pending delivery, on the average. */
const MOST_COPIES = 10;

/** Watches a simulation and knows what the docs promise. */
export class Oracle implements FlowObserver {
  readonly versions = new Versions();
  readonly deliveries: DeliveryModel;
  readonly registrations: RegistrationModel;
  private readonly crossings: CrossingModel;
  readonly outcomes: OutcomeModel;
  private readonly expectations: ExpectationModel;
  private readonly runs: RunModel;
  private readonly health: HealthModel;
  private readonly rateLimits: RateLimitModel;
  private readonly published = new Set<string>();
  /** Thresholds whose registration an operator completed. */
  readonly registered = new Set<string>();
  /** By invocation: the last version that it read of each metric's state, and its first read. Another task can read it again. */
  private readonly reads = new WeakMap<object, Map<string, { readonly version: unknown; readonly order: number }>>();
  /** By invocation and subscription: its first read, epoch milliseconds. Another delivery of the batch can read it again. */
  private readonly subscriptionReads = new WeakMap<object, Map<string, number>>();
  private readonly wrong: string[] = [];
  private order = 0;
  private stack!: SimulatedStack;

  constructor(
    private readonly world: World,
    isLenient: () => boolean,
  ) {
    const { clock } = world;
    const table = () => this.stack.dynamodb.table(this.stack.places.deliveries);
    this.outcomes = new OutcomeModel(this.versions, clock, table);
    this.deliveries = new DeliveryModel(this.versions, clock, table, (worker, name) => this.readAt(worker, name));
    this.rateLimits = new RateLimitModel(this.versions, clock);
    this.crossings = new CrossingModel(
      (crossing) => this.published.has(crossing),
      (thresholdId) => this.registered.has(thresholdId),
    );
    this.registrations = new RegistrationModel(clock);
    this.expectations = new ExpectationModel(clock);
    this.runs = new RunModel(clock, RUN_TIMEOUT_MS);
    this.health = new HealthModel(clock, isLenient, () => this.isKeyDisabled);
  }

  watch(stack: SimulatedStack): void {
    this.stack = stack;
    stack.queue(stack.places.observationsQueue).onDelete = ({ body }) => this.evaluated(body);
    stack.queue(stack.places.triggersQueue).onDelete = (message) => this.dispatched(message);
  }

  readonly onRead = (table: string, { pk, sk }: Item, by: Worker): void => {
    if (table === this.stack.places.subscriptions) {
      const reads = this.subscriptionReads.get(by.invocation) ?? new Map<string, number>();
      this.subscriptionReads.set(by.invocation, reads);
      if (!reads.has(String(pk))) reads.set(String(pk), this.world.clock());
    }
    if (table !== this.stack.places.thresholds || sk !== 'state') return;
    const reads = this.reads.get(by.invocation) ?? new Map();
    this.reads.set(by.invocation, reads);
    const order = ++this.order;
    const version = this.stack.dynamodb.table(table).peek(String(pk), 'state')?.version;
    const known = reads.get(String(pk));
    if (!known || known.version !== version) reads.set(String(pk), { version, order });
  };

  readonly onWrite = (table: string, before: Item | undefined, after: Item | undefined, by: Worker): void => {
    const order = ++this.order;
    const { subscriptions, thresholds, deliveries } = this.stack.places;
    // The table also has the sets of registered flows, under keys that are no names.
    if (table === subscriptions && !String((after ?? before)?.pk).startsWith('#')) {
      const [old, next] = this.versions.record(before, after, order, this.world.clock());
      this.crossings.changed(next, String((after ?? before)?.pk), order);
      this.expectations.changed(next, String((after ?? before)?.pk));
      this.health.changed(old, next);
      if (next) this.rateLimits.changed(next);
      this.registrations.changed(old, next);
    }
    if (table === thresholds && after?.sk === 'state' && before?.version !== after.version) {
      const [old, next] = [before, after].map((item) => item?.intent as MetricState['intent']);
      if (old && old.version !== next?.version)
        this.wrong.push(`LOST: the intent of ${after.pk} version ${old.version} was overwritten`);
      const readAt = this.reads.get(by.invocation)?.get(String(after.pk))?.order ?? 0;
      if (!isMark(before, after))
        this.crossings.committed(before as never, after as unknown as MetricState, readAt, order);
    }
    if (table === deliveries) {
      this.outcomes.rowWritten(before, after);
      this.deliveries.rowWritten(before, after, by);
      if (after?.status === 'dead' && before?.status !== 'dead') {
        this.health.died(String(after.pk), String(after.uid), (after.notice as Item | undefined)?.since);
      }
    }
  };

  readonly onEvent = ({ detailType, detail: json }: Entry, by?: Worker): void => {
    const detail = JSON.parse(json) as Record<string, unknown>;
    const trigger = triggerOf(detailType, detail);
    if (REFRESHES.includes(detailType)) this.expectations.refreshPut(detailType + json, detail);
    if (detailType === 'RefreshStageCompleted') this.runs.stagePut(detail);
    this.outcomes.eventPut(detailType, detail);
    if (detailType.startsWith('Flow')) this.health.eventPut(detailType, detail);
    if (!trigger) return;
    if (trigger.endsWith('refresh-completed')) this.runs.resultPut(detail);
    const key = factKey(trigger, detail);
    if (trigger === 'refresh-overdue') {
      const { subscription, uid, startsFlow } = detail;
      this.expectations.eventPut(detail, by ? this.readAt(by, String(subscription)) : 0);
      if (startsFlow) this.deliveries.crossingPut(String(subscription), String(uid), key);
      return;
    }
    if (!trigger.endsWith('threshold-crossed')) {
      this.deliveries.refreshPut(trigger, detail);
      return;
    }
    const {
      subscription: name,
      uid,
      startsFlow,
    } = detail as { subscription: string; uid: string; startsFlow: boolean };
    const crossing = `${name} ${key}`;
    const decided = this.crossings.allowed.get(crossing);
    this.published.add(crossing);
    if (!decided) {
      this.wrong.push(`UNOWED: the crossing ${crossing} was published`);
      return;
    }
    const versions = this.versions.of(name).filter(({ from, to }) => from <= decided.to && to >= decided.from);
    const isOfVersion = versions.some(
      ({ subscription }) => subscription.uid === uid && startsFlow === (subscription.flow !== undefined),
    );
    if (!isOfVersion) this.wrong.push(`UNOWED: the crossing ${crossing} has the uid ${uid} and starts ${startsFlow}`);
    if (startsFlow) this.deliveries.crossingPut(name, uid, key);
  };

  onPost(post: Post): void {
    this.deliveries.posted(post);
    this.rateLimits.posted(post.flow, this.readAt(post.worker, post.flow));
  }

  onAnswer(post: Post, answer: FlowResponse | undefined, accepted: boolean): void {
    if (accepted) this.outcomes.accepted(post);
    this.deliveries.answered(post, answer, accepted);
    this.health.answered(post, answer);
  }

  /** An operator completed a registration. */
  completed(name: string): void {
    const { thresholdId } = this.versions.current(name) ?? {};
    if (thresholdId !== undefined) this.registered.add(thresholdId);
    this.expectations.registered(name);
  }

  /** An operator disabled the key, or enabled it again. */
  keyChanged(): void {
    this.health.keyChangedAt = this.world.clock();
  }

  /** When an invocation first read a subscription, epoch milliseconds. */
  private readAt(worker: Worker, name: string): number {
    return this.subscriptionReads.get(worker.invocation)?.get(name) ?? 0;
  }

  private get isKeyDisabled(): boolean {
    const { kms, secrets, parameters } = this.stack;
    return kms.isDisabled || secrets.isKeyDisabled || parameters.isKeyDisabled;
  }

  replayed(message: DeliveryMessage): void {
    this.deliveries.replayed(message);
  }

  /** A delivery has one message, and a few copies of it after faults. */
  checkLoad(): void {
    const { stack } = this;
    const { deliveries, deliveriesQueue } = stack.places;
    const pending = [...stack.dynamodb.table(deliveries).all()].filter(({ status }) => status === 'pending').length;
    const { size } = stack.queue(deliveriesQueue);
    if (size > MOST_COPIES * (pending + 10))
      this.wrong.push(`STUCK: ${size} messages for ${pending} pending deliveries`);
  }

  /** What was wrong so far, in words. */
  get mistakes(): readonly string[] {
    const { deliveries, rateLimits, health, registrations } = this;
    return [...this.wrong, ...[deliveries, rateLimits, health, registrations].flatMap(({ mistakes }) => mistakes)];
  }

  /** What is wrong once nothing happens any more. */
  atEnd(): string[] {
    const { stack } = this;
    const isCurrent = (name: string, uid: string) => this.versions.current(name)?.uid === uid;
    const letters = stack.deadLetters;
    return [
      ...this.wrong,
      ...this.crossings.mistakes(),
      ...this.runs.mistakes(),
      ...this.expectations.mistakes(),
      ...this.outcomes.mistakes(),
      ...this.miscounts(),
      ...this.deliveries.atEnd(letters.map(({ body }) => body)),
      ...this.health.atEnd(isCurrent),
      ...this.registrations.atEnd((name) => this.versions.current(name)),
      ...letters.filter(({ reason }) => !reason).map(({ body }) => `STUCK: a dead letter without a reason: ${body}`),
      ...this.leaks(),
    ];
  }

  /** The numbers of the reads and writes since which thresholds are effective. */
  effective(): number[] {
    return this.crossings.effective();
  }

  /** By metric: what it counted beyond what happened. A worker that stops can count less. */
  surplus(): (readonly [string, number])[] {
    const facts: Readonly<Record<string, number>> = {
      [Metric.UNCONFIRMED_DELIVERIES]: this.outcomes.unconfirmed,
      [Metric.DEAD_DELIVERIES]: this.deliveries.died,
      [Metric.HELD_DELIVERIES]: this.deliveries.held,
      [Metric.PAUSED_SUBSCRIPTIONS]: this.health.pauses,
      [Metric.DELIVERED]: this.deliveries.counts.accepted + this.deliveries.counts.duplicates,
    };
    return Object.entries(facts).map(([metric, happened]) => [metric, (this.stack.counts[metric] ?? 0) - happened]);
  }

  private miscounts(): string[] {
    return this.surplus().flatMap(([metric, n]) =>
      n > 0 ? [`UNOWED: ${metric} counted ${n} more than happened`] : [],
    );
  }

  /** Items that survive their owner. */
  private leaks(): string[] {
    const { dynamodb, places } = this.stack;
    const leaks: string[] = [];
    for (const { pk, sk, due, intent } of dynamodb.table(places.thresholds).all()) {
      const [kind, ...parts] = String(sk).split('#');
      if (kind === 'state' && intent) leaks.push(`STUCK: ${pk} has an intent`);
      if (kind === 'intent') leaks.push(`LEAKED: ${pk} ${sk}`);
      if (pk === '#pending') leaks.push(`STUCK: a list of pending metrics, ${sk}`);
      if (due !== undefined && kind !== 'state') leaks.push(`STUCK: ${pk} ${sk} is due`);
      if (!['above', 'below', 'initial', 'flag', 'change'].includes(kind as string)) continue;
      // A series of changes belongs to any number of thresholds.
      if (parts[0] === '') continue;
      const [name = '', thresholdId] = parts.slice(-2);
      if (this.versions.current(name)?.thresholdId !== thresholdId) leaks.push(`LEAKED: ${pk} ${sk}`);
    }
    for (const { pk, subject, expecting = [], checkAt } of dynamodb.table(places.subscriptions).all()) {
      for (const { subscription, uid } of expecting as readonly { subscription: string; uid: string }[]) {
        const current = this.versions.current(subscription);
        const { dataSource, segment, measure } = current?.definition.filter ?? {};
        const isExpected = [dataSource, segment, measure].includes((subject as { name: string }).name);
        if (current?.uid !== uid || !isExpected) leaks.push(`LEAKED: ${pk} of ${subscription}`);
      }
      if (checkAt !== undefined) leaks.push(`STUCK: ${pk} is to be checked`);
    }
    for (const { pk, publishedAt, expiresAt } of dynamodb.table(places.runs).all()) {
      if (publishedAt === undefined) leaks.push(`STUCK: run ${pk} is not published`);
      else if (expiresAt === undefined) leaks.push(`LEAKED: run ${pk} stays for ever`);
    }
    return leaks;
  }

  private evaluated(body: string): void {
    const { thresholdCheck, ...event } = JSON.parse(body);
    this.expectations.processed(event['detail-type'] + JSON.stringify(event.detail));
    if (thresholdCheck) this.crossings.checked(thresholdCheck.metric, thresholdCheck.thresholdId, ++this.order);
  }

  private dispatched({ body }: Message): void {
    const event = JSON.parse(body);
    this.expectations.processed(event['detail-type'] + JSON.stringify(event.detail));
    const trigger = triggerOf(event['detail-type'], event.detail);
    if (trigger) this.deliveries.refreshDispatched(factKey(trigger, event.detail));
  }
}

/** Whether a write of a metric's state only marks the metric as expected. It is no evaluation. */
function isMark(before: Item | undefined, after: Item): boolean {
  const contents = ({ last, recent, intent, changes }: Item) => JSON.stringify([last, recent, intent, changes]);
  return before !== undefined && after.expected === true && contents(before) === contents(after);
}
