/** Limits of one request of a batch API. */
export interface RequestLimits {
  readonly entries: number;
  /** Total size of a request's entries. An entry that exceeds it gets a request of its own. */
  readonly bytes: number;
}

/**
 * Divides entries into requests and keeps their order.
 * @param bytesOf size of an entry as the service counts it.
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
