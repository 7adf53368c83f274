import { readFileSync } from 'node:fs';
import { isLoopbackHost } from '../../lambda/subscriptions/core/flow-url';
import { ConnectorError, UsageError } from '../shell/exit';

/**
 * How the CLI finds a running `npm start`: this file, in the working directory of both, holds the endpoint; the route
 * LOCAL_RUN_ROUTE of the endpoint returns everything else.
 */
export const LOCAL_RUN_FILE = '.local-run.json';
/** GET returns a LocalRunDescription. */
export const LOCAL_RUN_ROUTE = '/local-run.json';

export interface LocalRunEndpoint {
  readonly endpoint: string;
}

export interface LocalRunDescription {
  readonly stackName: string;
  readonly region: string;
  readonly outputs: Readonly<Record<string, string>>;
  /** By service, in lower case, as in the variables `AWS_ENDPOINT_URL_…`. */
  readonly endpoints: Readonly<Record<string, string>>;
}

const START_ONE = 'run npm start, or use --local URL with the URL that it printed';

/**
 * Fetches the description of the running local connector.
 * @param where its URL or port; empty to read it from LOCAL_RUN_FILE.
 * @throws ConnectorError if no local connector responds.
 */
export async function describeLocalRun(where: string): Promise<LocalRunDescription> {
  const endpoint = where === '' ? endpointOfFile() : checkedEndpoint(where);
  let description: Partial<LocalRunDescription>;
  try {
    const response = await fetch(new URL(LOCAL_RUN_ROUTE, endpoint), { signal: AbortSignal.timeout(5000) });
    if (!response.ok) throw new Error(`HTTP ${response.status}`);
    description = (await response.json()) as Partial<LocalRunDescription>;
  } catch {
    throw new ConnectorError(`no local connector responds at ${endpoint}: ${START_ONE}`);
  }
  const { stackName, region, outputs, endpoints } = description;
  const urls = Object.values(endpoints ?? {});
  // Flow URLs are sent to these endpoints, and must not leave this machine.
  if (!stackName || !region || !outputs || urls.length === 0 || !urls.every(isLoopbackUrl)) {
    throw new ConnectorError(`${endpoint} is not a local connector: ${START_ONE}`);
  }
  return { stackName, region, outputs, endpoints: endpoints as LocalRunDescription['endpoints'] };
}

function endpointOfFile(): string {
  let text: string;
  try {
    text = readFileSync(LOCAL_RUN_FILE, 'utf8');
  } catch {
    throw new ConnectorError(`no local connector runs in this directory: ${START_ONE}`);
  }
  try {
    return checkedEndpoint((JSON.parse(text) as LocalRunEndpoint).endpoint);
  } catch {
    throw new ConnectorError(`${LOCAL_RUN_FILE} is invalid: ${START_ONE}`);
  }
}

function checkedEndpoint(text: string): string {
  const url = URL.parse(/^\d+$/.test(text) ? `http://127.0.0.1:${text}` : text);
  if (url?.protocol === 'http:' && isLoopbackHost(url.hostname)) return url.origin;
  throw new UsageError(
    '--local is not a URL of this machine: use the one that npm start printed, http://127.0.0.1:PORT',
  );
}

const isLoopbackUrl = (endpoint: string): boolean => isLoopbackHost(URL.parse(endpoint)?.hostname ?? '');
