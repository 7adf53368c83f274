import * as v from 'valibot';
import { containsCredential } from '../../../shared/core/redact';
import { ENTRA_CLOUDS } from '../subscription';
import { type Issue, writeHidden } from './messages';
import { secretReferenceEntry } from './secret-reference';

/**
 * The key `auth` of a subscription. Messages never show a value, because a client secret can be under the wrong key.
 */

const GUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
/** Also excludes `common`, `organizations` and `consumers`, which are no tenants, and text that changes the URL's path. */
const DOMAIN = /^(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])$/;
const TENANT_HINT = "the Directory (tenant) ID of the app registration, or one of the tenant's verified domains";
const CLIENT_HINT = 'the Application (client) ID of the app registration';

const id = (patterns: readonly RegExp[], what: string, hint: string, description: string) => {
  const message = writeHidden(`is ${what}`, hint);
  return v.pipe(
    v.string(message),
    // In lower case, a token looks like a domain.
    v.check(
      (text) => !containsCredential(text) && patterns.some((pattern) => pattern.test(text.trim().toLowerCase())),
      message,
    ),
    v.trim(),
    v.toLowerCase(),
    v.description(description),
  );
};

const HINTS: Readonly<Record<string, string>> = {
  type: 'entra',
  tenantId: TENANT_HINT,
  clientId: CLIENT_HINT,
};
const KEYS = ['type', 'tenantId', 'clientId', 'clientSecret', 'cloud'];

const mapMessage = (issue: Issue) => {
  const key = String(issue.path?.at(-1)?.key ?? '');
  if (issue.expected === 'never') return `is not known; auth takes ${KEYS.join(', ')}`;
  if (issue.path) return `is missing; write ${HINTS[key]}`;
  return writeHidden('is not a map of keys', 'type: entra, tenantId and clientId under it')(issue);
};

export const authEntry = v.optional(
  v.pipe(
    v.strictObject(
      {
        type: v.pipe(
          v.literal('entra', writeHidden('is something else', 'entra')),
          v.description('entra: each request carries a token of Microsoft Entra ID.'),
        ),
        tenantId: id(
          [GUID, DOMAIN],
          'neither a GUID nor a domain',
          TENANT_HINT,
          "The tenant's id or a verified domain.",
        ),
        clientId: id([GUID], 'not a GUID', CLIENT_HINT, 'The Application (client) ID of the app registration.'),
        clientSecret: secretReferenceEntry(
          'Secret or parameter with the client secret. Default: AWS outbound identity federation, without a secret.',
        ),
        cloud: v.optional(
          v.pipe(
            v.picklist(ENTRA_CLOUDS, writeHidden('is another', `one of ${ENTRA_CLOUDS.join(', ')}`)),
            v.description('The cloud of Power Automate. Default: public.'),
          ),
          'public',
        ),
      },
      mapMessage,
    ),
    v.description(
      'The Microsoft Entra ID application that calls the flow, for a flow that only users of its tenant can trigger. ' +
        'Default: none, for a flow that anyone can trigger with its signed URL.',
    ),
  ),
);
