import { createServer, type Server } from 'node:http';
import { GetCallerIdentityCommand, GetWebIdentityTokenCommand, STSClient } from '@aws-sdk/client-sts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { webIdentity } from '../../../../lambda/delivery/adapters/web-identity';
import { type Endpoint, startEndpoint } from '../../../../local/engines/protocol/endpoint';
import { close, listen } from '../../../../local/engines/protocol/http';
import { stsOperations } from '../../../../local/engines/services/sts';
import { LOCAL_CLIENT_CONFIG } from '../../../../local/shared/client-config';

const AUDIENCE = 'api://AzureADTokenExchange';

let endpoint: Endpoint;
let sts: STSClient;
beforeAll(async () => {
  endpoint = await startEndpoint({ port: 0 });
  endpoint.serveQuery(stsOperations({ account: '000000000000', region: 'us-east-1' }));
  sts = new STSClient({ ...LOCAL_CLIENT_CONFIG, endpoint: endpoint.url, maxAttempts: 1 });
});
afterAll(async () => {
  sts.destroy();
  await endpoint.stop();
});

const never = new AbortController().signal;

describe("the function's web identity token", () => {
  it('is for one audience, signed with RS256, and expires in 5 minutes', async () => {
    const parts = (await webIdentity(sts)(AUDIENCE, never)).split('.');
    const [header, claims] = parts.slice(0, 2).map((part) => JSON.parse(Buffer.from(part, 'base64url').toString()));
    expect(parts).toHaveLength(3);
    expect(header).toMatchObject({ alg: 'RS256', typ: 'JWT' });
    expect(claims).toMatchObject({
      iss: expect.stringMatching(/^https:\/\/[0-9a-f-]{36}\.tokens\.sts\.global\.api\.aws$/),
      sub: 'arn:aws:iam::000000000000:role/local',
      aud: AUDIENCE,
    });
    expect(claims.exp - claims.iat).toBe(300);
  });

  it('is not awaited past the time limit', async () => {
    const aborted = new AbortController();
    const silent: Server = createServer(() => aborted.abort());
    const client = new STSClient({ ...LOCAL_CLIENT_CONFIG, endpoint: `http://127.0.0.1:${await listen(silent, 0)}` });
    await expect(webIdentity(client)(AUDIENCE, aborted.signal)).rejects.toMatchObject({ name: 'AbortError' });
    client.destroy();
    await close(silent);
  });
});

describe('the local STS refuses', () => {
  const request = { Audience: [AUDIENCE], SigningAlgorithm: 'RS256' };
  it.each<[string, object, string]>([
    ['no audience', { Audience: [] }, 'Audience must have 1 to 10 members'],
    ['an empty audience', { Audience: [''] }, 'Audience must have 1 to 10 members'],
    ['another algorithm', { SigningAlgorithm: 'ES384' }, 'implements only the SigningAlgorithm RS256, not ES384'],
    ['a moment', { DurationSeconds: 59 }, 'DurationSeconds must be a whole number from 60 to 3600'],
    ['a day', { DurationSeconds: 86_400 }, 'DurationSeconds must be a whole number from 60 to 3600'],
  ])('%s', async (_, wrong, message) => {
    const sent = sts.send(new GetWebIdentityTokenCommand({ ...request, ...wrong }));
    await expect(sent).rejects.toMatchObject({ name: 'ValidationError', message: expect.stringContaining(message) });
  });

  it('another operation, by name', async () => {
    await expect(sts.send(new GetCallerIdentityCommand({}))).rejects.toMatchObject({
      name: 'InvalidAction',
      message: 'the local run does not implement GetCallerIdentity',
    });
  });
});
