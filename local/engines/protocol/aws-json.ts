/** An error as the AWS JSON protocols answer it: `__type` and `message`, HTTP status 400 unless told otherwise. */
export class AwsError extends Error {
  constructor(
    readonly type: string,
    message: string,
    readonly status = 400,
  ) {
    super(message);
    this.name = type;
  }
}

/** An operation of an AWS JSON 1.1 service: parsed request body in, response body out. Throws `AwsError`. */
export type AwsOperation = (input: Record<string, unknown>) => Promise<object> | object;
