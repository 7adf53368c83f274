/** Keys of a chunk. Half of it moves at an insertion, so a small chunk keeps insertions cheap in large maps. */
const MAX_CHUNK = 256;

interface Chunk<Value> {
  readonly keys: string[];
  readonly values: Value[];
}

/** Where a range begins or ends. */
export interface Bound {
  readonly key: string;
  readonly inclusive: boolean;
}

/** A map in the order of its keys' code units. Must not change during an iteration. */
export class SortedMap<Value> {
  private readonly chunks: Chunk<Value>[] = [];
  size = 0;

  get(key: string): Value | undefined {
    const chunk = this.chunks[this.chunkOf(key)];
    const at = chunk && firstAtLeast(chunk.keys, key);
    return at !== undefined && chunk?.keys[at] === key ? chunk.values[at] : undefined;
  }

  set(key: string, value: Value): void {
    const index = Math.min(this.chunkOf(key), this.chunks.length - 1);
    const chunk = this.chunks[index];
    if (!chunk) {
      this.chunks.push({ keys: [key], values: [value] });
      this.size = 1;
      return;
    }
    const at = firstAtLeast(chunk.keys, key);
    if (chunk.keys[at] === key) {
      chunk.values[at] = value;
      return;
    }
    chunk.keys.splice(at, 0, key);
    chunk.values.splice(at, 0, value);
    this.size++;
    if (chunk.keys.length <= MAX_CHUNK) return;
    // Keys that arrive in order leave full chunks behind.
    const from = at === chunk.keys.length - 1 ? at : chunk.keys.length >> 1;
    this.chunks.splice(index + 1, 0, { keys: chunk.keys.splice(from), values: chunk.values.splice(from) });
  }

  delete(key: string): void {
    const index = this.chunkOf(key);
    const chunk = this.chunks[index];
    const at = chunk && firstAtLeast(chunk.keys, key);
    if (!chunk || at === undefined || chunk.keys[at] !== key) return;
    chunk.keys.splice(at, 1);
    chunk.values.splice(at, 1);
    this.size--;
    if (chunk.keys.length === 0) this.chunks.splice(index, 1);
  }

  /** The entries between two bounds, in order or reversed. */
  *range(low?: Bound, high?: Bound, reversed = false): Generator<readonly [key: string, value: Value]> {
    const [first, end] = [this.position(low, true), this.position(high, false)];
    const step = reversed ? -1 : 1;
    const last = reversed ? first.chunk : end.chunk;
    for (let index = reversed ? end.chunk : first.chunk; (last - index) * step >= 0; index += step) {
      const chunk = this.chunks[index];
      if (!chunk) continue;
      const from = index === first.chunk ? first.at : 0;
      const to = index === end.chunk ? end.at : chunk.keys.length;
      for (let n = 0; n < to - from; n++) {
        const at = reversed ? to - 1 - n : from + n;
        yield [chunk.keys[at] as string, chunk.values[at] as Value];
      }
    }
  }

  /** The first entry inside a range, or the first one after it. */
  private position(bound: Bound | undefined, isLow: boolean): { readonly chunk: number; readonly at: number } {
    if (!bound) return isLow ? { chunk: 0, at: 0 } : { chunk: this.chunks.length, at: 0 };
    const chunk = this.chunkOf(bound.key);
    const keys = this.chunks[chunk]?.keys ?? [];
    const at = firstAtLeast(keys, bound.key);
    const skips = keys[at] === bound.key && bound.inclusive !== isLow;
    return { chunk, at: skips ? at + 1 : at };
  }

  /** The chunk that has the key or is the place for it; the number of chunks if it is greater than all keys. */
  private chunkOf(key: string): number {
    let [low, high] = [0, this.chunks.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      const keys = (this.chunks[middle] as Chunk<Value>).keys;
      if ((keys[keys.length - 1] as string) < key) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** Index of the first key that is not less. */
function firstAtLeast(keys: readonly string[], key: string): number {
  let [low, high] = [0, keys.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((keys[middle] as string) < key) low = middle + 1;
    else high = middle;
  }
  return low;
}
