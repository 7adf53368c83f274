import { createServer, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { LOOPBACK, listen, readBody } from '../../../local/engines/protocol/http';

/** A stand-in for the token endpoint and the signing keys of Entra ID that bundled functions call. */
export interface EntraStandIn {
  /** Redirects the functions' requests for Entra ID to the stand-in. */
  readonly environment: Readonly<Record<string, string>>;
  /** Forms of all requests for tokens. */
  readonly forms: readonly URLSearchParams[];
  stop(): void;
}

/** The response to a token request. */
export interface TokenAnswer {
  readonly status: number;
  readonly body: object;
}

/** A successful response with a token (RFC 6749 §5.1). */
export const tokenAnswer = (accessToken: string): TokenAnswer => ({
  status: 200,
  body: { token_type: 'Bearer', expires_in: 3600, access_token: accessToken },
});

/** @param keys the published signing keys, as JSON Web Keys. */
export async function startEntraStandIn(
  answer: (form: URLSearchParams) => TokenAnswer,
  keys: readonly object[] = [],
): Promise<EntraStandIn> {
  const forms: URLSearchParams[] = [];
  const token = async (request: IncomingMessage): Promise<TokenAnswer> => {
    const form = new URLSearchParams(await readBody(request, Infinity));
    forms.push(form);
    return answer(form);
  };
  const server = createServer(async (request, response) => {
    const isForKeys = /^\/[^/]+\/discovery\/(?:v2\.0\/)?keys$/.test(request.url ?? '');
    const { status, body } = isForKeys ? { status: 200, body: { keys } } : await token(request);
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
  const port = await listen(server, 0);
  return {
    environment: {
      NODE_OPTIONS: `--require ${join(__dirname, 'entra-stand-in.cjs')}`,
      ENTRA_STAND_IN: `http://${LOOPBACK}:${port}`,
    },
    forms,
    stop() {
      server.close();
      server.closeAllConnections();
    },
  };
}
