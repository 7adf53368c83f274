import type { Subscription } from '../../../lambda/subscriptions/core/subscription';
import { openedUrl } from '../aws/kms';
import type { Version } from '../oracle/versions';
import { hashOfLocation, type RegisteredFlow } from './registered-flow';

const MINUTE = 60_000;
/** From the DELETE of a registration to the removal of its subscription (docs/custom-connector.md). */
const GRACE_MS = 10 * MINUTE;
/** A call that began before the DELETE has arrived by then. */
const LAST_CALL_MS = 3 * MINUTE;

/** Which registrations flows have, when they may end, and what a save keeps (docs/custom-connector.md). */
export class RegistrationModel {
  readonly mistakes: string[] = [];
  private readonly flows = new Map<string, RegisteredFlow>();
  /** By hash of a registration's id: when the first DELETE with it was sent. */
  private readonly deletions = new Map<string, number>();
  /** By name: the newest version whose callback was registered. */
  private readonly newest = new Map<string, number>();

  constructor(private readonly clock: () => number) {}

  add(flow: RegisteredFlow): void {
    this.flows.set(flow.name, flow);
  }

  deletionSent(location: string): void {
    const hash = hashOfLocation(location);
    if (!this.deletions.has(hash)) this.deletions.set(hash, this.clock());
  }

  /** A flow that is off, or an old version of one, was called. */
  readonly refused = ({ name, isOn, endedAt, isDoubled }: RegisteredFlow): void => {
    if (isOn || isDoubled || endedAt === undefined || this.clock() < endedAt + LAST_CALL_MS) return;
    this.mistakes.push(`UNOWED: flow ${name} unregistered and was called`);
  };

  /** A subscription was written. */
  changed(before: Version | undefined, after: Version | undefined): void {
    const version = after ?? before;
    if (!version?.subscription.registration) return;
    const { name } = version;
    const flow = this.flows.get(name);
    if (!flow) this.mistakes.push(`UNOWED: ${name} is the subscription of no flow`);
    else if (!after) this.removed(name, before?.subscription as Subscription);
    else this.written(flow, before?.subscription, after.subscription);
  }

  /** What is wrong once nothing happens any more. */
  atEnd(current: (name: string) => Subscription | undefined): string[] {
    return [...this.mistakes, ...[...this.flows.values()].flatMap((flow) => this.mistakesOf(flow, current(flow.name)))];
  }

  private removed(name: string, { registration, health }: Subscription): void {
    const now = this.clock();
    const sentAt = this.deletions.get(registration?.idHash ?? '') ?? Infinity;
    const hasEnded = health?.endsAt !== undefined && now >= sentAt + GRACE_MS;
    if (hasEnded || now >= (health?.retireAt ?? Infinity)) return;
    this.mistakes.push(`LOST: ${name} was removed before the grace of its registration ended`);
  }

  private written(flow: RegisteredFlow, before: Subscription | undefined, after: Subscription): void {
    const { name } = flow;
    const { uid, generation, registration, health } = after;
    if (before && before.uid !== uid) this.mistakes.push(`LOST: a save canceled what waits for ${name}`);
    const ends = health?.endsAt !== undefined && before?.health?.endsAt === undefined;
    if (ends && !this.deletions.has(registration?.idHash ?? '')) {
      this.mistakes.push(`LOST: the registration of ${name} ends, and no DELETE had its id`);
    }
    if (before?.generation === generation) return;
    const version = flow.versionOf(openedUrl(after.flow) ?? '');
    if (version === undefined) this.mistakes.push(`UNOWED: ${name} has the callback of another flow`);
    else if (version < (this.newest.get(name) ?? 0)) this.mistakes.push(`LOST: ${name} has an old callback again`);
    this.newest.set(name, version ?? 0);
  }

  private mistakesOf(flow: RegisteredFlow, current: Subscription | undefined): string[] {
    const { name, isOn, location, isDoubled, endedAt } = flow;
    if (!isOn) {
      const isLeft = current && endedAt !== undefined && !isDoubled;
      return isLeft ? [`LEAKED: ${name} unregistered, and its subscription is left`] : [];
    }
    if (location === undefined) return [`STUCK: ${name} is on and could not register`];
    if (!current) return [`LOST: ${name} is on, and its registration is gone`];
    const { health, registration, flow: source, definition } = current;
    const { segment, measure, dataSource, level } = flow.values;
    const { filter, threshold } = definition;
    const isCurrent = isDoubled || registration?.idHash === hashOfLocation(location);
    const isAsSaved =
      filter.segment === segment &&
      filter.measure === measure &&
      filter.dataSource === dataSource &&
      (threshold && 'value' in threshold ? threshold.value : undefined) === level;
    return [
      ...(health?.endsAt === undefined ? [] : [`LOST: ${name} is on, and its registration ends`]),
      ...(openedUrl(source) === flow.url ? [] : [`LOST: ${name} is on, and an old callback is registered`]),
      ...(isCurrent ? [] : [`LOST: ${name} is on, and its newest Location is not the current one`]),
      ...(isAsSaved ? [] : [`LOST: ${name} has the fields ${JSON.stringify(flow.values)}, and not its subscription`]),
    ];
  }
}
