import { Token } from 'aws-cdk-lib';

/** Maximum length of names and units in events, characters. Same as in `lambda/events/core/events.ts`. */
const MAX_NAME_LENGTH = 200;

/** Whether a text has 1 to `maxLength` characters and no leading or trailing whitespace. */
const isName = (text: string, maxLength: number): boolean =>
  text.trim() === text && text.length >= 1 && text.length <= maxLength;

/** @throws Error if the name cannot be a name in events. Tokens are accepted. */
export function validateName(option: string, name: string, maxLength = MAX_NAME_LENGTH): void {
  if (Token.isUnresolved(name) || isName(name, maxLength)) return;
  throw new Error(`${option} is '${name}': write 1 to ${maxLength} characters, without blanks at the ends`);
}

/** @throws Error if a list has too few or too many names, or a name twice. `key` maps names that count as the same. */
export function validateNameCount(
  option: string,
  names: string[],
  minimum: number,
  maximum: number,
  key = (name: string) => name,
): void {
  if (names.length < minimum || names.length > maximum) {
    throw new Error(`${option} has ${names.length} names: write ${minimum} to ${maximum}`);
  }
  const keys = names.map(key);
  const twice = names.find((name, n) => keys.indexOf(key(name)) !== n);
  if (twice !== undefined) throw new Error(`${option} has '${twice}' twice: write each name once`);
}

/** @throws Error if the text is blank. */
export function validateNotBlank(option: string, text: string): void {
  if (text.trim() === '') throw new Error(`${option} is empty: write a value`);
}

/** Half of a surrogate pair. UTF-8 cannot encode it, so it would become another character in transit. */
const LONE_SURROGATE = /\p{Surrogate}/u;
/** Start and end of a variable in input templates of EventBridge, which contain the names. */
const ANGLE_BRACKET = /[<>]/;

/**
 * @throws Error if a text cannot be part of an input template of EventBridge.
 * @param hint the allowed texts, such as "1 to 200 characters".
 */
export function validateInTemplate(option: string, text: string, fits: boolean, hint: string): void {
  if (LONE_SURROGATE.test(text)) {
    throw new Error(
      `${option} is ${JSON.stringify(text)}: it has half of a surrogate pair, which is no character; write whole characters`,
    );
  }
  if (fits && !ANGLE_BRACKET.test(text)) return;
  throw new Error(`${option} is ${JSON.stringify(text)}: write ${hint} without < and >`);
}

/** @throws Error if the name cannot be part of an input template, or is a token. */
export function validateNameInTemplate(option: string, name: string): void {
  if (Token.isUnresolved(name)) throw new Error(`${option} is a token: write the name itself`);
  const hint = `1 to ${MAX_NAME_LENGTH} characters, without blanks at the ends and`;
  validateInTemplate(option, name, isName(name, MAX_NAME_LENGTH), hint);
}

/** A domain name with two or more labels, without scheme, port, path or wildcard. */
const HOST = /^([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z0-9-]*[a-z][a-z0-9-]*$/;

export const isHost = (text: string): boolean => HOST.test(text);

/** @throws Error if a text cannot be the end of a host name. Tokens are accepted. */
export function validateHosts(option: string, hosts: string[]): void {
  for (const host of hosts) {
    if (Token.isUnresolved(host) || isHost(host)) continue;
    // Shows only values that cannot be a URL, because a URL may be a credential.
    const what = /^[\w.*-]*$/.test(host) ? `'${host}'` : 'an invalid host name';
    throw new Error(
      `${option} has ${what}: write the end of a host name in lower case, such as 'flows.example.com', without scheme, port, path or '*'`,
    );
  }
}
