/** Runs up to `limit` calls at a time. The others wait in their order. */
export function limited<Item, Result>(
  limit: number,
  run: (item: Item) => Promise<Result>,
): (item: Item) => Promise<Result> {
  let running = 0;
  const waiting: (() => void)[] = [];
  return async (item) => {
    // A call that ends hands its place over, so that no other call takes it.
    if (running === limit) await new Promise<void>((start) => waiting.push(start));
    else running++;
    try {
      return await run(item);
    } finally {
      const start = waiting.shift();
      if (start) start();
      else running--;
    }
  };
}
