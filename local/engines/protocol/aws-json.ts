/** An error of the AWS JSON protocols, sent as `__type` and `message`. The default HTTP status is 400. */
export class AwsError extends Error {
  constructor(
    readonly type: string,
    message: string,
    readonly status = 400,
    /** Further members of the response. */
    readonly members: Readonly<Record<string, unknown>> = {},
    /** Further headers of the response, of services with a server of their own. */
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(message);
    this.name = type;
  }
}

/** An operation of an AWS JSON 1.1 service, from the parsed request body to the response body. Throws `AwsError`. */
export type AwsOperation = (input: Record<string, unknown>) => Promise<object> | object;
