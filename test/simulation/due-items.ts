import type { Item } from './aws/expressions';

/** When the schedules find work: the times in the items that their queries look for. */
export class DueItems {
  private readonly times = new Map<string, number>();

  written(table: string, before: Item | undefined, after: Item | undefined): void {
    const { pk, sk } = (after ?? before) as Item;
    const key = `${table} ${pk} ${sk}`;
    const time = after && dueOf(after);
    if (time === undefined) this.times.delete(key);
    else this.times.set(key, time);
  }

  /** The earliest time, epoch milliseconds. Undefined: none. */
  get next(): number | undefined {
    let next: number | undefined;
    for (const time of this.times.values()) if (next === undefined || time < next) next = time;
    return next;
  }
}

function dueOf({ due, open, openSince }: Item): number | undefined {
  if (open === 'outcome-due') return Number(openSince);
  // Its worker announces the death, or a schedule does soon.
  if (open === 'unannounced') return 0;
  return due === undefined ? undefined : Number(due);
}
