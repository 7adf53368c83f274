import * as v from 'valibot';
import { DomainEvent } from '../../../contract/events';
import { MAX_QUERY_ROWS, type QuerySubject } from '../../../contract/queries';
import { EVENT_DEFINITIONS, reasonOf } from '../../events/core/events';
import { canonicalDimensions } from '../../shared/core/metric';

/** The result of a query, as its service returns it: numbers are often texts. */
export interface QueryTable {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
}
export type Cell = string | number | boolean | null;

/** Reasons why a query returned no value. The log contains them. */
export const QueryFailure = {
  /** The service rejected the query: a name or a permission is wrong. */
  REFUSED: 'Refused',
  /** The query ended with an error. */
  FAILED: 'Failed',
  /** The query did not end, or start, before its timeout. */
  TIMED_OUT: 'TimedOut',
  /** The statement has no result. */
  NO_RESULT: 'NoResult',
  NO_ROW: 'NoRow',
  SEVERAL_ROWS: 'SeveralRows',
  TOO_MANY_ROWS: 'TooManyRows',
  SEVERAL_COLUMNS: 'SeveralColumns',
  MISSING_COLUMN: 'MissingColumn',
  NO_VALUE: 'NoValue',
  NOT_A_NUMBER: 'NotANumber',
  /** An invalid number of members, or a number that is too large to store. */
  IMPOSSIBLE_VALUE: 'ImpossibleValue',
  NO_MEMBER: 'NoMember',
  SAME_MEMBER_TWICE: 'SameMemberTwice',
} as const;
export type QueryFailureName = (typeof QueryFailure)[keyof typeof QueryFailure];

/** A query returned no value. */
export class QueryFailed extends Error {
  /** @param reason a sentence for the operator. Must not contain values of the result, which are customer data. */
  constructor(
    readonly failure: QueryFailureName,
    reason: string,
  ) {
    super(reason);
    this.name = 'QueryFailed';
  }
}

/** Instant of a result, and the run of the query. */
export interface Found {
  /** ISO 8601. */
  readonly observedAt: string;
  readonly runId?: string;
  readonly instanceId?: string;
}

export interface ObservationEvent {
  readonly detailType: typeof DomainEvent.SEGMENT_REFRESHED | typeof DomainEvent.MEASURE_REFRESHED;
  readonly detail: Readonly<Record<string, unknown>>;
}

/**
 * The events of a query's result. An error in one row discards the whole result, so that members never have values of
 * different runs.
 * @throws QueryFailed for a result that is not one number, or one number for each member.
 */
export function observationsOf(table: QueryTable, subject: QuerySubject, found: Found): ObservationEvent[] {
  const { observedAt, runId, instanceId } = found;
  const common = { instanceId, observedAt, runId };
  if ('segment' in subject) {
    const memberCount = numberIn(onlyCell(table), 'the result');
    return [checked(DomainEvent.SEGMENT_REFRESHED, { ...common, segment: subject.segment, memberCount })];
  }
  const { measure, unit, dimensions = [] } = subject;
  const values =
    dimensions.length === 0 ? [{ value: numberIn(onlyCell(table), 'the result') }] : members(table, dimensions);
  return values.map((one) => checked(DomainEvent.MEASURE_REFRESHED, { ...common, measure, unit, ...one }));
}

function onlyCell({ columns, rows }: QueryTable): Cell {
  if (rows.length === 0) throw new QueryFailed(QueryFailure.NO_ROW, 'the result has no row: return one number');
  if (columns.length !== 1) {
    throw new QueryFailed(
      QueryFailure.SEVERAL_COLUMNS,
      `the result has the columns ${columns.join(', ')}: return one number, or name the dimensions`,
    );
  }
  if (rows.length > 1) {
    const count = rows.length > MAX_QUERY_ROWS ? `more than ${MAX_QUERY_ROWS}` : rows.length;
    throw new QueryFailed(
      QueryFailure.SEVERAL_ROWS,
      `the result has ${count} rows: return one number, or name the dimensions`,
    );
  }
  return rows[0]?.[0] ?? null;
}

interface Member {
  readonly dimensions: Readonly<Record<string, string>>;
  readonly value: number;
}

/** Reads one row for each member: a column for each dimension, and a column with the value. */
function members({ columns, rows }: QueryTable, dimensions: readonly string[]): Member[] {
  if (rows.length === 0)
    throw new QueryFailed(QueryFailure.NO_ROW, 'the result has no row: return one for each member');
  if (rows.length > MAX_QUERY_ROWS) {
    throw new QueryFailed(
      QueryFailure.TOO_MANY_ROWS,
      `the result has more than ${MAX_QUERY_ROWS} rows, the maximum of a measure`,
    );
  }
  const columnOf = new Map(dimensions.map((name) => [name, columns.findIndex((column) => isNamed(column, name))]));
  const missing = dimensions.filter((name) => columnOf.get(name) === -1);
  if (missing.length > 0) {
    throw new QueryFailed(
      QueryFailure.MISSING_COLUMN,
      `the result has the columns ${columns.join(', ')}, and none for ${missing.join(', ')}: name the columns like the dimensions`,
    );
  }
  const [valueColumn, ...more] = columns.flatMap((_, n) => ([...columnOf.values()].includes(n) ? [] : [n]));
  if (valueColumn === undefined) {
    throw new QueryFailed(
      QueryFailure.MISSING_COLUMN,
      `the result only has the columns ${columns.join(', ')}: add a column with the value`,
    );
  }
  if (more.length > 0) {
    const others = [valueColumn, ...more].map((n) => columns[n]).join(', ');
    throw new QueryFailed(
      QueryFailure.SEVERAL_COLUMNS,
      `the result has the columns ${others} and the dimensions: return only one value`,
    );
  }

  const seen = new Set<string>();
  return rows.map((row, n) => {
    const where = `row ${n + 1}`;
    const ofRow = Object.fromEntries(
      dimensions.map((name) => {
        const cell = row[columnOf.get(name) as number] ?? null;
        const member = cell === null ? '' : String(cell).trim();
        if (member === '') {
          throw new QueryFailed(QueryFailure.NO_MEMBER, `${where} has no ${name}: use COALESCE(${name}, 'none')`);
        }
        return [name, member];
      }),
    );
    const key = canonicalDimensions(ofRow);
    if (seen.has(key)) {
      throw new QueryFailed(
        QueryFailure.SAME_MEMBER_TWICE,
        `${where} has the same member as another row: group the query by ${dimensions.join(', ')}`,
      );
    }
    seen.add(key);
    return { dimensions: ofRow, value: numberIn(row[valueColumn] ?? null, where) };
  });
}

/** Athena and Redshift convert names to lower case (Athena user guide, "Names for databases, tables, and columns"). */
const isNamed = (column: string, name: string): boolean => column.toLowerCase() === name.toLowerCase();

const DECIMAL = /^\s*[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?\s*$/;

function numberIn(cell: Cell, where: string): number {
  if (cell === null || cell === '') {
    throw new QueryFailed(QueryFailure.NO_VALUE, `${where} has no value: use COALESCE(…, 0)`);
  }
  const value = typeof cell === 'string' && DECIMAL.test(cell) ? Number(cell) : cell;
  if (typeof value !== 'number' || Number.isNaN(value)) {
    const what = typeof cell === 'string' ? 'a text' : typeof cell === 'boolean' ? 'true or false' : 'not a number';
    throw new QueryFailed(QueryFailure.NOT_A_NUMBER, `${where} is ${what}: return a number`);
  }
  return value;
}

/** An event, validated like every event of the bus. */
function checked(detailType: ObservationEvent['detailType'], given: Record<string, unknown>): ObservationEvent {
  const detail = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  const { issues } = v.safeParse(EVENT_DEFINITIONS[detailType], detail);
  if (issues) throw new QueryFailed(QueryFailure.IMPOSSIBLE_VALUE, reasonOf(issues));
  return { detailType, detail };
}
