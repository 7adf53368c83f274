import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { GetParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import fc from 'fast-check';
import { entraTokens } from '../../../lambda/delivery/adapters/entra-tokens';
import { flowOpener } from '../../../lambda/delivery/adapters/flow-opener';
import { secretReader } from '../../../lambda/delivery/adapters/secret-reader';
import { readTokenResponse } from '../../../lambda/delivery/core/entra';
import type { FlowUrlSource } from '../../../lambda/subscriptions/core/subscription';
import type { Plan } from '../../../local/template/model/plan';
import { Companions, STRANGE } from '../companions';
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
/** Places of the URL of subscription `n`: the last character of the name of the secret. */
const SOURCES: readonly ((n: number) => FlowUrlSource)[] = [
  (n) => ({ from: { secret: `crm/flow-url-${n}`, field: 'url' } }),
  (n) => ({ from: { secret: `crm/flow-url-${n}` } }),
  (n) => ({ from: { parameter: `/crm/flow-url-${n}` } }),
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
  readonly source: (typeof SOURCES)[number];
  readonly response: { readonly status: number; readonly body: string; readonly retryAfter?: string };
}
const stored: fc.Arbitrary<Stored> = fc.record({
  content,
  binary: fc.oneof({ weight: 20, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
  source: fc.constantFrom(...SOURCES),
  response: tokenResponse as fc.Arbitrary<Stored['response']>,
});
const AUTH = {
  ...{ type: 'entra' as const, tenantId: 'contoso.onmicrosoft.com', clientId: 'client-1', cloud: 'public' as const },
  clientSecret: { secret: 'crm/client-secret-0', field: 'other' },
};
const BATCH = STRANGE.length;
/** Runs with the same stand. */
const RUNS = 20;

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
export const secretContents = (plan: Plan): Target<Stored[]> => ({
  name: "secrets' contents",
  inputs: fc.array(stored, { minLength: BATCH, maxLength: BATCH }),
  batch: BATCH,
  async start() {
    let runs = 0;
    let companions: Companions;
    let all: readonly Stored[] = [];
    const named = (name: string) => all[Number(name.at(-1))] as Stored;
    const secretsManager = {
      send: async ({ input: { SecretId = '' } }: GetSecretValueCommand) => {
        const { binary, content: text } = named(SecretId);
        return binary ? { SecretBinary: Buffer.from(text) } : { SecretString: text };
      },
    } as unknown as SecretsManagerClient;
    const ssm = {
      send: async ({ input: { Name = '' } }: GetParameterCommand) => ({ Parameter: { Value: named(Name).content } }),
    } as unknown as SSMClient;
    const server = await tokenEndpoint(() => (all[0] as Stored).response);
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

    /** A token for each response. The first one goes over a socket, with the client secret of the first content. */
    const tokens = (clock: () => number) => {
      const { read } = secretReader({ secretsManager, ssm }, clock);
      const options = { poster: { loopback: true }, origin: () => origin, webIdentity: async () => 'jwt' };
      const overSocket = entraTokens({ readSecret: read, clock, ...options }).get(AUTH, 5000);
      return Promise.all([overSocket, ...all.map(({ response }) => readTokenResponse(response, AUTH, clock()))]);
    };
    /** Why URLs are refused. Only a row and an event of a later pause show it. */
    const refusals = (clock: () => number) => {
      const secrets = secretReader({ secretsManager, ssm }, clock);
      const open = flowOpener({ unseal: async () => '', secrets, accepted: { credential: 'later' } });
      return Promise.all(
        all.map(async ({ source }, n) => {
          const opened = await open('strange', source(n));
          return 'refusal' in opened ? opened.refusal : undefined;
        }),
      );
    };
    return {
      async run(inputs): Promise<Result> {
        all = inputs;
        const run = runs++;
        if (run % RUNS === 0) companions = await Companions.start(plan, { secretsManager, ssm });
        const { stand } = companions;
        // A sandbox keeps what it read.
        stand.forgetFunctions();
        for (const [n, { source }] of all.entries()) companions.restoreStrange(n, { flow: source(n) });
        const result = await companions.with((one) => {
          for (const n of all.keys()) one.queueOf('deliver').send(companions.delivery(n, `e${run}`));
        });
        const problems = [...(result.problems ?? [])];
        if (companions.row(`e${run}`)?.status === undefined) problems.push('lost: a delivery has no row');
        const { clock } = stand.world;
        const failures = (await tokens(clock)).flatMap((one) => ('error' in one ? [one] : []));
        const unclear = failures.filter(({ problem }) => problem.length < 10);
        for (const { error } of unclear) problems.push(`says nothing about ${error}`);
        const shown = [...failures.map(({ error, problem }) => `${error} ${problem}`), ...(await refusals(clock))];
        return { ...result, problems, shown: [...(result.shown ?? []), ...shown], entrusted: undefined };
      },
      async stop() {
        server.closeAllConnections();
        server.close();
      },
    };
  },
});
