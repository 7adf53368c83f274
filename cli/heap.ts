import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Bytes of heap from which on it is collected. */
const LIMIT = 80_000_000;

type Collect = (how: { readonly type: 'major'; readonly execution: 'sync'; readonly flavor: 'last-resort' }) => void;

/**
 * Gives a function that returns unused heap to the system when there is much of it. V8 sizes the heap of a busy process for
 * speed: a command that holds 20 MB grew to 300 MB, nearly all garbage. Its limits can be set only when the process starts.
 */
export function heapTrimmer(): () => void {
  let collect: Collect | undefined;
  let limit = LIMIT;
  return () => {
    if (getHeapStatistics().total_heap_size < limit) return;
    collect ??= exposedCollect();
    collect({ type: 'major', execution: 'sync', flavor: 'last-resort' });
    // A heap that is in use must not be collected again and again.
    limit = Math.max(LIMIT, 2 * getHeapStatistics().total_heap_size);
  };
}

/** A new context has `gc` once the flag is set (Node.js documentation, `v8.setFlagsFromString`). */
function exposedCollect(): Collect {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as Collect;
  setFlagsFromString('--no-expose-gc');
  return collect;
}
