import { createHash } from 'node:crypto';

/** Longest flow URL, characters. Power Automate's own are about 290 long. */
export const MAX_FLOW_URL_LENGTH = 2048;

/**
 * Hosts under which Power Automate and Logic Apps take the requests that start a flow (Power Automate's page on IP
 * address configuration, "narrow allow list"; the last is Logic Apps Standard). Only names under them count.
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

/** The one thing that people get wrong most: the URL of a flow that is not open to anyone, or one cut by a shell. */
export const NO_SIGNATURE =
  'No signature. Either the flow allows only your tenant (set *Who can trigger the flow* to *Anyone*, or use ' +
  '`auth: entra`), or the URL was cut at `&` (quote it).';

/** Power Automate refuses a request with both (DirectApiRequestHasMoreThanOneAuthorization). */
export const SIGNATURE_AND_TOKEN =
  'The flow URL has a signature (sig), and the subscription has auth, which stands in its place: the URL of a flow that ' +
  'allows only your tenant has none, so copy it from the flow again; or leave auth out for a flow that allows *Anyone*.';

/** Under it anybody can have a host: a token that is sent there is given away. */
const HOSTS_WITHOUT_TOKENS = 'azurewebsites.net';

/** A signature is a SHA-256 in base64url. */
const SIGNATURE_LENGTH = 43;

const COPY_AGAIN =
  "copy the HTTP URL from the flow's first step again (*When an HTTP request is received* or *When a Teams webhook " +
  'request is received*)';

/** Hosts of links that people take for the flow URL, and what they are. */
const LOOKALIKE_HOSTS: readonly (readonly [suffix: string, what: string])[] = [
  ['safelinks.protection.outlook.com', 'a link that Outlook rewrote (Safe Links)'],
  ['make.powerautomate.com', "the page of the flow's designer"],
  ['flow.microsoft.com', "the page of the flow's designer"],
  ['webhook.office.com', 'an Office 365 connector, which Microsoft has retired in favour of flows'],
  ['portal.azure.com', 'a page of the Azure portal'],
];

/** What a flow URL cannot hold, and how it got there. The first that fits is told. */
const INVALID_CHARACTERS: readonly (readonly [RegExp, string])[] = [
  [/[\r\n]/, 'The flow URL has a line break in it; write it on one line.'],
  [/\s/, 'The flow URL has a space in it; write it without, on one line.'],
  [/["'`<>]|%22$/, 'The flow URL has a quotation mark or a bracket in it; write the URL alone.'],
  [/&amp;/, 'The flow URL has &amp; in it, as a web page writes the sign &; write & alone.'],
  [/[{}]/, `The flow URL has a brace in it, so a placeholder was not filled in; write \${NAME} for a variable.`],
  [/\\/, 'The flow URL has a backslash in it; write & and the other signs without a backslash.'],
  [/[^\x21-\x7e]/, `The flow URL has a character in it that no URL holds (maybe an invisible one); ${COPY_AGAIN}.`],
];

export interface FlowUrlOptions {
  /** Host suffixes that are accepted besides the built-in ones: the host itself and every name under it. */
  readonly extraHosts?: readonly string[];
  /** Accepts http and https on any port of the own machine. For the local run only. */
  readonly loopback?: boolean;
  /**
   * What lets the caller in: the URL's own signature, or a token that goes with the request, beside which the URL must not
   * have one. `later`: `credentialProblem` is asked where it is known.
   *
   * @default 'signature'
   */
  readonly credential?: 'signature' | 'token' | 'later';
}

export interface FlowUrl {
  /** The URL in its normal form. A credential: whoever has it can start the flow. */
  readonly url: string;
  /** What may be shown of it. */
  readonly host: string;
  /** Something that will probably not work, in a sentence. */
  readonly warning?: string;
}

/**
 * Checks a flow URL. Never throws; a reason is one or two sentences that say what to write, and quotes no more of the
 * URL than its host.
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
  const url = URL.parse(trimmed);
  if (!url) return { reason: `The flow URL is no complete web address; ${COPY_AGAIN}.` };
  const reason = whyRejected(url, options);
  if (reason) return { reason };
  const warning = isLoopbackHost(url.hostname) ? undefined : warningAbout(url);
  return { url: url.href, host: url.host, ...(warning && { warning }) };
}

/**
 * What is wrong with a URL's signature, a sentence as `checkFlowUrl` gives it; undefined: nothing.
 * @param url one that `checkFlowUrl` has accepted otherwise.
 * @param token whether a token goes with the request.
 */
export function credentialProblem(url: URL, token: boolean): string | undefined {
  const signed = url.searchParams.has('sig');
  if (token && signed) return SIGNATURE_AND_TOKEN;
  if (token && isUnder(url.hostname, HOSTS_WITHOUT_TOKENS)) {
    return `${shortHost(url.hostname)} is a host of Logic Apps Standard, which takes no token of Power Automate; leave auth out.`;
  }
  if (token || url.searchParams.get('sig')) return undefined;
  // A stand-in of the user's own needs no signature; a copied URL that has lost its own is told as elsewhere.
  return isLoopbackHost(url.hostname) && url.search === '' ? undefined : NO_SIGNATURE;
}

/** SHA-256 of the URL in hex: tells that two URLs are the same without holding them. */
export function fingerprint(url: string): string {
  return createHash('sha256').update(url).digest('hex');
}

function whyRejected(url: URL, options: FlowUrlOptions): string | undefined {
  if (url.username || url.password) {
    return `The flow URL has a user name or password before its host; ${COPY_AGAIN}.`;
  }
  if (url.hash) return `The flow URL has a # in it, which no flow URL has; ${COPY_AGAIN}.`;
  const ofThisMachine = isLoopbackHost(url.hostname);
  if (!(ofThisMachine && options.loopback)) {
    const host = shortHost(url.hostname);
    if (ofThisMachine) return `${host} is the own machine, which is accepted in the local run only; ${COPY_AGAIN}.`;
    const wrongHost = whyHostRejected(url.hostname, options.extraHosts ?? []);
    if (wrongHost) return wrongHost;
    if (url.protocol !== 'https:') return `The flow URL on ${host} starts with http://; write https://.`;
    if (url.port !== '') return `The flow URL on ${host} has port ${url.port}; write port 443 or none.`;
  }
  return options.credential === 'later' ? undefined : credentialProblem(url, options.credential === 'token');
}

function whyHostRejected(host: string, extraHosts: readonly string[]): string | undefined {
  const shown = shortHost(host);
  if (isIpAddress(host)) return `The flow URL has the IP address ${shown} for a host; ${COPY_AGAIN}.`;
  if (FLOW_HOST_SUFFIXES.some((suffix) => host.endsWith(`.${suffix}`))) return undefined;
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
      'Power Automate flows no longer answer on logic.azure.com since November 30, 2025; unless this is an Azure ' +
        'Logic App, copy the new URL from the flow.',
    );
  }
  const signature = url.searchParams.get('sig');
  if (signature !== null && signature.length < SIGNATURE_LENGTH) {
    warnings.push(`The signature has fewer than ${SIGNATURE_LENGTH} characters; the end of the URL may be missing.`);
  }
  return warnings.length > 0 ? warnings.join(' ') : undefined;
}

/** Whether a host is a suffix itself or a name under it; `.example.com` and `*.example.com` mean `example.com`. */
function isUnder(host: string, suffix: string): boolean {
  const plain = suffix
    .trim()
    .toLowerCase()
    .replace(/^\*?\.+/, '');
  return plain !== '' && (host === plain || host.endsWith(`.${plain}`));
}

// `URL` has already brought every spelling of an IPv4 address (hex, octal, one number) to four decimal parts.
const isIpAddress = (host: string): boolean => /^\d+(\.\d+){3}$/.test(host) || host.startsWith('[');

/** Whether a URL's host is the own machine. */
export const isLoopbackHost = (host: string): boolean =>
  host === 'localhost' || host === '[::1]' || (isIpAddress(host) && host.startsWith('127.'));

const shortHost = (host: string): string => (host.length > 100 ? `${host.slice(0, 99)}…` : host);
