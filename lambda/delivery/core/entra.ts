import { WEB_IDENTITY_AUDIENCES } from '../../../contract/delivery';
import type { EntraAuth, EntraCloud } from '../../subscriptions/core/subscription';
import { parseJson } from './json';
import { type FlowResponse, NotCalled } from './response';

/** Token endpoint and audiences of a cloud. */
export interface EntraCloudFacts {
  /** Host of the token endpoint (Microsoft identity platform, "National clouds"; GCC uses the global one). */
  readonly authority: string;
  /** `aud` of a token that starts a flow (Power Automate, "Add OAuth authentication for HTTP request triggers"). */
  readonly audience: string;
  /** `aud` of a federated token for an application (Microsoft Entra, workload identity federation). */
  readonly federationAudience: string;
}

const PUBLIC = { authority: 'login.microsoftonline.com', federationAudience: WEB_IDENTITY_AUDIENCES.global };
const GOVERNMENT = { authority: 'login.microsoftonline.us', federationAudience: WEB_IDENTITY_AUDIENCES.usGovernment };
const CHINA = { authority: 'login.partner.microsoftonline.cn', federationAudience: WEB_IDENTITY_AUDIENCES.china };

export const CLOUD_FACTS: Readonly<Record<EntraCloud, EntraCloudFacts>> = {
  public: { ...PUBLIC, audience: 'https://service.flow.microsoft.com/' },
  gcc: { ...PUBLIC, audience: 'https://gov.service.flow.microsoft.us/' },
  'gcc-high': { ...GOVERNMENT, audience: 'https://high.service.flow.microsoft.us/' },
  dod: { ...GOVERNMENT, audience: 'https://service.flow.appsplatform.us/' },
  china: { ...CHINA, audience: 'https://service.powerautomate.cn/' },
};

/** Credential of the application: its client secret, or a token of AWS STS. */
export type ClientCredential = { readonly secret: string } | { readonly assertion: string };

/** The path of a tenant's token endpoint (OAuth 2.0 client credentials on the Microsoft identity platform). */
export const tokenPath = ({ tenantId }: EntraAuth): string => `/${encodeURIComponent(tenantId)}/oauth2/v2.0/token`;

/** The form of a token request (RFC 6749 §4.4.2; with an assertion, RFC 7521 §4.2 and RFC 7523 §2.2). */
export function tokenForm(auth: EntraAuth, credential: ClientCredential): string {
  return new URLSearchParams({
    grant_type: 'client_credentials',
    client_id: auth.clientId,
    // Two slashes, because `aud` must keep the slash at the end of the audience.
    scope: `${CLOUD_FACTS[auth.cloud].audience}/.default`,
    ...('secret' in credential
      ? { client_secret: credential.secret }
      : {
          client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
          client_assertion: credential.assertion,
        }),
  }).toString();
}

export interface EntraToken {
  readonly token: string;
  /** Epoch milliseconds. */
  readonly expiresAt: number;
}

/** Why no token is available. Used in place of a flow's response. */
export type TokenFailure = FlowResponse & { readonly error: string; readonly problem: string };

export const tokenFailure = (error: string, problem: string): TokenFailure => ({ error, problem });

/** Milliseconds before its expiry from which a token is not used, for clock skew and the request's duration. */
const STALE_BEFORE_MS = 5 * 60_000;

export const isStale = ({ expiresAt }: EntraToken, now: number): boolean => now >= expiresAt - STALE_BEFORE_MS;

/** Response of the token endpoint. */
export interface TokenResponse {
  readonly status: number | undefined;
  /** Undefined if it was cut off. */
  readonly body: string | undefined;
  /** `Retry-After` as sent. */
  readonly retryAfter?: string;
}

/**
 * Reads the response of a token endpoint. Takes only the AADSTS code from an error, because its texts can quote the
 * request.
 */
export function readTokenResponse(
  { status = 0, body, retryAfter }: TokenResponse,
  auth: EntraAuth,
  now: number,
): EntraToken | TokenFailure {
  const host = CLOUD_FACTS[auth.cloud].authority;
  const json = body === undefined ? undefined : jsonObject(body);
  const code = json && aadstsCode(json);
  if (status === 408 || status === 429 || status >= 500 || json?.error === 'temporarily_unavailable') {
    const responded = [status, code].filter(Boolean).join(' ');
    const problem = `Entra ID could not issue a token: ${host} responded ${responded}`;
    return { ...tokenFailure(NotCalled.ENTRA_UNAVAILABLE, problem), retryAfter };
  }
  if (body === undefined) {
    const problem = `Entra ID could not issue a token: the response of ${host} was cut off`;
    return tokenFailure(NotCalled.ENTRA_UNREACHABLE, problem);
  }
  const token = json && status === 200 ? tokenOf(json, now) : undefined;
  if (token) return token;
  if (json && status >= 400) {
    const fix = (code && REFUSALS[code]) ?? OTHER_REFUSAL;
    return tokenFailure(code ?? NotCalled.ENTRA_REFUSED, `Entra ID refused a token (${code ?? status}): ${fix}`);
  }
  return tokenFailure(
    NotCalled.ENTRA_UNEXPECTED_RESPONSE,
    `the response of ${host} is not from Entra ID (${status} without a token): ` +
      `check for a proxy and allow requests to ${host}`,
  );
}

const OTHER_REFUSAL =
  'check tenantId, clientId and the credential; the code is explained at https://login.microsoftonline.com/error';

/** Common refusals and how to fix them (Microsoft Entra authentication and authorization error codes). */
export const REFUSALS: Readonly<Record<string, string>> = {
  AADSTS90002: 'the tenant does not exist in this cloud; check tenantId and cloud',
  AADSTS700016: 'the application does not exist in the tenant; check clientId, tenantId and cloud',
  AADSTS7000215: 'the client secret is wrong; store the value of the client secret, not its id',
  AADSTS7000222: 'the client secret has expired; create a new one and store its value',
  AADSTS700211: "no federated credential of the application has this issuer; add one with the AWS account's issuer URL",
  AADSTS700212: 'no federated credential of the application has this audience; see docs/entra.md for the right one',
  AADSTS700213:
    "no federated credential of the application has this subject; add one with the ARN of the function's role",
  AADSTS500011:
    'the tenant does not know Power Automate as a resource; check cloud, and that the tenant uses Power Automate',
  AADSTS501051: 'the tenant requires the application to be assigned to Power Automate; assign it',
  AADSTS53003: 'a Conditional Access policy of the tenant blocks the application; allow it',
  AADSTS7000112: 'the application is disabled; enable it',
};

function jsonObject(text: string): Record<string, unknown> | undefined {
  const value = parseJson(text);
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
}

function tokenOf(
  { access_token, token_type, expires_in }: Record<string, unknown>,
  now: number,
): EntraToken | undefined {
  // The characters of a bearer token (RFC 6750 §2.1), which are also safe in a header.
  if (typeof access_token !== 'string' || !/^[\w.~+/-]+=*$/.test(access_token)) return undefined;
  if (typeof token_type !== 'string' || token_type.toLowerCase() !== 'bearer') return undefined;
  const seconds = Number(expires_in);
  return seconds > 0 ? { token: access_token, expiresAt: now + seconds * 1000 } : undefined;
}

function aadstsCode({ error_codes, error_description }: Record<string, unknown>): string | undefined {
  const [number] = Array.isArray(error_codes) ? error_codes : [];
  if (Number.isSafeInteger(number) && number > 0) return `AADSTS${number}`;
  return /^AADSTS\d{4,10}(?=\D|$)/.exec(String(error_description))?.[0];
}
