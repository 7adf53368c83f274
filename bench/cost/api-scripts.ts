import type { ConnectorRoute } from '../../contract/custom-connector';
import type { TriggerId } from '../../contract/events';
import { OPERATIONS } from '../../lambda/custom-connector/core/definition/operations';
import { TRIGGER_DEFINITIONS } from '../../lambda/custom-connector/core/definition/triggers';
import type { ApiBench } from './api-bench';
import { ROUND } from './scenarios';

/** What a flow, its author or the designer does with the API. */
export interface ApiScript {
  /** Its operation may not exist yet. Without it, the script is not run. Default: always run. */
  readonly needs?: ConnectorRoute;
  readonly prepare?: (api: ApiBench) => Promise<void>;
  /** Measured for each flow. */
  readonly act: (api: ApiBench, n: number) => Promise<unknown>;
  /** Measured once after all flows. */
  readonly after?: (api: ApiBench) => Promise<void>;
}

const OWNERS = 'data-owners@example.com';
const REFRESH = 'data-source-refresh-failed' satisfies TriggerId;
const CROSSING = 'segment-threshold-crossed' satisfies TriggerId;
const workflow = (kind: number, n: number) => (kind * 1000 + n).toString(16).padStart(32, '0');
const refreshFlow = (n: number) => workflow(1, n);
const crossingFlow = (n: number) => workflow(2, n);

/** Registers a flow for failed refreshes of a data source. */
export const registerForRefresh = (api: ApiBench, n: number, more: object = {}) =>
  api.register(refreshFlow(n), REFRESH, { dataSource: `Source ${n}`, owners: OWNERS, ...more });
const registerForCrossing = (level: number) => (api: ApiBench, n: number) =>
  api.register(crossingFlow(n), CROSSING, { segment: `Segment ${n}`, direction: 'above', level, owners: OWNERS });

/** Names of the length that names usually have. */
const names = (kind: string, count: number) =>
  Array.from({ length: count }, (_, n) => `${kind} of customers ${String(n).padStart(4, '0')}`);

/** Reads with the required parameters of the operation. */
const read =
  (route: ConnectorRoute): ApiScript['act'] =>
  (api, n) => {
    // Only the subjects of a round were refreshed.
    const subject = n % ROUND;
    const values: Readonly<Record<string, string>> = { dataSource: `Source ${subject}`, segment: `Segment ${subject}` };
    const parameters = OPERATIONS.find((one) => one.route === route)?.parameters ?? [];
    const query = parameters
      .filter(({ required }) => required)
      .map(({ name }) => `${name}=${encodeURIComponent(values[name] ?? '')}`)
      .join('&');
    return api.client.send({ route, path: `${route.slice('GET '.length)}?${query}` });
  };

/** In the order in which they run: a later script uses the flows of earlier ones. */
const BEFORE_EVENTS: Readonly<Record<string, ApiScript>> = {
  'list of 10 data sources': {
    prepare: (api) => api.addSubjects('data-source', names('Source', 10)),
    act: (api) => api.client.send({ route: 'GET /data-sources' }),
  },
  'list of 1,000 segments': {
    prepare: (api) => api.addSubjects('segment', names('Segment', 1000)),
    act: (api) => api.client.send({ route: 'GET /segments' }),
  },
  'registration for refreshes': { act: (api, n) => registerForRefresh(api, n) },
  'registration for a threshold': { act: registerForCrossing(10_000) },
  'save again, same threshold': { act: registerForCrossing(10_000) },
  'save again, other threshold': { act: registerForCrossing(20_000), after: (api) => api.minuteAfterAnHour() },
};

/** With data sources and segments that were refreshed, and flows that received events. */
const AFTER_EVENTS: Readonly<Record<string, ApiScript>> = {
  'status report': { needs: 'GET /status', act: read('GET /status') },
  'values of a segment': { needs: 'GET /segment', act: read('GET /segment') },
  'last refresh of a data source': { needs: 'GET /data-source', act: read('GET /data-source') },
  'test event and its delivery': {
    needs: 'POST /flows/{flow}/test-events',
    act: (api, n) => {
      const path = `/flows/${api.subscriptionOf(refreshFlow(n))}/test-events`;
      return api.client.send({ route: 'POST /flows/{flow}/test-events', path });
    },
  },
  'end of a registration for refreshes': {
    act: (api, n) => api.unregister(refreshFlow(n)),
    after: (api) => api.minute(),
  },
  'end of a registration for a threshold': {
    act: (api, n) => api.unregister(crossingFlow(n)),
    after: async (api) => {
      await api.minute();
      await api.minuteAfterAnHour();
    },
  },
};

const exists = (route: ConnectorRoute): boolean => OPERATIONS.some((one) => one.route === route);
const existing = (scripts: Readonly<Record<string, ApiScript>>) =>
  Object.entries(scripts).filter(([, { needs }]) => needs === undefined || exists(needs));

/** The scripts whose operations exist. */
export const SCRIPTS_BEFORE_EVENTS = existing(BEFORE_EVENTS);
export const SCRIPTS_AFTER_EVENTS = existing(AFTER_EVENTS);

/** Whether flows can report their outcomes, and their authors can set `finishWithin`. */
export const HAS_OUTCOMES =
  exists('POST /outcomes') && TRIGGER_DEFINITIONS[REFRESH].fields.some(({ name }) => name === 'finishWithin');

/** Runs a script for a round of flows. */
export async function runScript({ act, after }: ApiScript, api: ApiBench): Promise<void> {
  for (let n = 0; n < ROUND; n++) await act(api, n);
  await after?.(api);
}
