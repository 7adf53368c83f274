import * as v from 'valibot';
import { RECONCILABLE_KINDS } from '../../contract/sources';
import type { StubResponses } from '../engines/stubs/responses';
import { UserError } from '../shared/user-error';

const cell = v.union([v.string(), v.number(), v.boolean(), v.null()]);
const question = {
  service: v.picklist([
    'redshift-data',
    'cloudwatch',
    'customer-profiles',
    'identity-resolution',
    'entity-resolution',
    ...RECONCILABLE_KINDS,
  ]),
  query: v.string(),
};
const answersSchema = v.array(
  v.union([
    v.strictObject({ ...question, columns: v.array(v.string()), rows: v.array(v.array(cell)) }),
    v.strictObject({ ...question, error: v.string() }),
  ]),
);

/**
 * Reads what services are to answer: a JSON list of `service`, `query` (the SQL; `<namespace>/<metric>`;
 * `<domain>/<segment definition>`; a domain or matching workflow, of jobs; the name of a source, of its runs) and either
 * `columns` and `rows`, or `error`. Blanks and line breaks of SQL do not matter.
 * @param file its name, for errors. Throws a UserError for anything else.
 */
export function readAnswers(text: string, file: string): StubResponses {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new UserError(`${file} is no JSON: ${(error as Error).message}`);
  }
  const { success, output, issues } = v.safeParse(answersSchema, json);
  if (!success) {
    const where = v.getDotPath(issues[0]) ?? 'the list';
    throw new UserError(
      `${file}: ${where} is wrong: write a list of { "service", "query", "columns", "rows" } or { "service", "query", "error" }`,
    );
  }
  const plain = (sql: string) => sql.replaceAll(/\s+/g, ' ').trim();
  return ({ service, text: asked }) =>
    output.find((one) => one.service === service && plain(one.query) === plain(asked));
}
