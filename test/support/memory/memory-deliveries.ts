import type { Attempt, DeliveryMessage, DeliveryStatus } from '../../../lambda/delivery/core/delivery';
import { afterAcceptance, type Outcome, placeOf } from '../../../lambda/delivery/core/outcomes/outcome';
import type {
  DeathNotice,
  DeliveryKey,
  DeliveryReader,
  DeliveryStore,
  Lease,
  OutcomeStore,
  RateLimiter,
} from '../../../lambda/delivery/core/ports';
import type { Gate } from './memory';

export interface MemoryRow extends DeliveryKey {
  status: DeliveryStatus;
  n: number;
  acceptedAt: number;
  lease?: Lease;
  attempts: readonly Attempt[];
  notice?: DeathNotice;
  /** When the delivery died last, epoch milliseconds. */
  diedAt?: number;
  /** In the index of unpublished deaths. */
  unannounced?: boolean;
  uid: string;
  trigger: DeliveryMessage['event']['trigger'];
  outcome?: Outcome;
  /** Hashes of outcome links. */
  links: readonly string[];
}

/**
 * The Deliveries table as a map with the conditions of the real table. A lease ends when its worker is no longer alive, not
 * by time, because the test's clock jumps.
 */
export class MemoryDeliveries {
  readonly rows = new Map<string, MemoryRow>();
  /** The sparse index: rows that are not delivered or canceled. */
  private readonly open = new Map<string, MemoryRow>();
  /** Notices of all written deaths. */
  readonly deaths: DeathNotice[] = [];
  readonly payloads = new Map<string, DeliveryMessage>();
  /** Held rows in an index that lags. Undefined if it does not lag. */
  staleHeld: MemoryRow[] | undefined;

  constructor(private readonly isAlive: (leaseOwner: string) => boolean) {}

  store(gate: Gate): DeliveryStore & DeliveryReader & { unannounced(before: number): Promise<DeliveryKey[]> } {
    const step = async <T>(name: string, act: () => T): Promise<T> => {
      await gate(`before ${name}`);
      const result = act();
      await gate(`after ${name}`);
      return typeof result === 'object' ? structuredClone(result) : result;
    };
    const of = (name: string) => (row: MemoryRow) => row.subscription === name;
    const id = ({ subscription, eventId }: DeliveryKey) => `${subscription} ${eventId}`;
    const mine = (key: DeliveryKey, lease: Lease, change: Partial<MemoryRow>): boolean => {
      const row = this.rows.get(id(key));
      if (row?.lease?.owner !== lease.owner) return false;
      const links = row.links.filter((hash) => hash !== lease.unsentLink);
      this.put(id(key), { ...row, lease: undefined, links, ...change });
      return true;
    };
    return {
      claim: (message, lease) =>
        step('claim', () => {
          const { subscription, event, n, replay, acceptedAt } = message;
          const key = { subscription, eventId: event.eventId };
          const row = this.rows.get(id(key));
          const take = (attempts: readonly Attempt[]) => {
            const { uid, event } = message;
            const before = row ?? { ...key, acceptedAt, attempts, uid, trigger: event.trigger, links: [] };
            const links = [...new Set([...before.links, ...(lease.unsentLink ? [lease.unsentLink] : [])])];
            this.put(id(key), { ...before, status: 'pending', n, lease, links });
            return { attempts, notice: row?.notice };
          };
          if (!row) return take([]);
          const open = ['pending', 'held'].includes(row.status);
          const free = !row.lease || !this.isAlive(row.lease.owner);
          if (open && free && (row.n < n || (row.status === 'pending' && row.n === n))) return take(row.attempts);
          if (!open && replay && row.n < n) return take(row.attempts);
          if (row.status === 'held' && n === row.n) return 'held';
          if (row.status === 'delivered' && n === row.n) return 'delivered';
          return !open || n < row.n ? 'done' : 'busy';
        }),
      finish: (key, lease, status, attempts, now, { notice, awaited } = {}) =>
        step('finish', () => {
          const diedAt = status === 'dead' ? now : undefined;
          const early = this.rows.get(id(key))?.outcome;
          const outcome = early && status === 'delivered' ? afterAcceptance(early, awaited) : (early ?? awaited);
          const unannounced = notice !== undefined;
          const ended = mine(key, lease, { status, attempts, notice, diedAt, unannounced, outcome });
          if (ended && notice) this.deaths.push(notice);
          return ended;
        }),
      reschedule: (key, lease, n, attempts) =>
        step('reschedule', () => void mine(key, lease, { n, attempts, unannounced: false })),
      hold: ({ subscription, event }, lease, attempts) =>
        step('hold', () =>
          mine({ subscription, eventId: event.eventId }, lease, { status: 'held', attempts, unannounced: false }),
        ),
      keepPayload: (message) =>
        step('keepPayload', () => {
          const { subscription, event } = message;
          this.payloads.set(id({ subscription, eventId: event.eventId }), structuredClone(message));
        }),
      clearNotice: (key, { since, attempts }) =>
        step('clearNotice', () => {
          const row = this.rows.get(id(key));
          if (!row?.unannounced || row.notice?.since !== since || row.notice?.attempts !== attempts) return;
          this.put(id(key), { ...row, notice: undefined, unannounced: false });
        }),
      find: (key) =>
        step('find', () => {
          const row = this.rows.get(id(key));
          return row && { ...pick(row), message: this.payloads.get(id(key)) };
        }),
      held: (name) => step('held', () => (this.staleHeld ?? this.heldNow()).filter(of(name))),
      dead: (name) =>
        step('dead', () =>
          [...this.open.values()]
            .filter(of(name))
            .flatMap(({ status, diedAt, ...row }) => (status === 'dead' ? [{ ...row, diedAt: diedAt as number }] : []))
            .sort((a, b) => a.diedAt - b.diedAt),
        ),
      oldestPending: () =>
        step('oldestPending', () => {
          const tried = [...this.open.values()].filter(({ status, n }) => status === 'pending' && n > 0);
          const first = tried.flatMap(({ attempts }) => attempts.slice(0, 1)).map(({ at }) => at);
          return first.length > 0 ? Math.min(...first) : undefined;
        }),
      unannounced: () => step('unannounced', () => [...this.open.values()].filter(({ unannounced }) => unannounced)),
    };
  }

  outcomes(gate: Gate): OutcomeStore & { due(now: number): Promise<DeliveryKey[]> } {
    const step = async <T>(name: string, act: () => T): Promise<T> => {
      await gate(`before ${name}`);
      const result = act();
      await gate(`after ${name}`);
      return structuredClone(result);
    };
    const id = ({ subscription, eventId }: DeliveryKey) => `${subscription} ${eventId}`;
    return {
      read: (key) => step('read outcome', () => this.rows.get(id(key))),
      write: (key, read, outcome) =>
        step('write outcome', () => {
          const row = this.rows.get(id(key));
          const isSame = row?.outcome?.state === read.outcome?.state && row?.outcome?.untold === read.outcome?.untold;
          if (!row || row.status !== read.status || !isSame) return false;
          this.rows.set(id(key), { ...row, outcome });
          return true;
        }),
      due: (now) =>
        step('due outcomes', () =>
          [...this.rows.values()].filter(({ status, outcome }) => {
            const place = outcome && placeOf(outcome);
            return status === 'delivered' && place?.partition === 'due' && place.since <= now;
          }),
        ),
    };
  }

  heldNow(): MemoryRow[] {
    return [...this.open.values()].filter(({ status }) => status === 'held');
  }

  private put(id: string, row: MemoryRow): void {
    this.rows.set(id, row);
    if (row.status === 'delivered' || row.status === 'canceled') this.open.delete(id);
    else this.open.set(id, row);
  }
}

const pick = ({ status, n, notice, acceptedAt }: MemoryRow) => ({ status, n, notice, acceptedAt });

/** Books calls like the real table, with one theoretical arrival time per subscription. */
export class MemoryCallBook {
  private readonly arrivals = new Map<string, number>();

  book(gate: Gate): RateLimiter {
    return {
      book: async (subscription, { interval, tolerance }, now) => {
        await gate('before book');
        const arrival = Math.max(this.arrivals.get(subscription) ?? 0, now);
        this.arrivals.set(subscription, arrival + interval);
        await gate('after book');
        return Math.max(now, Math.ceil(arrival - tolerance));
      },
    };
  }
}
