import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { SSMClient } from '@aws-sdk/client-ssm';
import fc from 'fast-check';
import { entraTokens } from '../../../lambda/delivery/adapters/entra-tokens';
import { secretReader } from '../../../lambda/delivery/adapters/secret-reader';
import { readTokenResponse } from '../../../lambda/delivery/core/entra';
import type { FlowUrlSource } from '../../../lambda/subscriptions/core/subscription';
import type { Plan } from '../../../local/template/model/plan';
import { Companions, RECORDED, STRANGE } from '../companions';
import type { Result, Target } from '../fuzz';
import { mutatedJson, oddText } from '../mutations';
import { PLANTED, SECRETS } from '../secrets';

const URL_TEXT = SECRETS['flow URL'].text;
const FIELDS = [{ url: URL_TEXT, other: SECRETS['client secret'].text }];

/** A flow URL or a client secret as its owner stores it: as the whole text, or in a field. */
const content = fc.oneof(
  mutatedJson(FIELDS),
  fc.constantFrom(URL_TEXT, ` ${URL_TEXT}\n`, URL_TEXT.replace('https', 'http'), `"${URL_TEXT}"`, `<${URL_TEXT}>`),
  fc.constantFrom(...PLANTED),
  fc.tuple(fc.nat(URL_TEXT.length), oddText).map(([at, text]) => URL_TEXT.slice(0, at) + text + URL_TEXT.slice(at)),
  fc.nat(URL_TEXT.length).map((at) => URL_TEXT.slice(0, at)),
);
const SOURCES: readonly FlowUrlSource[] = [
  { from: { secret: 'crm/flow-urls', field: 'url' } },
  { from: { secret: 'crm/flow-urls' } },
  { from: { parameter: '/crm/flow-url' } },
];
const TOKEN = { token_type: 'Bearer', expires_in: 3599, ext_expires_in: 3599, access_token: SECRETS.token.text };
const REFUSAL = {
  error: 'invalid_client',
  error_description: `AADSTS7000215: Invalid client secret provided: ${SECRETS['client secret'].text}. Trace ID: 1`,
  error_codes: [7000215],
};
const tokenResponse = fc.record({
  status: fc.constantFrom(200, 200, 200, 201, 302, 400, 401, 403, 404, 408, 429, 500, 503),
  body: mutatedJson<object>([TOKEN, REFUSAL]),
  retryAfter: fc.option(fc.constantFrom('30', '-1', 'soon', ...PLANTED), { nil: undefined }),
});

interface Stored {
  readonly content: string;
  readonly binary: boolean;
  readonly source: FlowUrlSource;
  readonly response: { readonly status: number; readonly body: string; readonly retryAfter?: string };
}
const AUTH = {
  ...{ type: 'entra' as const, tenantId: 'contoso.onmicrosoft.com', clientId: 'client-1', cloud: 'public' as const },
  clientSecret: { secret: 'crm/client-secret', field: 'other' },
};
/** One in so many token responses goes over a socket. */
const SOCKET_EVERY = 8;
/** Runs with the same stand. */
const RUNS = 20;
const MESSAGE = RECORDED.deliver?.[0]?.body as unknown as { readonly event: object };

/** Entra ID on the loopback. */
async function tokenEndpoint(respond: () => Stored['response']): Promise<Server> {
  const server = createServer((request, response) => {
    request.resume().on('end', () => {
      const { status, body } = respond();
      response.writeHead(status, { 'content-type': 'application/json' }).end(body);
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return server;
}

/** Secrets and parameters that hold flow URLs and client secrets, and responses of Entra ID. */
export const secretContents = (plan: Plan): Target<Stored> => ({
  name: "secrets' contents",
  inputs: fc.record({
    content,
    binary: fc.oneof({ weight: 20, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
    source: fc.constantFrom(...SOURCES),
    response: tokenResponse as fc.Arbitrary<Stored['response']>,
  }),
  async start() {
    let runs = 0;
    let companions: Companions;
    let stored: Stored;
    const secretsManager = {
      send: async () =>
        stored.binary ? { SecretBinary: Buffer.from(stored.content) } : { SecretString: stored.content },
    } as unknown as SecretsManagerClient;
    const ssm = { send: async () => ({ Parameter: { Value: stored.content } }) } as unknown as SSMClient;
    const server = await tokenEndpoint(() => stored.response);
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

    /** A token of the stored client secret and the response. */
    const tokenOf = async (overSocket: boolean, clock: () => number) => {
      if (!overSocket) return readTokenResponse(stored.response, AUTH, clock());
      const { read } = secretReader({ secretsManager, ssm }, clock);
      const options = { poster: { loopback: true }, origin: () => origin, webIdentity: async () => 'jwt' };
      return entraTokens({ readSecret: read, clock, ...options }).get(AUTH, 5000);
    };
    return {
      async run(input): Promise<Result> {
        stored = input;
        const run = runs++;
        if (run % RUNS === 0) companions = await Companions.start(plan, { secretsManager, ssm });
        const { uid, stand } = companions;
        stand.forgetFunctions();
        companions.restoreStrange({ flow: input.source });
        const event = { ...MESSAGE.event, eventId: `e${run}` };
        const body = JSON.stringify({ ...MESSAGE, ...STRANGE, uid, n: 0, event });
        const result = await companions.with((one) => one.queueOf('deliver').send(body));
        const problems = [...(result.problems ?? [])];
        const row = stand.rows.find((one) => 'sk' in one && one.sk === `e${run}`) as { status?: string } | undefined;
        if (row?.status === undefined) problems.push('lost: the delivery has no row');
        const token = await tokenOf(run % SOCKET_EVERY === 0, stand.world.clock);
        const failure = 'error' in token ? [token.error, token.problem] : [];
        if ('error' in token && token.problem.length < 10) problems.push(`says nothing about ${token.error}`);
        return { ...result, problems, shown: [...(result.shown ?? []), ...failure], entrusted: undefined };
      },
      async stop() {
        server.closeAllConnections();
        server.close();
      },
    };
  },
});
