import { randomFrom } from '../../support/memory/interleaving';

/** Random choices that depend only on a seed. Every purpose has a stream of its own, so that one does not move another. */
export class Chance {
  private readonly next: () => number;

  constructor(private readonly seed: string) {
    this.next = randomFrom(hashText(seed));
  }

  of(purpose: string): Chance {
    return new Chance(`${this.seed}/${purpose}`);
  }

  /** 0 to 1. */
  readonly number = (): number => this.next();

  is(probability: number): boolean {
    return probability > 0 && this.next() < probability;
  }

  /** A whole number from `low` to `high`. */
  between(low: number, high: number): number {
    return low + Math.floor(this.next() * (high - low + 1));
  }

  /** Most results are near `low`, few near `high`. */
  mostlySmall(low: number, high: number): number {
    return low + Math.floor(this.next() ** 6 * (high - low + 1));
  }

  among<T>(list: readonly T[]): T {
    return list[Math.floor(this.next() * list.length)] as T;
  }
}

/** No choice is random, because an explorer makes the choices: no fault, no latency, the first of each list. */
export class NoChance extends Chance {
  override readonly number = (): number => 0;

  /** @param delays latency by purpose, milliseconds. Others: 0. */
  constructor(
    private readonly delays: Readonly<Record<string, number>> = {},
    private readonly delay = 0,
  ) {
    super('');
  }

  override of(purpose: string): Chance {
    return new NoChance({}, this.delays[purpose]);
  }

  override is(): boolean {
    return false;
  }

  override between(low: number): number {
    return low;
  }

  override mostlySmall(): number {
    return this.delay;
  }

  override among<T>(list: readonly T[]): T {
    return list[0] as T;
  }
}

/** FNV-1a, 32 bits. */
export function hashText(text: string, start = 0x811c9dc5): number {
  let hash = start;
  for (let n = 0; n < text.length; n++) hash = Math.imul(hash ^ text.charCodeAt(n), 0x01000193);
  return hash >>> 0;
}
