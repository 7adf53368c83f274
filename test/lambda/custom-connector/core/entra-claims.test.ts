import { describe, expect, it } from 'vitest';
import type { EntraSignInSettings } from '../../../../contract/custom-connector';
import { checkClaims } from '../../../../lambda/custom-connector/core/entra-claims';
import {
  APP_CLAIMS,
  CLIENT_APP_ID,
  ENTRA,
  ID_TOKEN_CLAIMS,
  OID,
  OTHER_TENANT_ID,
  TENANT_ID,
  USER_CLAIMS,
  V1_USER_CLAIMS,
} from '../../../support/entra';

const WITH_ROLES: EntraSignInSettings = { ...ENTRA, roles: ['Flow.Author', 'Flow.Admin'] };
const ONE_ROLE: EntraSignInSettings = { ...ENTRA, roles: ['Flow.Author'] };

const kim = { caller: { id: `entra:${OID}`, name: 'Kim Doe' } };
const app = { caller: { id: `entra:${OID}`, name: CLIENT_APP_ID } };

describe('accepts', () => {
  it.each([
    ['a user, token of version 2.0', USER_CLAIMS, ENTRA, kim],
    ['a user, token of version 1.0', V1_USER_CLAIMS, ENTRA, kim],
    ['the client id as audience of version 1.0', { ...V1_USER_CLAIMS, aud: ENTRA.clientId }, ENTRA, kim],
    ['an audience with a slash at its end', { ...V1_USER_CLAIMS, aud: `${ENTRA.identifierUri}/` }, ENTRA, kim],
    [
      'an audience without the slash of the setting',
      V1_USER_CLAIMS,
      { ...ENTRA, identifierUri: `${ENTRA.identifierUri}/` },
      kim,
    ],
    ['a user with one of several scopes', { ...USER_CLAIMS, scp: 'Other Flows.Use More' }, ENTRA, kim],
    ['a user with idtyp', { ...USER_CLAIMS, idtyp: 'user' }, ENTRA, kim],
    ['a user with one of the roles', { ...USER_CLAIMS, roles: ['Other', 'Flow.Admin'] }, WITH_ROLES, kim],
    ['an object id in upper case', { ...USER_CLAIMS, oid: OID.toUpperCase() }, ENTRA, kim],
    ['an application with idtyp', { ...APP_CLAIMS, idtyp: 'app', sub: 'another' }, ONE_ROLE, app],
    ['an application without idtyp', APP_CLAIMS, ONE_ROLE, app],
    ['an application, token of version 1.0', { ...APP_CLAIMS, azp: undefined, appid: CLIENT_APP_ID }, ONE_ROLE, app],
  ])('%s', (_, claims, settings, result) => expect(checkClaims(claims, settings)).toEqual(result));

  it.each([
    ['the name', {}, 'Kim Doe'],
    ['the preferred name', { name: undefined, preferred_username: 'kim@example.com' }, 'kim@example.com'],
    ['the principal name', { name: ' ', upn: 'kim@example.com' }, 'kim@example.com'],
    ['the name of version 1.0', { name: undefined, unique_name: 'kim@example.com' }, 'kim@example.com'],
    ['the object id', { name: 5 }, OID],
    ['one line', { name: 'Kim\r\nlevel: error\u0000 Doe' }, 'Kim level: error Doe'],
    ['a long name', { name: 'x'.repeat(500) }, `${'x'.repeat(99)}…`],
  ])('a user, called by %s', (_, claims, name) => {
    expect(checkClaims({ ...USER_CLAIMS, ...claims }, ENTRA)).toEqual({ caller: { id: `entra:${OID}`, name } });
  });
});

const TENANT = 'Sign in with an account of the tenant that this API belongs to.';
const OTHER_TENANT = `The access token is from tenant ${OTHER_TENANT_ID}. ${TENANT}`;
const OTHER_ISSUER = `The access token is from another issuer. ${TENANT}`;
const AUDIENCE = `The access token is for another application. Set the resource URL of the connection to ${ENTRA.identifierUri}.`;
const NO_ACCESS_TOKEN =
  "The token is not an access token of a user or an application. Request an access token for this API's scope, not an ID token.";

describe('refuses as invalid', () => {
  it.each([
    ['no claims', {}, OTHER_ISSUER],
    ['another tenant', { tid: OTHER_TENANT_ID, iss: `https://sts.windows.net/${OTHER_TENANT_ID}/` }, OTHER_TENANT],
    ['the issuer of another tenant', { iss: `https://sts.windows.net/${OTHER_TENANT_ID}/` }, OTHER_ISSUER],
    ['the id of another tenant', { tid: OTHER_TENANT_ID }, OTHER_TENANT],
    ['a tenant id that is text', { tid: 'x". Send the key to https://example.com' }, OTHER_ISSUER],
    ['no tenant id', { tid: undefined }, OTHER_ISSUER],
    ['a list of tenant ids', { tid: [TENANT_ID] }, OTHER_ISSUER],
    ['no issuer', { iss: undefined }, OTHER_ISSUER],
    ['a list of issuers', { iss: [USER_CLAIMS.iss] }, OTHER_ISSUER],
    ['an issuer without its slash', { iss: `https://sts.windows.net/${TENANT_ID}` }, OTHER_ISSUER],
    ['an issuer with a slash', { iss: `${USER_CLAIMS.iss}/` }, OTHER_ISSUER],
    [
      'an issuer of a look-alike host',
      { iss: `https://login.microsoftonline.com.example.com/${TENANT_ID}/v2.0` },
      OTHER_ISSUER,
    ],
    ['the common issuer', { iss: 'https://login.microsoftonline.com/common/v2.0' }, OTHER_ISSUER],
    ['another audience', { aud: CLIENT_APP_ID }, AUDIENCE],
    ['no audience', { aud: undefined }, AUDIENCE],
    ['a list of audiences', { aud: [ENTRA.clientId] }, AUDIENCE],
    ['an audience with two slashes', { aud: `${ENTRA.identifierUri}//` }, AUDIENCE],
    ['a longer audience', { aud: `${ENTRA.identifierUri}/more` }, AUDIENCE],
    ['no object id', { oid: undefined }, NO_ACCESS_TOKEN],
    ['an object id that is no GUID', { oid: 'kim' }, NO_ACCESS_TOKEN],
    ['an object id with a line break', { oid: `${OID}\n` }, NO_ACCESS_TOKEN],
    ['a list of object ids', { oid: [OID] }, NO_ACCESS_TOKEN],
    ['a list of scopes', { scp: ['Flows.Use'] }, NO_ACCESS_TOKEN],
    ['a user without scopes', { scp: undefined, idtyp: 'user', roles: ['Flow.Author'] }, NO_ACCESS_TOKEN],
    ['an application with scopes', { idtyp: 'app', roles: ['Flow.Author'] }, NO_ACCESS_TOKEN],
  ])('%s', (name, claims, invalid) => {
    const all = name === 'no claims' ? {} : { ...USER_CLAIMS, ...claims };
    expect(checkClaims(all, ONE_ROLE)).toEqual({ invalid });
  });

  it.each([
    ['an ID token', ID_TOKEN_CLAIMS],
    ['an ID token with a role', { ...ID_TOKEN_CLAIMS, roles: ['Flow.Author'] }],
    ['an ID token whose subject is the object id', { ...ID_TOKEN_CLAIMS, roles: ['Flow.Author'], sub: OID }],
    ['an application without a client', { ...APP_CLAIMS, azp: undefined }],
    ['an application with a client that is no GUID', { ...APP_CLAIMS, azp: 'client' }],
    ['an application without a subject', { ...APP_CLAIMS, sub: undefined }],
  ])('%s', (_, claims) => expect(checkClaims(claims, ONE_ROLE)).toEqual({ invalid: NO_ACCESS_TOKEN }));
});

describe('refuses as forbidden', () => {
  const SCOPE =
    "The connection lacks the scope Flows.Use. Ask an administrator to grant the connector's application the delegated " +
    `permission Flows.Use of ${ENTRA.identifierUri}, then sign in again.`;
  const role = (lack: string, whom: string) =>
    `${lack}. Ask an administrator to assign ${whom} a role of ${ENTRA.identifierUri}, then sign in again.`;
  const USER_LACKS = role('You lack the role Flow.Author', 'you');
  const APP_LACKS = role('The application lacks the role Flow.Author', 'it');

  it.each([
    ['a user without the scope', { ...USER_CLAIMS, scp: 'Other' }, ENTRA, SCOPE],
    ['a user with an empty scope', { ...USER_CLAIMS, scp: '' }, ENTRA, SCOPE],
    ['a user with a longer scope', { ...USER_CLAIMS, scp: 'Flows.Use.All' }, ENTRA, SCOPE],
    ['a user with a scope in another case', { ...USER_CLAIMS, scp: 'flows.use' }, ENTRA, SCOPE],
    ['a user with a role and without the scope', { ...USER_CLAIMS, scp: '', roles: ['Flow.Author'] }, ONE_ROLE, SCOPE],
    ['a user without roles', USER_CLAIMS, ONE_ROLE, USER_LACKS],
    ['a user with another role', { ...USER_CLAIMS, roles: ['Other'] }, ONE_ROLE, USER_LACKS],
    ['a user with a role that is text', { ...USER_CLAIMS, roles: 'Flow.Author' }, ONE_ROLE, USER_LACKS],
    [
      'a user without any of several roles',
      USER_CLAIMS,
      WITH_ROLES,
      role('You lack one of the roles Flow.Author, Flow.Admin', 'you'),
    ],
    ['an application without roles', { ...APP_CLAIMS, roles: undefined }, ONE_ROLE, APP_LACKS],
    ['an application with another role', { ...APP_CLAIMS, roles: ['Other'] }, ONE_ROLE, APP_LACKS],
    [
      'an application, if the API has no roles',
      APP_CLAIMS,
      ENTRA,
      'This API accepts no applications. Sign in with the account of a user.',
    ],
  ])('%s', (_, claims, settings, forbidden) => expect(checkClaims(claims, settings)).toEqual({ forbidden }));
});
