import type { Result } from './episode';
import { hashText } from './world/chance';

/** Kinds of mistakes, by the first word of their texts. */
const CATEGORIES = {
  lost: /^LOST/,
  unowed: /^(UNOWED|TWICE|PAUSED|OVERLOAD)/,
  stuck: /^(STUCK|LATE|SILENT)/,
  leaked: /^LEAKED/,
};

/** Sums of the results of all episodes, added in the order of the episodes. */
export class Totals {
  episodes = 0;
  events = 0;
  steps = 0;
  elapsedMs = 0;
  hash = 0x811c9dc5;
  readonly faults: Record<string, number> = {};
  readonly counts: Record<string, number> = {};
  readonly mistakes: string[] = [];

  add({ events, steps, elapsedMs, hash, faults, counts, mistakes }: Result): void {
    this.episodes++;
    this.events += events;
    this.steps += steps;
    this.elapsedMs += elapsedMs;
    this.hash = hashText(hash, this.hash);
    for (const [name, count] of Object.entries(faults)) this.faults[name] = (this.faults[name] ?? 0) + count;
    for (const [name, count] of Object.entries(counts)) this.counts[name] = (this.counts[name] ?? 0) + count;
    this.mistakes.push(...mistakes);
  }

  /** One line of progress. */
  get progress(): string {
    const faults = Object.values(this.faults).reduce((sum, count) => sum + count, 0);
    return `${this.events} events, ${this.counts.deliveries} deliveries, ${faults} faults, ${this.simulatedDays} days`;
  }

  get summary(): Readonly<Record<string, unknown>> {
    const found = Object.entries(CATEGORIES).map(([name, pattern]) => [
      name,
      this.mistakes.filter((mistake) => pattern.test(mistake)).length,
    ]);
    return {
      ...{ episodes: this.episodes, events: this.events, steps: this.steps },
      simulatedDays: this.simulatedDays,
      ...Object.fromEntries(found),
      outcomes: this.counts,
      faults: this.faults,
      traceHash: this.hash.toString(16).padStart(8, '0'),
    };
  }

  private get simulatedDays(): number {
    return Math.round(this.elapsedMs / 86_400_000);
  }
}
