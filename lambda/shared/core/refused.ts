/** A service rejects a request permanently: a retry fails, too. */
export class RefusedError extends Error {
  override readonly name = 'RefusedError';
}
