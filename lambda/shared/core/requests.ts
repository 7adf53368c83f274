/** What one request of a batch API carries. */
export interface RequestLimits {
  readonly entries: number;
  /** All entries of a request together have at most so many bytes; one that has more by itself goes alone. */
  readonly bytes: number;
}

/**
 * Divides entries into requests, in their order.
 * @param bytesOf size of an entry as its service counts it.
 */
export function requestsOf<Entry>(
  entries: readonly Entry[],
  bytesOf: (entry: Entry) => number,
  limits: RequestLimits,
): Entry[][] {
  const requests: Entry[][] = [];
  let request: Entry[] = [];
  let bytes = 0;
  for (const entry of entries) {
    const size = bytesOf(entry);
    if (request.length === limits.entries || bytes + size > limits.bytes) {
      request = [];
      bytes = 0;
    }
    if (request.length === 0) requests.push(request);
    request.push(entry);
    bytes += size;
  }
  return requests;
}
