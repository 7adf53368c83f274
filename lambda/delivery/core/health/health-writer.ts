import type { Health } from '../../../subscriptions/core/health';
import type { HealthStore } from '../../../subscriptions/core/ports';
import type { Subscription } from '../../../subscriptions/core/subscription';

/** Returns the next health, or undefined for no change. Called again with the newer state after a lost race. */
export type DecideHealth = (current: Subscription) => Health | undefined;

/** The subscription directly after a change, and whether that change wrote anything. */
export interface ChangedHealth {
  readonly current: Subscription;
  readonly changed: boolean;
}

interface Change {
  readonly read: Subscription;
  readonly decide: DecideHealth;
  readonly resolve: (changed: ChangedHealth | undefined) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Serializes one worker's health changes. Changes of one subscription apply in the order of their calls, each to the
 * result of the previous one. Changes that arrive during a write share the next write. Create one instance per batch.
 */
export class HealthWriter {
  /** By uid. An entry exists while a write is in progress. */
  private readonly waiting = new Map<string, Change[]>();
  private readonly latest = new Map<string, Subscription>();

  constructor(private readonly subscriptions: HealthStore) {}

  /** Whether this worker has changed, or is changing, the subscription's health. */
  hasUpdated({ uid }: Subscription): boolean {
    return this.latest.has(uid) || this.waiting.has(uid);
  }

  /**
   * Changes a subscription's health. After a lost race, reads the subscription and calls `decide` again.
   * @param read the subscription as the caller read it.
   * @returns undefined if the subscription was deleted, or deleted and recreated.
   * @throws the store's error. It is then unknown whether any change that shared the write was written.
   */
  update(read: Subscription, decide: DecideHealth): Promise<ChangedHealth | undefined> {
    return new Promise((resolve, reject) => {
      const change: Change = { read, decide, resolve, reject };
      const queue = this.waiting.get(read.uid);
      if (queue) {
        queue.push(change);
        return;
      }
      this.waiting.set(read.uid, [change]);
      void this.writeAll(read.uid);
    });
  }

  private async writeAll(uid: string): Promise<void> {
    for (let changes = this.next(uid); changes.length > 0; changes = this.next(uid)) {
      try {
        const outcomes = await this.write(changes);
        for (const [n, { resolve }] of changes.entries()) resolve(outcomes?.[n]);
      } catch (error) {
        this.latest.delete(uid);
        for (const { reject } of changes) reject(error);
      }
    }
    this.waiting.delete(uid);
  }

  private next(uid: string): Change[] {
    return this.waiting.get(uid)?.splice(0) ?? [];
  }

  private async write(changes: readonly Change[]): Promise<ChangedHealth[] | undefined> {
    const { uid, definition } = (changes[0] as Change).read;
    const newest = [this.latest.get(uid), ...changes.map(({ read }) => read)].reduce(newer);
    for (let start = newest; start?.uid === uid; start = await this.subscriptions.read(definition.name)) {
      const outcomes = inOrder(start, changes);
      const last = outcomes.findLast(({ changed }) => changed)?.current;
      if (last?.health && !(await this.subscriptions.writeHealth(start, last.health))) continue;
      // Without a write, the next message's own read is at least as new.
      if (last) this.latest.set(uid, last);
      return outcomes;
    }
    this.latest.delete(uid);
    return undefined;
  }
}

function inOrder(start: Subscription, changes: readonly Change[]): ChangedHealth[] {
  let current = start;
  return changes.map(({ decide }) => {
    const health = decide(current);
    if (health) current = { ...current, health };
    return { current, changed: health !== undefined };
  });
}

/** The newer of two states. An edit restarts the health versions, so the generation is compared first. */
function newer(a: Subscription | undefined, b: Subscription | undefined): Subscription | undefined {
  if (!a || !b) return a ?? b;
  if (a.generation !== b.generation) return a.generation > b.generation ? a : b;
  return (a.health?.version ?? 0) >= (b.health?.version ?? 0) ? a : b;
}
