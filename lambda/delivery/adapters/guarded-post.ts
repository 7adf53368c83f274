import http from 'node:http';
import https from 'node:https';
import { ADDRESS_REFUSED, type AddressGuardOptions, addressGuard } from './guarded-lookup';

/** Bytes read of a response's body: enough for an error code or a token. */
const MAX_RESPONSE_BYTES = 64 * 1024;

/** Options of the agents and the address guard. Tests set their own certificate authority. */
export interface PosterOptions extends Pick<https.AgentOptions, 'ca' | 'maxSockets'>, AddressGuardOptions {}

export interface PostRequest {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly timeoutMs: number;
}

/** A response, or the code of the error that prevented it, such as `ECONNRESET` or `timeout`. */
export type PostResponse =
  | {
      readonly status: number | undefined;
      readonly headers: http.IncomingHttpHeaders;
      /** Undefined if it was too long, late or cut off. The status is still valid. */
      readonly body?: Buffer;
    }
  | { readonly error: string };

/**
 * Posts over kept-alive connections to public addresses only. Follows no redirect. Returns a missing response as a
 * result, never throws, and never names the URL.
 */
export function guardedPoster(
  options: PosterOptions = {},
): (url: string, request: PostRequest) => Promise<PostResponse> {
  const { loopback, resolve, ...tls } = options;
  const guard = addressGuard({ loopback, resolve });
  const { lookup } = guard;
  const agents = {
    'https:': new https.Agent({ keepAlive: true, lookup, ...tls }),
    // For loopback addresses in the local run. `checkFlowUrl` refuses http elsewhere.
    'http:': new http.Agent({ keepAlive: true, lookup }),
  };
  return (url, { headers, body, timeoutMs }) =>
    new Promise((resolve) => {
      const { protocol, hostname } = new URL(url);
      // Does not rely on `checkFlowUrl`, which refuses addresses too.
      if (guard.refusesHost(hostname)) return resolve({ error: ADDRESS_REFUSED });
      const secure = protocol === 'https:';
      const request = (secure ? https : http).request(url, {
        method: 'POST',
        agent: secure ? agents['https:'] : agents['http:'],
        headers: { ...headers, 'content-length': Buffer.byteLength(body) },
      });
      // The status alone is a response, even if the body fails.
      let head: PostResponse | undefined;
      const end = (result: PostResponse) => {
        clearTimeout(timer);
        resolve(result);
      };
      const timer = setTimeout(() => {
        end(head ?? { error: 'timeout' });
        request.destroy();
      }, timeoutMs);
      request.on('error', (error: NodeJS.ErrnoException) => end(head ?? { error: error.code ?? 'network error' }));
      request.on('response', (response) => {
        const withoutBody = { status: response.statusCode, headers: response.headers };
        head = withoutBody;
        const chunks: Buffer[] = [];
        let size = 0;
        response.on('data', (chunk: Buffer) => {
          size += chunk.length;
          if (size <= MAX_RESPONSE_BYTES) chunks.push(chunk);
          else {
            // An endless body must not block the worker.
            end(withoutBody);
            response.destroy();
          }
        });
        response.on('end', () => end({ ...withoutBody, body: Buffer.concat(chunks) }));
        response.on('error', () => end(withoutBody));
      });
      request.end(body);
    });
}
