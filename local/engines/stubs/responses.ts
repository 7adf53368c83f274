import type { ReconcilableKind } from '../../../contract/sources';
import { AwsError } from '../protocol/aws-json';

/** A question that a service of queries was asked. */
export interface Question {
  readonly service:
    | 'athena'
    | 'redshift-data'
    | 'cloudwatch'
    | 'customer-profiles'
    | 'identity-resolution'
    | 'entity-resolution'
    | Exclude<ReconcilableKind, 'athena'>;
  /**
   * The SQL; of CloudWatch `<namespace>/<metric>`; of Customer Profiles `<domain>/<segment definition>`; of jobs their
   * domain or matching workflow; of runs the name of their source, such as a flow's, a job's or a workgroup's.
   */
  readonly text: string;
}

/** A result, or why there is none. */
export type Answer =
  | { readonly columns: readonly string[]; readonly rows: readonly (readonly AnswerCell[])[] }
  | { readonly error: string };
export type AnswerCell = string | number | boolean | null;

/** Plays the data behind the services: there are no warehouses here. Undefined: nobody has said what is to be answered. */
export type Answers = (question: Question) => Answer | undefined;

/** What a service says of a question, an error where nobody has said what. */
export function answerTo(question: Question, answers: Answers): Answer {
  return (
    answers(question) ?? { error: `the local run was not told what ${question.service} answers to: ${question.text}` }
  );
}

/** A query that was begun: asked about again and again, it runs for a while, by looks and not by a clock. */
export class BegunQuery {
  private looks = 0;

  constructor(
    readonly id: string,
    /** Of the request that began it: the same token must come with the same. */
    readonly request: string,
    readonly question: Question,
    private readonly answers: Answers,
  ) {}

  private ended: { readonly answer: Answer; readonly at: number } | undefined;

  /** The end of it; undefined as long as it runs, which is one look. */
  look(): { readonly answer: Answer; readonly at: number } | undefined {
    if (this.looks++ === 0) return undefined;
    this.ended ??= { answer: answerTo(this.question, this.answers), at: Date.now() };
    return this.ended;
  }
}

/** Queries by their ids, and by the tokens that they were begun with. */
export class BegunQueries {
  private readonly byId = new Map<string, BegunQuery>();
  private readonly byToken = new Map<string, BegunQuery>();

  get(id: unknown): BegunQuery | undefined {
    return this.byId.get(String(id));
  }

  /** The query that was begun with that token; undefined when another request was. */
  begin(token: string, request: object, make: (request: string) => BegunQuery): BegunQuery | undefined {
    const text = JSON.stringify(request);
    const known = this.byToken.get(token);
    if (known) return known.request === text ? known : undefined;
    const made = make(text);
    this.byToken.set(token, made);
    this.byId.set(made.id, made);
    return made;
  }
}

/**
 * A run, or a job, as the file of answers has it: the columns `id`, `status`, `startTime`, `endTime`, `error`, `recordCount`,
 * `redriveCount`. An instant is a text (ISO 8601), or how many minutes ago it was.
 */
export interface AnsweredRun {
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
 * The runs that there are; none where nobody has said which. Throws the error that the file has instead,
 * `ThrottlingException: too much`, as the service would.
 */
export function runsOf(question: Question, answers: Answers): AnsweredRun[] {
  const answer = answers(question);
  if (!answer) return [];
  if ('error' in answer) {
    const [, type = 'AccessDeniedException', message = answer.error] = /^(\w+): (.*)$/.exec(answer.error) ?? [];
    throw new AwsError(type, message);
  }
  const now = Date.now() / 1000;
  const seconds = (value: AnswerCell | undefined) =>
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
