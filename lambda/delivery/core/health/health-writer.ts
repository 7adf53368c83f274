import type { Health } from '../../../subscriptions/core/health';
import type { HealthStore } from '../../../subscriptions/core/ports';
import type { Subscription } from '../../../subscriptions/core/subscription';

/** Gives the next health, or undefined to leave it as it is. Called again with the newer state after a lost race. */
export type DecideHealth = (current: Subscription) => Health | undefined;

/** The subscription right after a change, and whether that change wrote anything. */
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
 * One worker's changes of health. Changes of one subscription apply in the order of their calls, each to the state that
 * the one before left. Changes that arrive during a write share the next write. Make one for each batch.
 */
export class HealthChanges {
  /** By uid. A list is here while a write is under way. */
  private readonly waiting = new Map<string, Change[]>();
  private readonly latest = new Map<string, Subscription>();

  constructor(private readonly subscriptions: HealthStore) {}

  /** Whether this worker has changed, or is changing, the health of the subscription. */
  hasChanged({ uid }: Subscription): boolean {
    return this.latest.has(uid) || this.waiting.has(uid);
  }

  /**
   * Changes a subscription's health; after a lost race, reads it again and decides again.
   * @param read the subscription as it was read before.
   * @returns undefined when the subscription was deleted, or created again under its name.
   * @throws what the store throws: then none of the changes that shared the write is known to be written.
   */
  change(read: Subscription, decide: DecideHealth): Promise<ChangedHealth | undefined> {
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
      // A read that changed nothing tells nothing newer than the next message's own read.
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

/** The newer of two states. An edit starts the versions of health again, so the generation decides first. */
function newer(a: Subscription | undefined, b: Subscription | undefined): Subscription | undefined {
  if (!a || !b) return a ?? b;
  if (a.generation !== b.generation) return a.generation > b.generation ? a : b;
  return (a.health?.version ?? 0) >= (b.health?.version ?? 0) ? a : b;
}
