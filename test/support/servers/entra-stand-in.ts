import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

/** What stands for the token endpoint of Entra ID where built functions run. */
export interface EntraStandIn {
  /** For the functions: leads what they send to the token endpoint here. */
  readonly environment: Readonly<Record<string, string>>;
  /** The forms that it got. */
  readonly forms: readonly URLSearchParams[];
  stop(): void;
}

/** What a request for a token is answered. */
export interface TokenAnswer {
  readonly status: number;
  readonly body: object;
}

/** The answer that is a token (RFC 6749 §5.1). */
export const tokenAnswer = (accessToken: string): TokenAnswer => ({
  status: 200,
  body: { token_type: 'Bearer', expires_in: 3600, access_token: accessToken },
});

export async function startEntraStandIn(answer: (form: URLSearchParams) => TokenAnswer): Promise<EntraStandIn> {
  const forms: URLSearchParams[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const form = new URLSearchParams(Buffer.concat(chunks).toString());
    forms.push(form);
    const { status, body } = answer(form);
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    environment: {
      NODE_OPTIONS: `--require ${join(__dirname, 'entra-stand-in.cjs')}`,
      ENTRA_STAND_IN: `http://127.0.0.1:${port}`,
    },
    forms,
    stop() {
      server.close();
      server.closeAllConnections();
    },
  };
}
