/**
 * Runs `act` on all items, up to `size` concurrently.
 * @param take receives each result, in the order of the items.
 */
export async function inSlices<T, R>(
  items: Iterable<T> | AsyncIterable<T>,
  size: number,
  act: (item: T) => Promise<R>,
  take: (item: T, result: R) => void = () => {},
): Promise<void> {
  let slice: T[] = [];
  const run = async () => {
    const results = await Promise.all(slice.map(act));
    for (const [n, item] of slice.entries()) take(item, results[n] as R);
    slice = [];
  };
  for await (const item of items) {
    slice.push(item);
    if (slice.length === size) await run();
  }
  await run();
}
