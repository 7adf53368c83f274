import type { EntraSignInSettings } from '../../../contract/custom-connector';
import { cut, oneLine } from '../../shared/core/text';
import type { Caller } from './http';
import type { TokenClaims } from './ports';

/**
 * Result of the check of a token's claims. Reasons are sentences that say what to do.
 *
 * - `invalid`: the token is not an access token for this API (401).
 * - `forbidden`: the caller is known, but lacks the scope or a role (403).
 */
export type ClaimsCheck = { readonly caller: Caller } | { readonly invalid: string } | { readonly forbidden: string };

const GUID = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i;

/** Characters of a caller's name. Longer names are cut. */
const MAX_NAME = 100;

/**
 * Checks the claims of a token for one application and one tenant. Accepts both versions of access tokens, because the
 * application's registration chooses the version (Microsoft identity platform, "Access token claims reference").
 */
export function checkClaims(claims: TokenClaims, settings: EntraSignInSettings): ClaimsCheck {
  const wrong = wrongTenant(claims, settings) ?? wrongAudience(claims, settings);
  if (wrong) return { invalid: wrong };
  const { oid } = claims;
  const type = tokenType(claims);
  if (!isGuid(oid) || type === undefined) return { invalid: NO_ACCESS_TOKEN };
  const forbidden =
    (type === 'user' ? missingScope(claims, settings) : undefined) ?? missingRole(claims, type, settings);
  if (forbidden) return { forbidden };
  const id = oid.toLowerCase();
  return { caller: { id: `entra:${id}`, name: nameOf(claims, type) ?? id } };
}

const NO_ACCESS_TOKEN =
  'The token is not an access token of a user or an application. ' +
  "Request an access token for this API's scope, not an ID token.";

function wrongTenant({ iss, tid }: TokenClaims, { tenantId }: EntraSignInSettings): string | undefined {
  const issuers = [`https://sts.windows.net/${tenantId}/`, `https://login.microsoftonline.com/${tenantId}/v2.0`];
  if (tid === tenantId && issuers.includes(iss as string)) return undefined;
  const from = isGuid(tid) && tid !== tenantId ? `tenant ${tid}` : 'another issuer';
  return `The access token is from ${from}. Sign in with an account of the tenant that this API belongs to.`;
}

/**
 * `aud` is the client id, or in a token of version 1.0 the resource that the client requested. Some clients request it with
 * a slash at the end.
 */
function wrongAudience({ aud }: TokenClaims, { clientId, identifierUri }: EntraSignInSettings): string | undefined {
  const resource = identifierUri.replace(/\/$/, '');
  if ([clientId, resource, `${resource}/`].includes(aud as string)) return undefined;
  return `The access token is for another application. Set the resource URL of the connection to ${identifierUri}.`;
}

type TokenType = 'user' | 'app';

/**
 * Only tokens of users have `scp`, and `idtyp` is optional. Without them, a token is an application's own if `sub` is `oid`
 * (Microsoft identity platform, "Verify scopes and app roles protected web API") and it names the client. An ID token of a
 * user can have roles, but neither property.
 */
function tokenType({ idtyp, scp, azp, appid, sub, oid }: TokenClaims): TokenType | undefined {
  if (idtyp === 'app') return scp === undefined ? 'app' : undefined;
  if (typeof scp === 'string') return 'user';
  const isOwn = scp === undefined && idtyp === undefined && sub === oid && isGuid(azp ?? appid);
  return isOwn ? 'app' : undefined;
}

function missingScope({ scp }: TokenClaims, { scope, identifierUri }: EntraSignInSettings): string | undefined {
  if (String(scp).split(' ').includes(scope)) return undefined;
  return (
    `The connection lacks the scope ${scope}. Ask an administrator to grant the connector's application the delegated ` +
    `permission ${scope} of ${identifierUri}, then sign in again.`
  );
}

function missingRole(
  claims: TokenClaims,
  type: TokenType,
  { roles, identifierUri }: EntraSignInSettings,
): string | undefined {
  if (type === 'user' && roles.length === 0) return undefined;
  const given: unknown = claims.roles;
  if (Array.isArray(given) && roles.some((role) => given.includes(role))) return undefined;
  if (roles.length === 0) return 'This API accepts no applications. Sign in with the account of a user.';
  const names = roles.length === 1 ? `the role ${roles[0]}` : `one of the roles ${roles.join(', ')}`;
  const [lack, whom] = type === 'user' ? ['You lack', 'you'] : ['The application lacks', 'it'];
  return `${lack} ${names}. Ask an administrator to assign ${whom} a role of ${identifierUri}, then sign in again.`;
}

/** The name of a user, or the id of an application. For display only: users can change their names. */
function nameOf(claims: TokenClaims, type: TokenType): string | undefined {
  const { name, preferred_username, upn, unique_name, azp, appid } = claims;
  const names = type === 'user' ? [name, preferred_username, upn, unique_name] : [azp, appid];
  const texts = names.map((one) => (typeof one === 'string' ? cut(oneLine(one), MAX_NAME) : ''));
  return texts.find((text) => text !== '');
}

const isGuid = (value: unknown): value is string => typeof value === 'string' && GUID.test(value);
