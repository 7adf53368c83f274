import type { ReconcilableKind } from '../../../contract/sources';
import { AwsError } from '../protocol/aws-json';

/** A request for data that the local run does not have. */
export interface StubRequest {
  readonly service:
    | 'athena'
    | 'redshift-data'
    | 'cloudwatch'
    | 'customer-profiles'
    | 'identity-resolution'
    | 'entity-resolution'
    | Exclude<ReconcilableKind, 'athena'>;
  /**
   * The SQL; for CloudWatch `<namespace>/<metric>`; for Customer Profiles `<domain>/<segment definition>`; for jobs the
   * domain or matching workflow; for runs the name of their source, such as a flow, a job or a workgroup.
   */
  readonly text: string;
}

export type StubResponse =
  | { readonly columns: readonly string[]; readonly rows: readonly (readonly StubCell[])[] }
  | { readonly error: string };
export type StubCell = string | number | boolean | null;

/** Returns the stub response to a request, or undefined if none was configured. */
export type StubResponses = (question: StubRequest) => StubResponse | undefined;

/** Returns an error if no response was configured. */
export const responseTo = (question: StubRequest, answers: StubResponses): StubResponse =>
  answers(question) ?? { error: `--answers has no response of ${question.service} for: ${question.text}` };

/** A started query. It is running at the first poll and finished at the second, independent of time. */
export class StubQuery {
  private polls = 0;
  private result: { readonly answer: StubResponse; readonly at: number } | undefined;

  constructor(
    readonly id: string,
    /** The request that started it. A repeated token must come with the same request. */
    readonly request: string,
    readonly question: StubRequest,
    private readonly answers: StubResponses,
  ) {}

  /** Returns undefined while the query is running. */
  poll(): { readonly answer: StubResponse; readonly at: number } | undefined {
    if (this.polls++ === 0) return undefined;
    this.result ??= { answer: responseTo(this.question, this.answers), at: Date.now() };
    return this.result;
  }
}

/** Queries by id and by the token of the request that started them. */
export class StubQueries {
  private readonly byId = new Map<string, StubQuery>();
  private readonly byToken = new Map<string, StubQuery>();

  get(id: unknown): StubQuery | undefined {
    return this.byId.get(String(id));
  }

  /** Returns the query of the token, started if necessary; undefined if the token belongs to another request. */
  start(token: string, request: object, make: (request: string) => StubQuery): StubQuery | undefined {
    const text = JSON.stringify(request);
    const known = this.byToken.get(token);
    if (known) return known.request === text ? known : undefined;
    const query = make(text);
    this.byToken.set(token, query);
    this.byId.set(query.id, query);
    return query;
  }
}

/** One page of a list, and the token of the next page. Undefined tokens mean the first page and the end. */
export function pageOf<T>(all: readonly T[], token: unknown, size: number): { page: T[]; next: string | undefined } {
  const from = Number(token ?? 0);
  return { page: all.slice(from, from + size), next: from + size < all.length ? String(from + size) : undefined };
}

/**
 * A run or a job. The columns of a response are `id`, `status`, `startTime`, `endTime`, `error`, `recordCount` and
 * `redriveCount`. Times are ISO 8601 texts, or numbers of minutes before now.
 */
export interface StubRun {
  readonly id: string;
  readonly status: string;
  /** Epoch seconds. */
  readonly startTime?: number;
  readonly endTime?: number;
  readonly error?: string;
  readonly recordCount?: number;
  readonly redriveCount?: number;
}

/**
 * The runs in a response; none if no response was configured.
 * Throws the error of the response, such as `ThrottlingException: too much`, like the service.
 */
export function stubRuns(question: StubRequest, answers: StubResponses): StubRun[] {
  const answer = answers(question);
  if (!answer) return [];
  if ('error' in answer) {
    const [, type = 'AccessDeniedException', message = answer.error] = /^(\w+): (.*)$/.exec(answer.error) ?? [];
    throw new AwsError(type, message);
  }
  const now = Date.now() / 1000;
  const seconds = (value: StubCell | undefined) =>
    typeof value === 'number' ? now - value * 60 : value ? Date.parse(String(value)) / 1000 : undefined;
  return answer.rows.map((row) => {
    const cell = (name: string) => row[answer.columns.indexOf(name)] ?? undefined;
    return {
      id: String(cell('id')),
      status: String(cell('status')),
      startTime: seconds(cell('startTime')),
      endTime: seconds(cell('endTime')),
      error: cell('error') as string | undefined,
      recordCount: cell('recordCount') as number | undefined,
      redriveCount: cell('redriveCount') as number | undefined,
    };
  });
}
