/** A mistake of the user's, or a limit of the local run: its message is all that a person needs, without a stack trace. */
export class UserError extends Error {
  override readonly name: string = 'UserError';
}
