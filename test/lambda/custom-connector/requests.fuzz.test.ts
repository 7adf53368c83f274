import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { API_BASE_PATH, API_KEY_HEADER, CONNECTOR_ACTIONS, connectorRoutes } from '../../../contract/custom-connector';
import { TRIGGER_IDS } from '../../../contract/events';
import { requestOf, resultOf } from '../../../lambda/custom-connector/adapters/http-event';
import { serve } from '../../../lambda/custom-connector/core/api';
import { OPERATIONS } from '../../../lambda/custom-connector/core/definition/operations';
import { TRIGGER_DEFINITIONS } from '../../../lambda/custom-connector/core/definition/triggers';
import { checkCallback } from '../../../lambda/registration/core/callback';
import { measure, segment } from '../../support/evaluation';
import { callbackUrl, MemoryApi } from '../../support/memory/memory-api';
import { refresh } from '../../support/refreshes';

const RUNS = Number(process.env.PROPERTY_RUNS ?? 20_000);
/** Parts of a callback URL that nothing may repeat. */
const SIGNATURE = 'sssssssssssss';
const STATUSES = [200, 201, 202, 400, 401, 404, 409, 413, 415];

const oddText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.constantFrom(
    '__proto__',
    'constructor',
    'toString',
    '#caller#x',
    '\u0000',
    '\ud800',
    '../..',
    '%00',
    '<script>',
    "'; --",
  ),
  fc.constantFrom(callbackUrl(), callbackUrl({ host: 'evil.example.com' }), 'x'.repeat(3000), '1e999', '-0', '１２'),
);
const oddValue = fc.oneof(
  oddText,
  fc.jsonValue({ maxDepth: 4 }),
  fc.double(),
  fc.constantFrom(null, [], {}, [[]], 1e308, -1, Number.MAX_SAFE_INTEGER + 2, true),
);

/** A valid request of a trigger, of which some fields are replaced, removed or added. */
const triggerBody = fc
  .record({
    trigger: fc.constantFrom(...TRIGGER_IDS),
    workflow: fc.nat(8),
    changes: fc.array(fc.tuple(fc.oneof(oddText, fc.constantFrom(...allFields())), oddValue), { maxLength: 3 }),
    removed: fc.array(fc.constantFrom(...allFields()), { maxLength: 2 }),
  })
  .map(({ trigger, workflow, changes, removed }) => {
    const valid = { segment: 'VIP', measure: 'Revenue', direction: 'above', level: 10 };
    const fields = TRIGGER_DEFINITIONS[trigger].fields.map(({ name }) => name);
    const entries = Object.entries(valid).filter(([name]) => fields.includes(name));
    const body = new Map<string, unknown>([['callbackUrl', callbackUrl({ workflow })], ...entries, ...changes]);
    for (const name of removed) body.delete(name);
    return { trigger, text: JSON.stringify(Object.fromEntries(body)) };
  });

const INSTANT = '2026-11-20T00:00:00Z';
/** Valid values of the fields of actions. */
const VALID: Readonly<Record<string, unknown>> = {
  dataSource: 'CRM',
  segment: 'VIP',
  measure: 'Revenue',
  runId: 'nightly',
  status: 'Failed',
  memberCount: 10,
  value: 12.5,
  observedAt: INSTANT,
  from: INSTANT,
};
const ACTIONS = OPERATIONS.filter(({ body }) => body !== undefined);

/** A valid request of an action, of which some fields are replaced, removed or added. */
const actionRequest = fc.constantFrom(...ACTIONS).chain(({ route, body: fields = [] }) => {
  const names = fields.map(({ name }) => name);
  const valid = names.flatMap((name) => (Object.hasOwn(VALID, name) ? [[name, VALID[name]] as const] : []));
  return fc
    .record({
      changes: fc.array(fc.tuple(fc.oneof(oddText, fc.constantFrom(...names)), oddValue), { maxLength: 2 }),
      removed: fc.array(fc.constantFrom(...names), { maxLength: 1 }),
    })
    .map(({ changes, removed }) => {
      const body = new Map<string, unknown>([...valid, ...changes]);
      for (const name of removed) body.delete(name);
      return { route: route.replace(' ', ` ${API_BASE_PATH}`), body: JSON.stringify(Object.fromEntries(body)) };
    });
});

/** A request of a trigger with the body of that trigger. */
const registrationRequest = triggerBody.map(({ trigger, text }) => ({
  route: `POST ${API_BASE_PATH}/triggers/{trigger}`,
  trigger,
  body: text,
}));

/** Names of the flows that `triggerBody` registers, of which some are not registered yet. */
const flowName = fc.nat(9).map((workflow) => {
  const callback = checkCallback(callbackUrl({ workflow }));
  return 'subscription' in callback ? callback.subscription : '';
});

function allFields(): string[] {
  return ['callbackUrl', ...Object.values(TRIGGER_DEFINITIONS).flatMap(({ fields }) => fields.map(({ name }) => name))];
}

const bodyText = fc.oneof(
  { weight: 4, arbitrary: triggerBody.map(({ text }) => text) },
  { weight: 1, arbitrary: fc.json({ maxDepth: 6 }) },
  { weight: 1, arbitrary: oddText },
  {
    weight: 1,
    arbitrary: fc.constantFrom('{', '['.repeat(20_000), '{"a":'.repeat(6000), `"${'x'.repeat(40_000)}"`, ''),
  },
);
const headers = fc
  .array(
    fc.tuple(
      fc.constantFrom('content-type', 'content-encoding', 'x-api-key', 'authorization', 'x-forwarded-proto', 'cookie'),
      fc.oneof(
        oddText,
        fc.constantFrom(
          'application/json',
          'application/json; charset=utf-16',
          'gzip',
          'identity',
          'https',
          'Bearer x',
        ),
      ),
    ),
    { maxLength: 4 },
  )
  .map((entries) => Object.fromEntries(entries));
const parameters = (...names: string[]) =>
  fc
    .array(fc.tuple(fc.oneof(fc.constantFrom(...names), oddText), oddText), { maxLength: 3 })
    .map((entries) => Object.fromEntries(entries));
/** Names of subjects and members that exist, and others. */
const subjects = fc
  .record({
    dataSource: fc.oneof(fc.constant('CRM'), oddText),
    segment: fc.oneof(fc.constant('VIP customers'), oddText),
    measure: fc.oneof(fc.constant('Revenue'), oddText),
    dimensions: fc.oneof(
      fc.constantFrom('', '{"Region":"EU"}', JSON.stringify({ [callbackUrl()]: 'EU' })),
      fc.dictionary(oddText, oddText, { maxKeys: 2 }).map((members) => JSON.stringify(members)),
      fc.json({ maxDepth: 2 }),
      oddText,
    ),
  })
  .chain((all) => fc.subarray(Object.entries(all)))
  .map((entries) => Object.fromEntries(entries));

const QUERY_PARAMETERS = new Set(
  OPERATIONS.flatMap(({ parameters: all }) => all.filter((one) => one.in === 'query').map(({ name }) => name)),
);

const event = fc
  .record({
    route: fc.oneof(
      {
        weight: 9,
        arbitrary: fc.constantFrom(
          ...connectorRoutes(CONNECTOR_ACTIONS).map((one) => one.replace(' ', ` ${API_BASE_PATH}`)),
        ),
      },
      { weight: 1, arbitrary: oddText },
    ),
    trigger: fc.oneof({ weight: 5, arbitrary: fc.constantFrom(...TRIGGER_IDS) }, { weight: 1, arbitrary: oddText }),
    path: parameters('id', 'flow'),
    flow: fc.option(flowName, { nil: undefined }),
    query: fc.tuple(parameters(...QUERY_PARAMETERS), subjects).map(([odd, named]) => ({ ...named, ...odd })),
    headers,
    body: fc.option(bodyText, { nil: undefined }),
    coherent: fc.option(fc.oneof(actionRequest, registrationRequest), { nil: undefined, freq: 2 }),
    base64: fc.boolean(),
  })
  .map(({ coherent, ...request }) => ({ ...request, ...(coherent && { ...coherent, base64: false }) }))
  .map(
    ({ route, trigger, path, flow, query, headers: sent, body, base64 }) =>
      ({
        routeKey: route,
        pathParameters: { ...path, trigger, ...(flow !== undefined && { flow }) },
        queryStringParameters: query,
        headers: sent,
        requestContext: { domainName: 'abc123.execute-api.eu-central-1.amazonaws.com' },
        isBase64Encoded: base64,
        ...(body !== undefined && { body }),
      }) as unknown as APIGatewayProxyEventV2,
  );

const api = new MemoryApi();
/** Half of the requests are signed in. */
const signedIn = fc.tuple(event, fc.boolean()).map(([sent, valid]): APIGatewayProxyEventV2 => {
  const credentials = valid && { [API_KEY_HEADER]: api.key, authorization: '' };
  return { ...sent, headers: { ...sent.headers, ...credentials } };
});

it('answers every request with a declared status, and repeats no callback URL and no key', async () => {
  await api.refreshes.record({ kind: 'data-source', instanceId: 'default', name: 'CRM' }, refresh('Failed', 5));
  await api.world.evaluate([segment(1, 1), measure(1, 1), measure(1, 1, { dimensions: { Region: 'EU' } })]);
  const seen = new Map<number, number>();
  await fc.assert(
    fc.asyncProperty(signedIn, async (sent) => {
      const { statusCode = 0, body, headers: received } = resultOf(await serve(requestOf(sent), api.ports()));
      seen.set(statusCode, (seen.get(statusCode) ?? 0) + 1);
      expect(STATUSES).toContain(statusCode);
      const text = `${body}${JSON.stringify(received)}`;
      expect([SIGNATURE, api.key].filter((secret) => text.includes(secret))).toEqual([]);
      if (statusCode >= 400)
        expect(JSON.parse(body ?? '')).toEqual({ code: expect.any(String), message: expect.any(String) });
    }),
    { numRuns: RUNS },
  );
  const log = api.world.telemetry.lines.join('\n');
  expect([SIGNATURE, api.key].filter((secret) => log.includes(secret))).toEqual([]);
  // Each of them occurs in more than 1 % of the requests.
  for (const status of [200, 201, 202, 400, 401, 404]) expect(seen.get(status), String(status)).toBeGreaterThan(0);
}, 600_000);
