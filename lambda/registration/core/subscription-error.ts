/** The subscription is invalid. */
export class SubscriptionError extends Error {
  override readonly name = 'SubscriptionError';
}
