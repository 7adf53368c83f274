import type { Expectation, SubscriptionDefinition } from '../../../lambda/subscriptions/core/subscription';
import type { Version } from './versions';

const MINUTE = 60_000;
/** Longest time until the index of subscriptions shows a change: refreshes from before can be unknown. */
const INDEX_LAG_MS = MINUTE;
/** Time in which a schedule that keeps failing, and delayed events, are processed. */
const SLACK_MS = 2 * 60 * MINUTE;

/** A refresh that a producer put on the bus. */
interface Refresh {
  readonly subject: string;
  readonly end: number;
  readonly putAt: number;
  readonly isSuccess: boolean;
  readonly isOutcome: boolean;
  /** When a function had processed it for the first time. */
  doneAt: number;
}

/** An expectation from one change of its subscription to the next. */
interface Reign {
  readonly name: string;
  readonly uid: string;
  readonly expectation: Expectation;
  readonly subject: string;
  readonly from: number;
  /** When its registration had completed. */
  registeredAt: number;
  to: number;
  readonly events: Map<string, { readonly expectedBy: number; readonly decidedAt: number; readonly state: string }>;
}

/** What an expectation is about. */
const subjectOf = ({ filter: { dataSource, segment, measure } }: SubscriptionDefinition): string =>
  String(dataSource ?? segment ?? measure);

/**
 * Overdue refreshes (docs/expectations.md, "Every …"). A missed expectation fires once; a refresh that was processed before the
 * decision meets it. What happens at the same time as the decision can go either way.
 */
export class ExpectationModel {
  private readonly reigns: Reign[] = [];
  private readonly refreshes = new Map<string, Refresh>();
  private readonly wrong: string[] = [];

  constructor(private readonly clock: () => number) {}

  changed(next: Version | undefined, name: string): void {
    const last = this.reigns.findLast((reign) => reign.name === name);
    const { definition, uid = '' } = next?.subscription ?? {};
    const subject = definition && subjectOf(definition);
    const isSame = (one: Reign) =>
      one.uid === uid &&
      one.subject === subject &&
      JSON.stringify(one.expectation) === JSON.stringify(definition?.expectation);
    if (last?.to === Infinity) {
      if (isSame(last)) return;
      last.to = this.clock();
    }
    if (!definition?.expectation || subject === undefined) return;
    const { expectation } = definition;
    this.reigns.push({
      name,
      uid,
      expectation,
      subject,
      from: this.clock(),
      registeredAt: Infinity,
      to: Infinity,
      events: new Map(),
    });
  }

  /** An operator completed the registration of a subscription. */
  registered(name: string): void {
    const last = this.reigns.findLast((reign) => reign.name === name);
    if (last) last.registeredAt = Math.min(last.registeredAt, this.clock());
  }

  /** @param key the same for duplicates. */
  refreshPut(key: string, detail: Readonly<Record<string, unknown>>): void {
    if (this.refreshes.has(key)) return;
    const { dataSource, segment, measure, endedAt, observedAt, status = 'Successful', willRetry } = detail;
    const reported = Date.parse(String(endedAt ?? observedAt));
    this.refreshes.set(key, {
      subject: String(dataSource ?? segment ?? measure),
      end: Math.min(reported, this.clock()),
      putAt: this.clock(),
      isSuccess: status === 'Successful',
      isOutcome: ['Successful', 'Failed', 'Failure', 'TimedOut'].includes(String(status)) && !willRetry,
      doneAt: Infinity,
    });
  }

  processed(key: string): void {
    const refresh = this.refreshes.get(key);
    if (refresh) refresh.doneAt = Math.min(refresh.doneAt, this.clock());
  }

  /** @param readAt when the invocation that put the event first read the subscription, epoch milliseconds. */
  eventPut(detail: Readonly<Record<string, unknown>>, readAt: number): void {
    const { subscription, uid, overdueId, state, expectedBy, decidedAt } = detail;
    const event = { expectedBy: Date.parse(String(expectedBy)), decidedAt: Date.parse(String(decidedAt)) };
    const reign = this.reigns.findLast(
      (one) => one.name === subscription && one.uid === uid && one.from <= event.decidedAt,
    );
    if (!reign) {
      this.wrong.push(`UNOWED: ${subscription} is overdue, and has no expectation`);
      return;
    }
    const { every } = reign.expectation.rhythm as { every: number };
    const { grace } = reign.expectation;
    // Until an edit is registered, the expectation can be that of before.
    const isEdited = event.decidedAt < reign.registeredAt;
    const alsoWhenBack = this.reigns.some(
      (one) =>
        (one === reign || (isEdited && one.name === subscription && one.uid === uid)) && one.expectation.alsoWhenBack,
    );
    const about = `${subscription}: ${state} by ${expectedBy}`;
    const same = [...reign.events].find(([, one]) => one.expectedBy === event.expectedBy && one.state === state);
    if (same && same[0] !== overdueId) this.wrong.push(`TWICE: ${about}`);
    reign.events.set(String(overdueId), { ...event, state: String(state) });
    const deciding = this.deciding(reign, event.decidedAt, readAt);
    const graces = [grace, ...deciding.map((one) => one.expectation.grace)];
    if (event.decidedAt < event.expectedBy + Math.min(...graces)) this.wrong.push(`UNOWED: ${about}, before its time`);
    if (state === 'Recovered' && !alsoWhenBack) this.wrong.push(`UNOWED: ${about}, without alsoWhenBack`);
    const met = this.of(reign).find(
      ({ end, putAt, doneAt }) =>
        end > event.expectedBy - every && putAt > reign.registeredAt + INDEX_LAG_MS && doneAt < event.decidedAt,
    );
    // The refresh that ends it is known before it is back.
    if (state === 'Overdue' && met && met.doneAt < event.expectedBy + grace)
      this.wrong.push(`UNOWED: ${about}, although a refresh ended at ${new Date(met.end).toISOString()}`);
    if (!deciding.some((one) => this.expects(one, event.expectedBy)))
      this.wrong.push(`UNOWED: ${about}, which nothing expects`);
  }

  /**
   * The expectations that a decision can be about. Until an edit is registered, it can be about that of before. The subscriptions
   * are read after a decision, and before each time that it is sent. So none is about one that was removed by then, or that
   * expects another subject.
   */
  private deciding({ name, uid }: Reign, decidedAt: number, readAt: number): Reign[] {
    const all = this.reigns.filter((one) => one.name === name && one.uid === uid);
    return all.filter(({ from, to, subject }, n) => {
      const next = all[n + 1];
      const isEdited = next !== undefined && next.subject === subject;
      const isOver = isEdited
        ? to < decidedAt - MINUTE && next.registeredAt < decidedAt
        : to < Math.max(decidedAt, readAt);
      return from <= decidedAt + MINUTE && !isOver;
    });
  }

  /** Whether an interval of an expectation ends at a time: it begins with a refresh, or with the change of the subscription. */
  private expects(reign: Reign, expectedBy: number): boolean {
    const begin = expectedBy - (reign.expectation.rhythm as { every: number }).every;
    const isAtChange = begin >= reign.from && begin <= reign.registeredAt;
    return isAtChange || this.of(reign).some(({ end }) => end === begin);
  }

  mistakes(): string[] {
    return [...this.wrong, ...this.reigns.flatMap((reign) => this.missing(reign))];
  }

  /** Expectations that were missed without doubt, and not reported. */
  private missing(reign: Reign): string[] {
    const { name, expectation, registeredAt, to } = reign;
    const { every } = expectation.rhythm as { every: number };
    const all = this.of(reign).toSorted((a, b) => a.end - b.end);
    const known = all.filter(({ putAt }) => putAt > registeredAt + INDEX_LAG_MS);
    return known.flatMap(({ end, doneAt }) => {
      const due = end + every + expectation.grace;
      const isDisturbed = all.some((one) => one.end > end && one.putAt < due + SLACK_MS);
      if (isDisturbed || doneAt > due || to < due + SLACK_MS) return [];
      const isReported = [...reign.events.values()].some(
        ({ expectedBy, state }) => expectedBy === end + every && state === 'Overdue',
      );
      return isReported
        ? []
        : [`LOST: ${name} is overdue by ${new Date(end + every).toISOString()}, and no event says so`];
    });
  }

  /** The refreshes that count for an expectation. */
  private of({ subject, expectation }: Reign): Refresh[] {
    const counts = ({ isSuccess, isOutcome }: Refresh) => (expectation.anyOutcome ? isOutcome : isSuccess);
    return [...this.refreshes.values()].filter((one) => one.subject === subject && counts(one));
  }
}
