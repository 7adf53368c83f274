import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import * as v from 'valibot';
import { readTextFile } from '../../cli/shell/text-file';
import { ACCOUNT_ID, ORGANIZATION_ID, ORGANIZATION_PATH } from '../../contract/organization';
import type { Organization } from '../bus/permissions';
import { UserError } from '../shared/user-error';
import type { Options } from './options';

const DEFAULT_NAME = 'organization.json';

/** The accounts of an app: their organization, and what they put. */
export interface OrganizationFile extends Organization {
  /** Event files, with the account that puts the events. */
  readonly events: readonly { readonly account: string; readonly file: string }[];
  /** Subscription file. */
  readonly subscriptions: string | undefined;
}

const schema = v.strictObject({
  id: v.pipe(v.string(), v.regex(ORGANIZATION_ID, "write the id of an organization, such as 'o-a1b2c3d4e5'")),
  subscriptions: v.optional(v.string()),
  accounts: v.record(
    v.pipe(v.string(), v.regex(ACCOUNT_ID, 'write the 12 digits of an AWS account ID')),
    v.strictObject({
      path: v.optional(
        v.pipe(
          v.string(),
          v.regex(
            ORGANIZATION_PATH,
            "write the id of the root and of each organizational unit below it, such as 'r-ab12/ou-ab12-11111111'",
          ),
        ),
      ),
      events: v.optional(v.string()),
    }),
  ),
});

const FORM = 'write { "id", "subscriptions", "accounts": { "111122223333": { "path", "events" } } }';

/** The file of `--organization`, or the one in the folder of the app. Undefined if neither exists. */
export function organizationOf({ app, organization }: Pick<Options, 'app' | 'organization'>) {
  const besideApp = app === undefined ? undefined : join(dirname(app), DEFAULT_NAME);
  const file = organization ?? (besideApp !== undefined && existsSync(besideApp) ? besideApp : undefined);
  return file === undefined ? undefined : readOrganization(readTextFile(file, '--organization'), file);
}

/**
 * Reads a JSON object: `id` of the organization, and by account id in `accounts` the `path` in the organization (an account
 * without one is outside it) and a file of `events`. `subscriptions` is a file of the connector's subscriptions. The names
 * of files are relative to the folder of the file.
 *
 * @param file its name.
 * @throws UserError for an invalid file.
 */
export function readOrganization(text: string, file: string): OrganizationFile {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new UserError(`${file} is not JSON: ${(error as Error).message}`);
  }
  const { success, output, issues } = v.safeParse(schema, json);
  if (!success) {
    const [{ message }] = issues;
    const where = v.getDotPath(issues[0]) ?? 'the file';
    throw new UserError(`${file}: ${where} is invalid: ${message.startsWith('write') ? message : FORM}`);
  }
  const { id, accounts, subscriptions } = output;
  const beside = (name: string) => join(dirname(file), name);
  const known = Object.entries(accounts);
  return {
    id,
    paths: Object.fromEntries(known.flatMap(([account, { path }]) => (path === undefined ? [] : [[account, path]]))),
    events: known.flatMap(([account, { events }]) => (events === undefined ? [] : [{ account, file: beside(events) }])),
    subscriptions: subscriptions === undefined ? undefined : beside(subscriptions),
  };
}
