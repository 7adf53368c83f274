const REDACTED = '[redacted]';

/** A separator of a URL, also percent-encoded, however often. */
const SLASH = '(?:/|%(?:25)*2F)';
const EQUALS = '(?:=|%(?:25)*3D)';
/** Where a word begins; in a text that was made JSON, a line break is two characters. */
const WORD = '(?:(?<![a-z0-9])|(?<=\\\\[nrt]))';
const URL_START = /https?:\/\//i;
const ENCODED_URL = /https?%(?:25)*3A/i;
/** What a flow URL is known by where its beginning is missing: the path of its trigger, or its signature. */
const FLOW_PATH = new RegExp(`${SLASH}triggers${SLASH}|${WORD}sig${EQUALS}`, 'i');
/** A JSON Web Token: each begins with `{"` in base64. */
const WEB_TOKEN = /eyJ[\w-]+(?:\.[\w-]+)+/g;
const BEARER = /(bearer(?:\s|\\+[nrt])+)[\w.~+/=-]{8,}/gi;
const SECRET_NAMES = 'client_?secret|client_?assertion|access_?token|refresh_?token|password|sig';
const NAMED_SECRET = new RegExp(`${WORD}(${SECRET_NAMES})(["'\\\\]*\\s*[:=]\\s*["'\\\\]*)[^\\s"'\\\\&,;}]+`, 'gi');
/** Fields whose value is a secret as a whole. `SecretString`, `Plaintext`: in the answers of AWS. */
const SECRET_FIELD = new RegExp(
  `^(?:${SECRET_NAMES}|(?:proxy-)?authorization|flow_?url|secret_?string|secret_?binary|plaintext)$`,
  'i',
);

/**
 * A text without what could start a flow or sign somebody in. Of a URL only its scheme and host are left, whatever it is;
 * bearer tokens, JSON Web Tokens and what is named as a secret are left out.
 */
export const redactText = (text: string): string =>
  text
    .replace(BEARER, `$1${REDACTED}`)
    .replace(NAMED_SECRET, `$1$2${REDACTED}`)
    .replace(/[^\s"'<>]+/g, redactWord)
    .replace(WEB_TOKEN, REDACTED);

/** A client secret of Microsoft Entra ID: its fourth to sixth characters are a digit and `Q~`. */
const ENTRA_SECRET = /[\w.~-]{3}\dQ~[\w.~-]{20,}/;
const AWS_ACCESS_KEY_ID = /(?:AKIA|ASIA)[A-Z0-9]{16}/;
/** What keys and signatures are written in: base64, base64url and hexadecimal. */
const KEY_LIKE = /[\w~.+/=-]{20,}/g;

/**
 * Whether a value that somebody wrote into a field could be a credential: in a known form, or because it mixes small
 * letters, capitals and digits as random texts do and names do not. A credential without such a form is not recognized.
 */
export function looksLikeCredential(text: string): boolean {
  const isKnown = ENTRA_SECRET.test(text) || AWS_ACCESS_KEY_ID.test(text) || redactText(text) !== text;
  return isKnown || (text.match(KEY_LIKE) ?? []).some(isMixed);
}

/** Random base64 changes its kind of character at two places of three, hexadecimal at one of two. */
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

/** A replacer for JSON.stringify (its second argument): redacts what it writes, names of fields among it. */
export function redactor(): (key: string, value: unknown) => unknown {
  // A cycle must stay one: an object has one copy.
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

/** Bytes, or what a Buffer's own `toJSON` made of them before a replacer sees it. */
const isBytes = (value: object): boolean =>
  ArrayBuffer.isView(value) || ('type' in value && value.type === 'Buffer' && 'data' in value);

/** An error as it may be shown: its name, message and stack, and nothing that hangs on it. */
export function redactError(error: unknown): Error {
  const { name, message, stack } = error instanceof Error ? error : new Error(String(error));
  const shown = new Error(redactText(message));
  shown.name = redactText(name);
  shown.stack = redactText(stack ?? '');
  return shown;
}
