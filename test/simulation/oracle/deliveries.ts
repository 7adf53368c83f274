import type { TriggerId } from '../../../contract/events';
import type { DeliveryMessage } from '../../../lambda/delivery/core/delivery';
import type { FlowResponse } from '../../../lambda/delivery/core/response';
import type { SubscriptionDefinition } from '../../../lambda/subscriptions/core/subscription';
import type { Item } from '../aws/expressions';
import type { SimulatedTable } from '../aws/table';
import type { Post } from '../flows';
import type { Worker } from '../world/network';
import { factKey } from './facts';
import type { Versions } from './versions';

const HOUR = 3_600_000;
/** Deliveries held for longer are not sent when a pause ends (docs/delivery.md, "Pausing"). */
const MAX_HELD_MS = 72 * HOUR;
/** A delivery that met only open breakers for this long is dead. */
const MAX_ROUND_MS = 84 * HOUR;
/** Attempts after which a delivery is dead. */
const MAX_ATTEMPTS = 12;
/** Time in which held deliveries are sent after a pause. */
const DRAIN_MS = 10 * 60_000;
/** Longest time until the index of subscriptions shows a change. */
const INDEX_LAG_MS = 60_000;

/** A fact that started a trigger for all subscriptions that match it. */
interface Refresh {
  readonly trigger: TriggerId;
  readonly detail: Readonly<Record<string, unknown>>;
  readonly putAt: number;
  /** When the last message about it left the queue. */
  doneAt: number | undefined;
}

/** What one flow got of one fact. */
interface Course {
  readonly webhookId: string;
  readonly key: string;
  posts: number;
  accepted: number;
  /** Posts that may be accepted: one more after a lost response, a stopped worker, or a replay of an accepted delivery. */
  most: number;
  /** The last accepted post, until its worker has recorded it. */
  unrecorded: { readonly invocation: Worker['invocation']; readonly worker: Worker } | undefined;
  rejected: boolean;
  readonly inFlight: Set<Worker>;
}

/** Who is owed which deliveries (docs/delivery.md). */
export class DeliveryModel {
  private readonly refreshes = new Map<string, Refresh>();
  /** By subscription, uid and fact: crossings that the bus accepted for a flow. */
  private readonly crossings = new Map<string, { readonly name: string; readonly uid: string; readonly key: string }>();
  private readonly courses = new Map<string, Course>();
  private readonly idsOfFact = new Map<string, Set<string>>();
  readonly mistakes: string[] = [];
  /** Numbers of times that a delivery was held, and died. */
  held = 0;
  died = 0;

  constructor(
    private readonly versions: Versions,
    private readonly clock: () => number,
    private readonly table: () => SimulatedTable,
    /** When a worker last read a subscription, epoch milliseconds. */
    private readonly readAt: (worker: Worker, name: string) => number,
  ) {}

  refreshPut(trigger: TriggerId, detail: Refresh['detail']): void {
    const key = factKey(trigger, detail);
    const known = this.refreshes.get(key);
    if (!known) this.refreshes.set(key, { trigger, detail, putAt: this.clock(), doneAt: undefined });
  }

  /** A message about a refresh left the triggers queue. */
  refreshDispatched(key: string): void {
    const refresh = this.refreshes.get(key);
    if (refresh) refresh.doneAt = this.clock();
  }

  crossingPut(name: string, uid: string, key: string): void {
    this.crossings.set(`${name} ${uid} ${key}`, { name, uid, key });
  }

  posted(post: Post): void {
    const { flow: name, webhookId, body, worker } = post;
    const key = factKey(body.trigger as TriggerId, body);
    const course = this.course(webhookId, key);
    course.posts++;
    if (course.key !== key) this.mistakes.push(`UNOWED: ${webhookId} is the id of ${course.key} and of ${key}`);
    const fact = `${name} ${key}`;
    const uid = this.uidsOwed(name, key);
    if (uid.length === 0) this.mistakes.push(`UNOWED: flow ${name} was called for ${key}`);
    const ids = this.idsOfFact.get(fact) ?? new Set();
    this.idsOfFact.set(fact, ids.add(webhookId));
    // A recreated subscription also receives a value that is already beyond its threshold, and an overdue refresh.
    if (ids.size > 1 && !key.includes('already beyond') && !key.startsWith('refresh-overdue'))
      this.mistakes.push(`UNOWED: ${fact} has the ids ${[...ids].join(' and ')}`);
    const other = [...course.inFlight].find((one) => one !== worker);
    if (other)
      this.mistakes.push(`TWICE: ${other.name} and ${worker.name} call flow ${name} for ${key} at the same time`);
    course.inFlight.add(worker);
    this.checkDuplicate(course, name);
    const since = this.readAt(worker, name);
    const known = this.versions.during(name, since, this.clock()).map(({ subscription }) => subscription.uid);
    if (uid.length > 0 && !uid.some((one) => known.includes(one)))
      this.mistakes.push(`UNOWED: flow ${name} was called for ${key} of an earlier subscription of this name`);
  }

  answered({ webhookId, worker }: Post, answer: FlowResponse | undefined, accepted: boolean): void {
    const course = this.courses.get(webhookId) as Course;
    course.inFlight.delete(worker);
    if (answer?.status === 400 || answer?.status === 413) course.rejected = true;
    if (!accepted) return;
    course.accepted++;
    const isKnown = answer?.status !== undefined && answer.status >= 200 && answer.status < 300;
    if (isKnown) course.unrecorded = { invocation: worker.invocation, worker };
    else mayRepeat(course);
  }

  replayed({ subscription, event }: DeliveryMessage): void {
    const course = this.courses.get(`${subscription}_${event.eventId}`);
    if (course) mayRepeat(course);
  }

  /** A row of the Deliveries table was written. */
  rowWritten(before: Item | undefined, after: Item | undefined, by: Worker): void {
    if (!after?.status || before?.status === after.status) return;
    const { pk: name, sk, status, attempts } = after as { pk: string; sk: string; status: string; attempts?: Item[] };
    const course = this.courses.get(`${name}_${sk}`);
    if (status === 'delivered') {
      if (!course?.accepted)
        this.mistakes.push(`LOST: ${name} ${sk} is recorded as delivered, and its flow never accepted it`);
      if (course?.unrecorded?.worker === by) course.unrecorded = undefined;
    }
    if (status === 'held' || status === 'dead') {
      if (!this.table().peek(name, `${sk}#payload`))
        this.mistakes.push(`LOST: ${name} ${sk} is ${status} without its payload`);
    }
    if (status === 'held') this.held++;
    if (status !== 'dead') return;
    this.died++;
    const waited = this.clock() - Number(after.acceptedAt);
    // A next attempt can be too late for `maxAge`.
    const hasMaxAge = this.versions.of(name).some(({ subscription }) => subscription.definition.maxAge !== undefined);
    // A worker that stopped after an attempt recorded none.
    const kept = this.table().peek(name, `${sk}#payload`);
    if (!kept) return;
    const { n, firstTry = 0 } = JSON.parse(String(kept.payload)) as DeliveryMessage;
    const tries = Math.max(attempts?.length ?? 0, n - firstTry + 1);
    const isDue = tries >= MAX_ATTEMPTS || course?.rejected || waited > MAX_ROUND_MS - HOUR;
    if (!isDue && !hasMaxAge) this.mistakes.push(`LOST: ${name} ${sk} is dead after ${attempts?.length} attempts`);
  }

  /** What is wrong at the end, in words. */
  atEnd(deadLetters: readonly string[]): string[] {
    const rows = new Map<string, { readonly row: Item; readonly message: DeliveryMessage | undefined }>();
    for (const name of this.versions.names()) {
      const items = this.table().partitionOf(name);
      for (const row of items.filter(({ status }) => status !== undefined)) {
        const kept = this.table().peek(name, `${row.sk}#payload`);
        const message = kept && (JSON.parse(String(kept.payload)) as DeliveryMessage);
        const course = this.courses.get(`${name}_${row.sk}`);
        const key = course?.key ?? (message && factKey(message.event.trigger, { ...message.event }));
        if (key) rows.set(`${name} ${key}`, { row, message });
        if (row.status === 'pending')
          this.mistakes.push(`STUCK: ${name} ${row.sk} (${key}) is pending, and no message is left`);
        if (row.expiresAt === undefined) this.mistakes.push(`LEAKED: ${name} ${row.sk} is ${row.status} for ever`);
      }
    }
    for (const { name, uid, key } of this.allOwed()) {
      if ([...(this.idsOfFact.get(`${name} ${key}`) ?? [])].some((id) => this.courses.get(id)?.accepted)) continue;
      if (this.isNoLongerOwed(name, uid)) continue;
      const found = rows.get(`${name} ${key}`);
      if (!found) {
        const letter = deadLetters.find((body) => body.includes(String(key.split('|')[2] ?? key)));
        this.mistakes.push(`LOST: ${name} never got ${key}${letter ? `, which is in a dead-letter queue` : ''}`);
      } else if (found.row.status === 'held') this.checkHeld(name, key, found.row);
      else if (found.row.status !== 'dead' && found.row.status !== 'pending') {
        this.mistakes.push(`LOST: ${name} never got ${key}, and its row is ${found.row.status}`);
      }
    }
    return this.mistakes;
  }

  get counts() {
    const courses = [...this.courses.values()];
    return {
      deliveries: courses.length,
      posts: courses.reduce((sum, { posts }) => sum + posts, 0),
      accepted: courses.filter(({ accepted }) => accepted > 0).length,
      duplicates: courses.reduce((sum, { accepted }) => sum + Math.max(0, accepted - 1), 0),
    };
  }

  private course(webhookId: string, key: string): Course {
    const fresh = {
      posts: 0,
      accepted: 0,
      most: 1,
      unrecorded: undefined,
      rejected: false,
      inFlight: new Set<Worker>(),
    };
    const course = this.courses.get(webhookId) ?? { webhookId, key, ...fresh };
    this.courses.set(webhookId, course);
    return course;
  }

  /** A post of an accepted delivery is allowed for one of the three causes of docs/delivery.md. */
  private checkDuplicate(course: Course, name: string): void {
    if (course.accepted === 0) return;
    const { unrecorded } = course;
    // The worker stopped, or could not record.
    if (unrecorded && unrecorded.invocation.faults > 0) {
      mayRepeat(course);
      course.unrecorded = undefined;
    }
    if (course.accepted < course.most) return;
    this.mistakes.push(`TWICE: flow ${name} accepted ${course.key}, and was called for it again`);
  }

  /** The uids of the versions of a subscription that may get a fact. */
  private uidsOwed(name: string, key: string): string[] {
    const refresh = this.refreshes.get(key);
    if (!refresh)
      return [...this.crossings.values()].flatMap((one) => (one.name === name && one.key === key ? [one.uid] : []));
    return this.versions
      .during(name, refresh.putAt - INDEX_LAG_MS, this.clock())
      .filter(({ subscription }) => matches(subscription.definition, refresh))
      .map(({ subscription }) => subscription.uid);
  }

  private *allOwed(): Generator<{ readonly name: string; readonly uid: string; readonly key: string }> {
    yield* this.crossings.values();
    for (const [key, refresh] of this.refreshes) {
      const until = refresh.doneAt ?? this.clock();
      for (const name of this.versions.names()) {
        const isOwed = this.versions.always(name, refresh.putAt - INDEX_LAG_MS, until, ({ definition, flow }) =>
          Boolean(flow && matches(definition, refresh)),
        );
        // While a filter changes, the index can have neither the old entry nor the new one.
        const places = new Map(
          this.versions
            .during(name, refresh.putAt - INDEX_LAG_MS, until)
            .map(({ subscription: { uid, definition } }) => [`${uid} ${JSON.stringify(definition.filter)}`, uid]),
        );
        if (isOwed && places.size === 1) yield { name, uid: [...places.values()][0] as string, key };
      }
    }
  }

  /** The subscription was deleted, or has no flow. */
  private isNoLongerOwed(name: string, uid: string): boolean {
    const versions = this.versions.of(name).filter(({ subscription }) => subscription.uid === uid);
    const last = versions.at(-1);
    return !last || last.to !== Infinity || versions.some(({ subscription }) => !subscription.flow);
  }

  private checkHeld(name: string, key: string, row: Item): void {
    const { health } = this.versions.current(name) ?? {};
    if (health?.state === 'paused' || health?.endsAt !== undefined) return;
    // The ages that counted while held deliveries were sent after the last pause.
    const versions = this.versions.of(name);
    const since = versions.findLast(({ subscription }) => subscription.health?.state === 'paused')?.toTime ?? 0;
    const sent = this.versions.during(name, since - 1, since + DRAIN_MS);
    const ages = sent.map(({ subscription }) => subscription.definition.maxAge ?? MAX_HELD_MS);
    if (Number(row.acceptedAt) < since + DRAIN_MS - Math.min(...ages)) return;
    this.mistakes.push(`STUCK: ${name} is active, and ${key} is held`);
  }
}

/** Allows one post more than were accepted. Two causes before the next post allow one. */
function mayRepeat(course: Course): void {
  course.most = Math.max(course.most, course.accepted + 1);
}

/** Whether a subscription's trigger and filter match a refresh (docs/subscriptions.md). */
function matches(
  { trigger, filter, instanceId }: SubscriptionDefinition,
  { trigger: wanted, detail }: Pick<Refresh, 'trigger' | 'detail'>,
): boolean {
  const { dataSource, kind, status, includeRetries } = filter;
  if (trigger !== wanted || instanceId !== (detail.instanceId ?? 'default')) return false;
  if (dataSource !== undefined && dataSource !== detail.dataSource) return false;
  if (detail.willRetry && !includeRetries) return false;
  if (kind !== undefined && kind !== (detail.kind ?? 'Scheduled')) return false;
  return status === undefined || status.includes((detail.status === 'Failure' ? 'Failed' : detail.status) as never);
}
