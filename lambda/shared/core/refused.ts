/** A service refused for good what a message leads to: sent again, it would be refused again. */
export class RefusedError extends Error {
  override readonly name = 'RefusedError';
}
