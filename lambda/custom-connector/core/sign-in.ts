import { API_KEY_HEADER, type EntraSignInSettings, type SignInSettings } from '../../../contract/custom-connector';
import { matchesHash, parseKey } from './api-key';
import { checkClaims } from './entra-claims';
import { type ApiRequest, type ApiResponse, type Caller, type ProblemCode, problem } from './http';
import type { SignInPorts, StoredKey } from './ports';

/** Log messages of sign-in. Each comment lists the message's details. */
export const SignInMessage = {
  /** `code`, `reason`; `key`: the name in a key; `cause`: why the signing keys are not available */
  REFUSED: 'a caller could not sign in',
  /** `key`, `error` */
  USE_NOT_RECORDED: 'the use of an API key could not be recorded',
} as const;

/** The caller, or the response to a caller who could not sign in. */
export type SignInResult = { readonly caller: Caller } | { readonly refusal: ApiResponse };

interface Refusal {
  readonly code: ProblemCode;
  readonly message: string;
  /** For the log only. */
  readonly details?: { readonly key?: string; readonly cause?: string };
}

type Outcome = { readonly caller: Caller } | Refusal;

/** What a request sends to sign in. */
interface Credentials {
  readonly token?: string;
  readonly key?: string;
}

/** Signs a caller in with an access token of Microsoft Entra ID or an API key. */
export async function signIn({ headers }: ApiRequest, ports: SignInPorts): Promise<SignInResult> {
  const outcome = await check(credentialsOf(headers), ports);
  if ('caller' in outcome) return outcome;
  const { code, message, details } = outcome;
  ports.telemetry.info(SignInMessage.REFUSED, { code, reason: message, ...details });
  return { refusal: problem(code, message) };
}

/** An empty header is absent: the connector sends an empty `x-api-key` with connections of Entra ID. */
function credentialsOf(headers: ApiRequest['headers']): Credentials {
  const [, token] = /^Bearer +(\S+)$/i.exec(headers.authorization?.trim() ?? '') ?? [];
  return { token, key: headers[API_KEY_HEADER]?.trim() || undefined };
}

/**
 * If a request has both, the token decides: it names a person and expires. A refused token is not replaced by the key,
 * because the caller would act as someone else than the connection shows.
 */
async function check(sent: Credentials, ports: SignInPorts): Promise<Outcome> {
  const { keys, entra } = ports.settings;
  if (sent.token && entra) return byToken(sent.token, entra, ports);
  if (sent.key && keys) return byKey(sent.key, ports);
  return { code: 'unauthorized', message: howToSignIn(sent, ports.settings) };
}

function howToSignIn(sent: Credentials, { keys, entra }: SignInSettings): string {
  const ways = [
    ...(entra ? ['with Microsoft Entra ID (access token in the header Authorization)'] : []),
    ...(keys ? [`with an API key of the operator (header ${API_KEY_HEADER})`] : []),
  ].join(' or ');
  const refused = sent.token ? 'This API accepts no access tokens. ' : sent.key ? 'This API accepts no API keys. ' : '';
  return `${refused}Sign in ${ways}.`;
}

const NEW_KEY = 'Ask the operator of this API for a new key, then update the connection.';

async function byKey(text: string, { keys, clock, telemetry }: SignInPorts): Promise<Outcome> {
  const parsed = parseKey(text);
  const key = parsed && (await keys.read(parsed.name));
  if (!key || !matchesHash(text, key.hash)) {
    // One text for all reasons, so that it does not reveal which names exist.
    return refusedKey(`The API key is unknown or revoked. ${NEW_KEY}`, parsed?.name);
  }
  const { name, expiresAt } = key;
  const now = clock();
  if (expiresAt !== undefined && now >= expiresAt) {
    return refusedKey(`The API key expired on ${new Date(expiresAt).toISOString().slice(0, 10)}. ${NEW_KEY}`, name);
  }
  if (isUseDue(key, now)) {
    try {
      await keys.used(key, now);
    } catch (error) {
      // Only the operator needs the record.
      telemetry.warn(SignInMessage.USE_NOT_RECORDED, { key: name, error: String(error) });
    }
  }
  return { caller: { id: `key:${name}`, name } };
}

const refusedKey = (message: string, key: string | undefined): Refusal => ({
  code: 'unauthorized',
  message,
  details: { key },
});

/** One write a day for each key. */
const USE_RECORDED_EVERY_MS = 24 * 60 * 60_000;

const isUseDue = ({ lastUsedAt }: StoredKey, now: number): boolean =>
  lastUsedAt === undefined || now >= lastUsedAt + USE_RECORDED_EVERY_MS;

async function byToken(token: string, entra: EntraSignInSettings, { verifyToken }: SignInPorts): Promise<Outcome> {
  const verified = await verifyToken(token);
  if ('unavailable' in verified) {
    const message = 'The access token cannot be checked, because Microsoft Entra ID does not respond. Try again later.';
    return { code: 'unavailable', message, details: { cause: verified.unavailable } };
  }
  if ('invalid' in verified) return { code: 'unauthorized', message: `${verified.invalid} ${SIGN_IN_AGAIN}` };
  const checked = checkClaims(verified.claims, entra);
  if ('invalid' in checked) return { code: 'unauthorized', message: checked.invalid };
  if ('forbidden' in checked) return { code: 'forbidden', message: checked.forbidden };
  return checked;
}

const SIGN_IN_AGAIN = 'Sign in to the connection again.';
