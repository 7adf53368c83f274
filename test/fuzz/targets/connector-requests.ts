import fc from 'fast-check';
import { API_BASE_PATH, API_KEY_HEADER, CONNECTOR_ACTIONS, connectorRoutes } from '../../../contract/custom-connector';
import { TRIGGER_IDS } from '../../../contract/events';
import { KeyTable } from '../../../lambda/custom-connector/adapters/key-table';
import { keyHash } from '../../../lambda/custom-connector/core/api-key';
import { OPERATIONS } from '../../../lambda/custom-connector/core/definition/operations';
import { TRIGGER_DEFINITIONS } from '../../../lambda/custom-connector/core/definition/triggers';
import { deliveryId } from '../../../lambda/delivery/core/delivery-id';
import { checkCallback } from '../../../lambda/registration/core/callback';
import type { Plan } from '../../../local/template/model/plan';
import type { Result, Target } from '../fuzz';
import { mutated, oddText, perhapsDamaged } from '../mutations';
import { OWN_FLOW_URL, SECRETS } from '../secrets';
import { Stand } from '../stand';

const API_KEY = SECRETS['API key'].text;
const callback = checkCallback(OWN_FLOW_URL);
/** Name of the subscription of the flow that `OWN_FLOW_URL` starts. */
const FLOW = 'subscription' in callback ? callback.subscription : '';
const INSTANT = '2026-11-20T00:00:00Z';
/** Valid values of the fields and parameters of all operations. */
const VALUES: Readonly<Record<string, unknown>> = {
  ...{
    callbackUrl: OWN_FLOW_URL,
    dataSource: 'CRM',
    segment: 'VIP',
    measure: 'Revenue',
    direction: 'above',
    level: 10,
  },
  ...{
    runId: 'nightly',
    status: 'Failed',
    memberCount: 10,
    value: 12.5,
    observedAt: INSTANT,
    from: INSTANT,
    to: INSTANT,
  },
  ...{
    outcome: 'succeeded',
    message: 'done',
    deliveryId: deliveryId(FLOW, '0'.repeat(32)),
    dimensions: '{"Region":"EU"}',
  },
  ...{
    startedAt: INSTANT,
    endedAt: INSTANT,
    error: 'broken',
    recordCount: 5,
    attempt: 1,
    willRetry: false,
    sequence: 0,
  },
  ...{
    instanceId: 'default',
    flow: FLOW,
    id: 'registration',
    search: 'C',
    state: 'dead',
    unit: 'EUR',
    owners: 'a@example.com',
  },
  ...{ runLink: 'https://example.com/runs/1', link: 'https://example.com/page' },
};
const known = (names: readonly string[]): Record<string, unknown> =>
  Object.fromEntries(names.flatMap((name) => (Object.hasOwn(VALUES, name) ? [[name, VALUES[name]]] : [])));

interface Request {
  readonly routeKey: string;
  readonly pathParameters: unknown;
  readonly queryStringParameters: unknown;
  readonly headers: unknown;
  readonly body: unknown;
}
const CONTEXT = { domainName: 'abc123.execute-api.eu-central-1.amazonaws.com' };
const HEADERS = { 'content-type': 'application/json', 'x-forwarded-proto': 'https' };
/** A valid request of every operation. */
const VALID: readonly Request[] = [
  ...TRIGGER_IDS.map((trigger) => ({
    routeKey: `POST ${API_BASE_PATH}/triggers/{trigger}`,
    pathParameters: { trigger },
    queryStringParameters: {},
    headers: HEADERS,
    body: known(['callbackUrl', ...TRIGGER_DEFINITIONS[trigger].fields.map(({ name }) => name)]),
  })),
  ...OPERATIONS.filter(({ route }) => !route.includes('{trigger}')).map(({ route, parameters, body }) => {
    const named = (place: string) => known(parameters.filter((one) => one.in === place).map(({ name }) => name));
    return {
      routeKey: route.replace(' ', ` ${API_BASE_PATH}`),
      pathParameters: named('path'),
      queryStringParameters: named('query'),
      headers: HEADERS,
      body: body && known(body.map(({ name }) => name)),
    };
  }),
];
const ROUTES = connectorRoutes(CONNECTOR_ACTIONS).map((one) => one.replace(' ', ` ${API_BASE_PATH}`));

/** API Gateway sends maps of texts, whatever the caller sends. */
const texts = (value: unknown): Record<string, string> =>
  value === null || typeof value !== 'object'
    ? {}
    : Object.fromEntries(
        Object.entries(value).map(([name, one]) => [name, typeof one === 'string' ? one : JSON.stringify(one)]),
      );

const event = fc.constantFrom(...VALID).chain((valid) => {
  const part = (value: unknown) =>
    fc.oneof({ weight: 3, arbitrary: fc.constant(value) }, { weight: 1, arbitrary: mutated([value]) });
  return fc
    .record({
      route: fc.oneof(
        { weight: 20, arbitrary: fc.constant(valid.routeKey) },
        { weight: 1, arbitrary: fc.oneof(fc.constantFrom(...ROUTES), oddText) },
      ),
      path: part(valid.pathParameters),
      query: part(valid.queryStringParameters),
      headers: part(valid.headers),
      signedIn: fc.oneof({ weight: 8, arbitrary: fc.constant(true) }, { weight: 1, arbitrary: fc.constant(false) }),
      body: perhapsDamaged(
        fc
          .oneof({ weight: 1, arbitrary: fc.constant(valid.body) }, { weight: 4, arbitrary: mutated([valid.body]) })
          .map((body) => (body === undefined ? '' : (JSON.stringify(body) ?? ''))),
      ),
      base64: fc.oneof({ weight: 12, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
    })
    .map(({ route, path, query, headers, signedIn, body, base64 }) => ({
      routeKey: route,
      pathParameters: texts(path),
      queryStringParameters: texts(query),
      headers: { ...texts(headers), ...(signedIn && { [API_KEY_HEADER]: API_KEY, authorization: '' }) },
      requestContext: CONTEXT,
      isBase64Encoded: base64,
      ...(body !== '' && { body }),
    }));
});

const STATUSES = [200, 201, 202, 400, 401, 403, 404, 409, 413, 415, 503];
/** Requests with the same stand. */
const RUNS = 100;

/** Requests to the API of the custom connector, as API Gateway passes them. */
export const connectorRequests = (plan: Plan): Target<Record<string, unknown>> => ({
  name: 'connector requests',
  inputs: event,
  async start() {
    let runs = 0;
    let stand: Stand;
    const begin = async () => {
      stand = new Stand(plan);
      const keys = new KeyTable(stand.clients.dynamodb, stand.places.SUBSCRIPTIONS_TABLE_NAME as string);
      await keys.create({ name: 'fuzz', hash: keyHash(API_KEY), createdAt: 0 });
      // Registered flows, and values to read.
      for (const { body, ...request } of VALID) {
        const headers = { ...HEADERS, [API_KEY_HEADER]: API_KEY };
        await stand.invoke('connect', { ...request, headers, requestContext: CONTEXT, body: JSON.stringify(body) });
      }
      await stand.drain();
    };
    return {
      async run(request): Promise<Result> {
        if (runs++ % RUNS === 0) await begin();
        stand.logs.length = 0;
        const {
          statusCode = 0,
          headers,
          body,
        } = (await stand.invoke('connect', request)) as {
          statusCode?: number;
          headers?: object;
          body?: string;
        };
        const problems = STATUSES.includes(statusCode) ? [] : [`answers with ${statusCode}: ${body}`];
        if (stand.world.broken) problems.push(`the simulation is broken: ${stand.world.broken.stack}`);
        if (statusCode >= 400) {
          const { code, message } = JSON.parse(body ?? '');
          if (typeof code !== 'string' || typeof message !== 'string')
            problems.push(`answers ${statusCode} with ${body}`);
        }
        return {
          problems,
          shown: [{ headers, body }, ...stand.logs],
          stored: [stand.rows],
          entrusted: ['own flow URL', 'API key'],
        };
      },
    };
  },
});
