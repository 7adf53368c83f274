import { createHash } from 'node:crypto';
import { containsCredential } from '../../shared/core/redact';

/** Maximum characters of a flow URL. Power Automate's URLs have about 290. */
export const MAX_FLOW_URL_LENGTH = 2048;

/**
 * Parent domains of the hosts of flow URLs (Power Automate's page on IP address configuration, "narrow allow list").
 * The last one is Logic Apps Standard. The parent domains themselves are not allowed.
 */
const FLOW_HOST_SUFFIXES: readonly string[] = [
  'api.powerplatform.com',
  'api.gov.powerplatform.microsoft.us',
  'api.high.powerplatform.microsoft.us',
  'api.appsplatform.us',
  'api.powerplatform.partner.microsoftonline.cn',
  'logic.azure.com',
  'logic.azure.us',
  'logic.azure.cn',
  'azurewebsites.net',
];

/** The most common mistake: the URL of a flow that is limited to its tenant, or a URL that a shell cut off. */
export const NO_SIGNATURE =
  'No signature. Either the flow allows only your tenant (set *Who can trigger the flow* to *Anyone*, or use ' +
  '`auth: entra`), or the URL was cut at `&` (quote it).';

/** Power Automate rejects a request with both (DirectApiRequestHasMoreThanOneAuthorization). */
export const SIGNATURE_AND_TOKEN =
  'The flow URL has a signature (sig), but the subscription has auth, which replaces it: the URL of a flow that allows ' +
  'only your tenant has none, so copy it again; or remove auth for a flow that allows *Anyone*.';

/** Anyone can register a host here. A token or an event that is sent to it can reach a stranger. */
export const OPEN_HOSTS = 'azurewebsites.net';

/** A signature is a SHA-256 in base64url. */
const SIGNATURE_LENGTH = 43;

const COPY_AGAIN =
  "copy the HTTP URL from the flow's first step again (*When an HTTP request is received* or *When a Teams webhook " +
  'request is received*)';

/** Hosts of links that are commonly mistaken for the flow URL, and what they are. */
const LOOKALIKE_HOSTS: readonly (readonly [suffix: string, what: string])[] = [
  ['safelinks.protection.outlook.com', 'a link that Outlook rewrote (Safe Links)'],
  ['make.powerautomate.com', "the page of the flow's designer"],
  ['flow.microsoft.com', "the page of the flow's designer"],
  ['webhook.office.com', 'an Office 365 connector, which Microsoft has retired in favour of flows'],
  ['portal.azure.com', 'a page of the Azure portal'],
];

/** Characters that no flow URL contains, and their usual cause. The first match is reported. */
const INVALID_CHARACTERS: readonly (readonly [RegExp, string])[] = [
  [/[\r\n]/, 'The flow URL contains a line break; write it on one line.'],
  [/\s/, 'The flow URL contains a space; remove it.'],
  [/["'`<>]|%22$/, 'The flow URL contains a quotation mark or a bracket; write only the URL.'],
  [/&amp;/, 'The flow URL contains &amp;, the HTML form of &; write & instead.'],
  [/[{}]/, `The flow URL contains a brace, so a placeholder was not replaced; write \${NAME} for a variable.`],
  [/\\/, 'The flow URL contains a backslash; write & and the other characters without a backslash.'],
  [/[^\x21-\x7e]/, `The flow URL contains a character that no URL has (maybe invisible); ${COPY_AGAIN}.`],
];

export interface FlowUrlOptions {
  /** Additional allowed host suffixes: the host itself and every subdomain. */
  readonly extraHosts?: readonly string[];
  /** Allows http and https on any port of the local machine. For the local run only. */
  readonly loopback?: boolean;
  /**
   * How the call is authorized: by the URL's signature, or by a token, with which the URL must have no signature.
   * `later`: the caller uses `credentialProblem`.
   *
   * @default 'signature'
   */
  readonly credential?: 'signature' | 'token' | 'later';
}

export interface FlowUrl {
  /** The normalized URL. A credential: anyone who has it can start the flow. */
  readonly url: string;
  /** The only part of the URL that can be shown. */
  readonly host: string;
  /** A likely problem, in one sentence. */
  readonly warning?: string;
}

/**
 * Checks a flow URL. Never throws. A reason is one or two sentences that say what to write and quote only the URL's
 * host.
 */
export function checkFlowUrl(text: string, options: FlowUrlOptions = {}): FlowUrl | { reason: string } {
  const trimmed = text.trim();
  if (trimmed === '') return { reason: `The flow URL is empty; ${COPY_AGAIN}.` };
  if (trimmed.length > MAX_FLOW_URL_LENGTH) {
    return { reason: `The flow URL is longer than ${MAX_FLOW_URL_LENGTH} characters; ${COPY_AGAIN}.` };
  }
  const stray = INVALID_CHARACTERS.find(([pattern]) => pattern.test(trimmed));
  if (stray) return { reason: stray[1] };
  if (!/^https?:\/\//i.test(trimmed)) {
    return { reason: `The flow URL does not start with https://; ${COPY_AGAIN}.` };
  }
  // Checked before `URL.parse`, which writes the host in lower case.
  if (containsCredential(/^https?:\/\/[^/?#]*/i.exec(trimmed)?.[0] ?? '')) {
    return { reason: `The host of the flow URL contains a token, a key or a client secret; ${COPY_AGAIN}.` };
  }
  const url = URL.parse(trimmed);
  if (!url) return { reason: `The flow URL is not a complete web address; ${COPY_AGAIN}.` };
  const reason = whyRejected(url, options);
  if (reason) return { reason };
  const warning = isLoopbackHost(url.hostname) ? undefined : warningAbout(url);
  return { url: url.href, host: url.host, ...(warning && { warning }) };
}

/**
 * The problem with a URL's signature, as a sentence of `checkFlowUrl`. Undefined: no problem.
 * @param url a URL that `checkFlowUrl` accepts otherwise.
 * @param token whether the request has a token.
 */
export function credentialProblem(url: URL, token: boolean): string | undefined {
  const signed = url.searchParams.has('sig');
  if (token && signed) return SIGNATURE_AND_TOKEN;
  if (token && isUnder(url.hostname, OPEN_HOSTS)) {
    return `${shortHost(url.hostname)} is a host of Logic Apps Standard, which accepts no token of Power Automate; remove auth.`;
  }
  if (token || url.searchParams.get('sig')) return undefined;
  // A local stand-in for a flow needs no signature. A copied URL without its signature is reported as elsewhere.
  return isLoopbackHost(url.hostname) && url.search === '' ? undefined : NO_SIGNATURE;
}

/** SHA-256 of the URL in hex, to compare URLs without storing them. */
export function fingerprint(url: string): string {
  return createHash('sha256').update(url).digest('hex');
}

function whyRejected(url: URL, options: FlowUrlOptions): string | undefined {
  if (url.username || url.password) {
    return `The flow URL has a user name or password before its host; ${COPY_AGAIN}.`;
  }
  if (url.hash) return `The flow URL contains a #, which no flow URL has; ${COPY_AGAIN}.`;
  const ofThisMachine = isLoopbackHost(url.hostname);
  if (!(ofThisMachine && options.loopback)) {
    const host = shortHost(url.hostname);
    if (ofThisMachine) return `${host} is the local machine, which is allowed only in the local run; ${COPY_AGAIN}.`;
    const wrongHost = whyHostRejected(url.hostname, options.extraHosts ?? []);
    if (wrongHost) return wrongHost;
    if (url.protocol !== 'https:') return `The flow URL on ${host} starts with http://; write https://.`;
    if (url.port !== '') return `The flow URL on ${host} has port ${url.port}; write port 443 or none.`;
  }
  return options.credential === 'later' ? undefined : credentialProblem(url, options.credential === 'token');
}

function whyHostRejected(host: string, extraHosts: readonly string[]): string | undefined {
  const shown = shortHost(host);
  if (isIpAddress(host)) return `The flow URL has the IP address ${shown} as its host; ${COPY_AGAIN}.`;
  if (isFlowHost(host)) return undefined;
  if (extraHosts.some((suffix) => isUnder(host, suffix))) return undefined;
  const mistaken = LOOKALIKE_HOSTS.find(([suffix]) => isUnder(host, suffix));
  if (mistaken) return `${shown} is ${mistaken[1]}, not the flow's own URL; ${COPY_AGAIN}.`;
  return (
    `${shown} is not a host of Power Automate or Logic Apps (such as *.api.powerplatform.com); ${COPY_AGAIN}, or add ` +
    "the host to the connector's extra flow hosts."
  );
}

function warningAbout(url: URL): string | undefined {
  const warnings: string[] = [];
  if (isUnder(url.hostname, 'logic.azure.com')) {
    warnings.push(
      'Power Automate flows stopped responding on logic.azure.com on November 30, 2025; unless this is an Azure ' +
        'Logic App, copy the new URL from the flow.',
    );
  }
  const signature = url.searchParams.get('sig');
  if (signature !== null && signature.length < SIGNATURE_LENGTH) {
    warnings.push(`The signature has fewer than ${SIGNATURE_LENGTH} characters; the end of the URL may be missing.`);
  }
  return warnings.length > 0 ? warnings.join(' ') : undefined;
}

/** Whether a host is one of Power Automate or Logic Apps. */
export const isFlowHost = (host: string): boolean => FLOW_HOST_SUFFIXES.some((suffix) => host.endsWith(`.${suffix}`));

/** Whether a host is a suffix itself or a subdomain of it. `.example.com` and `*.example.com` mean `example.com`. */
export function isUnder(host: string, suffix: string): boolean {
  const plain = suffix
    .trim()
    .toLowerCase()
    .replace(/^\*?\.+/, '');
  return plain !== '' && (host === plain || host.endsWith(`.${plain}`));
}

// `URL` has already converted every form of an IPv4 address (hex, octal, one number) to four decimal parts.
export const isIpAddress = (host: string): boolean => /^\d+(\.\d+){3}$/.test(host) || host.startsWith('[');

/** Whether a URL's host is the local machine. */
export const isLoopbackHost = (host: string): boolean =>
  host === 'localhost' || host === '[::1]' || (isIpAddress(host) && host.startsWith('127.'));

const shortHost = (host: string): string => (host.length > 100 ? `${host.slice(0, 99)}…` : host);
