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
 * Reads the stub responses of `--answers`: a JSON list of `service`, `query` (see `Question.text`) and either `columns`
 * and `rows`, or `error`. Ignores differences in whitespace between queries.
 * @param file its name, for errors.
 * @throws UserError for an invalid file.
 */
export function readAnswers(text: string, file: string): StubResponses {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new UserError(`${file} is not JSON: ${(error as Error).message}`);
  }
  const { success, output, issues } = v.safeParse(answersSchema, json);
  if (!success) {
    const where = v.getDotPath(issues[0]) ?? 'the list';
    throw new UserError(
      `${file}: ${where} is invalid: write a list of { "service", "query", "columns", "rows" } or { "service", "query", "error" }`,
    );
  }
  const normalized = (sql: string) => sql.replaceAll(/\s+/g, ' ').trim();
  return ({ service, text }) =>
    output.find((one) => one.service === service && normalized(one.query) === normalized(text));
}
