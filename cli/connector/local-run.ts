import { readFileSync } from 'node:fs';
import { isLoopbackHost } from '../../lambda/subscriptions/core/flow-url';
import { ConnectorError, UsageError } from '../shell/exit';

/**
 * How `npm start` tells the CLI where it is: a file in the folder in which both are run, and a route of its endpoint
 * that says the rest.
 */
export const LOCAL_RUN_FILE = '.local-run.json';
/** Answers GET with a LocalRunDescription. */
export const LOCAL_RUN_ROUTE = '/local-run.json';

/** What LOCAL_RUN_FILE holds. */
export interface LocalRunPlace {
  readonly endpoint: string;
}

/** A running local connector. */
export interface LocalRunDescription {
  readonly stackName: string;
  readonly region: string;
  readonly outputs: Readonly<Record<string, string>>;
  /** By service, as the variables `AWS_ENDPOINT_URL_…` name them, in small letters. */
  readonly endpoints: Readonly<Record<string, string>>;
}

const START_ONE = 'start it by npm start, or write --local URL with the URL that it printed';

/**
 * Asks the running local connector where its parts are.
 * @param where its URL or port; empty: what LOCAL_RUN_FILE says.
 * @throws ConnectorError when none is running there.
 */
export async function describeLocalRun(where: string): Promise<LocalRunDescription> {
  const endpoint = where === '' ? endpointOfFile() : checkedEndpoint(where);
  let description: Partial<LocalRunDescription>;
  try {
    const response = await fetch(new URL(LOCAL_RUN_ROUTE, endpoint), { signal: AbortSignal.timeout(5000) });
    if (!response.ok) throw new Error(`HTTP ${response.status}`);
    description = (await response.json()) as Partial<LocalRunDescription>;
  } catch {
    throw new ConnectorError(`no local connector answers at ${endpoint}: ${START_ONE}`);
  }
  const { stackName, region, outputs, endpoints } = description;
  const known = Object.values(endpoints ?? {});
  // Flow URLs go there: never off this machine.
  if (!stackName || !region || !outputs || known.length === 0 || !known.every(isOfThisMachine)) {
    throw new ConnectorError(`${endpoint} is no local connector: ${START_ONE}`);
  }
  return { stackName, region, outputs, endpoints: endpoints as LocalRunDescription['endpoints'] };
}

function endpointOfFile(): string {
  let text: string;
  try {
    text = readFileSync(LOCAL_RUN_FILE, 'utf8');
  } catch {
    throw new ConnectorError(`no local connector is running from this folder: ${START_ONE}`);
  }
  try {
    return checkedEndpoint((JSON.parse(text) as LocalRunPlace).endpoint);
  } catch {
    throw new ConnectorError(`${LOCAL_RUN_FILE} is damaged: ${START_ONE}`);
  }
}

function checkedEndpoint(text: string): string {
  const url = URL.parse(/^\d+$/.test(text) ? `http://127.0.0.1:${text}` : text);
  if (url?.protocol === 'http:' && isLoopbackHost(url.hostname)) return url.origin;
  throw new UsageError('--local is no URL of this machine: write it as npm start printed it, http://127.0.0.1:PORT');
}

const isOfThisMachine = (endpoint: string): boolean => isLoopbackHost(URL.parse(endpoint)?.hostname ?? '');
