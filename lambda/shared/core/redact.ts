const REDACTED = '[redacted]';

/** A separator of a URL, plain or percent-encoded any number of times. */
const SLASH = '(?:/|%(?:25)*2F)';
const EQUALS = '(?:=|%(?:25)*3D)';
/** Start of a word. In JSON, a line break before it is two characters. */
const WORD = '(?:(?<![a-z0-9])|(?<=\\\\[nrt]))';
const URL_START = /https?:\/\//i;
const ENCODED_URL = /https?%(?:25)*3A/i;
/** Detects a flow URL without its beginning by the path of its trigger or its signature. */
const FLOW_PATH = new RegExp(`${SLASH}triggers${SLASH}|${WORD}sig${EQUALS}`, 'i');
/** A JSON Web Token. Every token begins with `{"` in base64. */
const WEB_TOKEN = /eyJ[\w-]+(?:\.[\w-]+)+/g;
/** A key of the custom connector's API. Its name stays, because it tells the operator which key to revoke. */
const API_KEY = /(cdpac_[a-z\d-]+_)[\w-]+/gi;
/** The last part of an outcome link: a delivery's id, which stays, and the secret (`lambda/delivery/core/outcomes/outcome-link.ts`). */
const OUTCOME_LINK = /(_[0-9a-f]{32}\.)[\w-]{22}/g;
/** A client secret of Microsoft Entra ID. Its fourth to sixth characters are a digit and `Q~`. */
const ENTRA_SECRET = /[\w.~-]{3}\dQ~[\w.~-]{20,}/g;
const BEARER = /(bearer(?:\s|\\+[nrt])+)[\w.~+/=-]{8,}/gi;
const SECRET_NAMES = 'client_?secret|client_?assertion|access_?token|refresh_?token|password|sig';
const NAMED_SECRET = new RegExp(`${WORD}(${SECRET_NAMES})(["'\\\\]*\\s*[:=]\\s*["'\\\\]*)[^\\s"'\\\\&,;}]+`, 'gi');
/** Fields whose whole value is a secret. AWS responses contain `SecretString` and `Plaintext`. */
const SECRET_FIELD = new RegExp(
  `^(?:${SECRET_NAMES}|(?:proxy-)?authorization|x-api-key|flow_?url|secret_?string|secret_?binary|plaintext)$`,
  'i',
);

/** Every pattern below matches only texts with one of these. Most texts of a log line have none. */
const POSSIBLE_SECRET = /[:=%/]|bearer|eyJ|cdpac_|_[0-9a-f]{32}\.|\dQ~/i;

/**
 * Removes everything that could start a flow or authenticate a caller: all parts of URLs except scheme and host, bearer
 * tokens, JSON Web Tokens, API keys, outcome links and named secrets.
 */
export const redactText = (text: string): string =>
  POSSIBLE_SECRET.test(text)
    ? text
        .replace(BEARER, `$1${REDACTED}`)
        .replace(NAMED_SECRET, `$1$2${REDACTED}`)
        .replace(/[^\s"'<>]+/g, redactWord)
        .replace(WEB_TOKEN, REDACTED)
        .replace(API_KEY, `$1${REDACTED}`)
        .replace(OUTCOME_LINK, `$1${REDACTED}`)
        .replace(ENTRA_SECRET, REDACTED)
    : text;

const SIGNATURE = new RegExp(`${WORD}sig${EQUALS}[\\w%~-]{16,}`, 'i');
const CREDENTIALS = [SIGNATURE, WEB_TOKEN, API_KEY, OUTCOME_LINK, ENTRA_SECRET];

/** Whether a text contains a credential for certain: a flow URL's signature, a token, an API key or a client secret. */
export const containsCredential = (text: string): boolean => CREDENTIALS.some((form) => text.search(form) !== -1);

const AWS_ACCESS_KEY_ID = /(?:AKIA|ASIA)[A-Z0-9]{16}/;
/** Keys and signatures in base64, base64url or hexadecimal. */
const KEY_LIKE = /[\w~.+/=-]{20,}/g;

/**
 * Whether a field's value could be a credential: it has a known form, or mixes lower case, upper case and digits like
 * random text. Other credentials are not detected.
 */
export function looksLikeCredential(text: string): boolean {
  const isKnown = AWS_ACCESS_KEY_ID.test(text) || redactText(text) !== text;
  return isKnown || (text.match(KEY_LIKE) ?? []).some(isMixed);
}

/** The kind of character changes at two of three places in random base64, and at one of two in hexadecimal. */
function isMixed(text: string): boolean {
  const kinds = text.replaceAll(/[^a-z\d]/gi, '').match(/[a-z]+|[A-Z]+|\d+/g) ?? [];
  return kinds.length > text.length / 3;
}

function redactWord(word: string): string {
  const url = URL_START.exec(word);
  if (url) {
    const before = redactWord(word.slice(0, url.index));
    const rest = word.slice(url.index + url[0].length);
    const authority = /^[^/?#\\]*/.exec(rest)?.[0] ?? '';
    const host = authority.slice(authority.lastIndexOf('@') + 1);
    return `${before}${url[0]}${host}${authority === rest ? '' : `/${REDACTED}`}`;
  }
  return ENCODED_URL.test(word) || FLOW_PATH.test(word) ? REDACTED : word;
}

/** A replacer for JSON.stringify that redacts values and field names. */
export function redactor(): (key: string, value: unknown) => unknown {
  // One copy for each object, so that JSON.stringify detects cycles.
  const copies = new WeakMap<object, object>();
  return (key, value) => {
    if (value === undefined || value === null) return value;
    if (SECRET_FIELD.test(key)) return REDACTED;
    if (typeof value === 'string') return redactText(value);
    if (typeof value !== 'object' || value instanceof Error || Array.isArray(value)) return value;
    if (isBytes(value)) return '[bytes]';
    if (Object.keys(value).every((name) => redactText(name) === name)) return value;
    const known = copies.get(value);
    if (known) return known;
    const copy = Object.fromEntries(Object.entries(value).map(([name, inner]) => [redactText(name), inner]));
    copies.set(value, copy);
    return copy;
  };
}

/** Bytes, or a Buffer after `toJSON`, which runs before the replacer. */
const isBytes = (value: object): boolean =>
  ArrayBuffer.isView(value) || ('type' in value && value.type === 'Buffer' && 'data' in value);

/** A copy of an error with its name, message and stack redacted, and without other fields. */
export function redactError(error: unknown): Error {
  const { name, message, stack } = error instanceof Error ? error : new Error(String(error));
  const shown = new Error(redactText(message));
  shown.name = redactText(name);
  shown.stack = redactText(stack ?? '');
  return shown;
}
