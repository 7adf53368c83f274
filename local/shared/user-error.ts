/** A user's mistake or a limit of the local run. The message is sufficient without a stack trace. */
export class UserError extends Error {
  override readonly name: string = 'UserError';
}

/** An error in a template, or a template feature that the local run does not implement. The message names the place. */
export class TemplateError extends UserError {
  override readonly name: string = 'TemplateError';

  constructor(where: string, what: string) {
    super(`${where}: ${what}`);
  }
}
