/** A request to the API, after API Gateway matched its route. */
export interface ApiRequest {
  /** The matched route of the API, such as `POST /v1/triggers/{trigger}`. */
  readonly route: string;
  /** Decoded parameters of the path. */
  readonly parameters: Readonly<Record<string, string | undefined>>;
  readonly query: Readonly<Record<string, string | undefined>>;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** Undefined: none. */
  readonly body?: Uint8Array;
  /** Address that the caller used, such as `https://abc123.execute-api.eu-central-1.amazonaws.com`. */
  readonly origin: string;
}

export interface ApiResponse {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. Undefined: no body. */
  readonly body?: unknown;
}

/** A signed-in caller. */
export interface Caller {
  /** `entra:<object id>` or `key:<name>`. */
  readonly id: string;
  /** For people: the name of the key, or the user's name in the token. */
  readonly name: string;
}

/** Codes of errors. Flow authors see the message, not the code. */
export type ProblemCode =
  | 'invalid'
  | 'unauthorized'
  | 'forbidden'
  | 'not-found'
  | 'too-large'
  | 'unsupported-encoding'
  | 'too-many-flows'
  | 'managed-elsewhere'
  | 'changed-meanwhile'
  | 'not-active'
  | 'unavailable';

const STATUS_OF: Readonly<Record<ProblemCode, number>> = {
  invalid: 400,
  unauthorized: 401,
  forbidden: 403,
  'not-found': 404,
  'too-large': 413,
  'unsupported-encoding': 415,
  'too-many-flows': 409,
  'managed-elsewhere': 409,
  'changed-meanwhile': 503,
  'not-active': 409,
  unavailable: 503,
};

/** Time that a caller should wait before it repeats a request that failed with 503, seconds. */
const RETRY_AFTER = '2';

/** An error as a response. The message says what is wrong and what to do. It contains no credential. */
export function problem(code: ProblemCode, message: string): ApiResponse {
  const status = STATUS_OF[code];
  return { status, ...(status === 503 && { headers: { 'retry-after': RETRY_AFTER } }), body: { code, message } };
}
