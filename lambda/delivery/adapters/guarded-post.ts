import http from 'node:http';
import https from 'node:https';
import { ADDRESS_REFUSED, type AddressGuardOptions, addressGuard } from './guarded-lookup';

/** What is read of an answer's body, bytes. Nobody here needs more than an error code or a token. */
const MAX_RESPONSE_BYTES = 64 * 1024;

/** What node:https is told beside the request, and where calls may lead; tests name their own certificate authority. */
export interface PosterOptions extends Pick<https.AgentOptions, 'ca' | 'maxSockets'>, AddressGuardOptions {}

export interface PostRequest {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly timeoutMs: number;
}

/** An answer, or `error`: the code of what kept it away, such as `ECONNRESET` or `timeout`. */
export type PostResponse =
  | {
      readonly status: number | undefined;
      readonly headers: http.IncomingHttpHeaders;
      /** Left out when it was too long, too late or cut off: the status stands all the same. */
      readonly body?: Buffer;
    }
  | { readonly error: string };

/**
 * Posts over kept-alive connections, at public addresses only. No redirect is followed. An answer or its absence is a
 * result: it never throws, and nothing that it says names the URL.
 */
export function guardedPoster(
  options: PosterOptions = {},
): (url: string, request: PostRequest) => Promise<PostResponse> {
  const { loopback, resolve, ...tls } = options;
  const guard = addressGuard({ loopback, resolve });
  const { lookup } = guard;
  const agents = {
    'https:': new https.Agent({ keepAlive: true, lookup, ...tls }),
    // Only a loopback address of the local run has this scheme: `checkFlowUrl` refuses it elsewhere.
    'http:': new http.Agent({ keepAlive: true, lookup }),
  };
  return (url, { headers, body, timeoutMs }) =>
    new Promise((resolve) => {
      const { protocol, hostname } = new URL(url);
      // `checkFlowUrl` lets no address through; nothing here leans on that.
      if (guard.refusesHost(hostname)) return resolve({ error: ADDRESS_REFUSED });
      const secure = protocol === 'https:';
      const request = (secure ? https : http).request(url, {
        method: 'POST',
        agent: secure ? agents['https:'] : agents['http:'],
        headers: { ...headers, 'content-length': Buffer.byteLength(body) },
      });
      // Once the status has come there is an answer, whatever becomes of the rest of it.
      let head: PostResponse | undefined;
      const end = (answer: PostResponse) => {
        clearTimeout(timer);
        resolve(answer);
      };
      const timer = setTimeout(() => {
        end(head ?? { error: 'timeout' });
        request.destroy();
      }, timeoutMs);
      request.on('error', (error: NodeJS.ErrnoException) => end(head ?? { error: error.code ?? 'network error' }));
      request.on('response', (response) => {
        const answered = { status: response.statusCode, headers: response.headers };
        head = answered;
        const chunks: Buffer[] = [];
        let size = 0;
        response.on('data', (chunk: Buffer) => {
          size += chunk.length;
          if (size <= MAX_RESPONSE_BYTES) chunks.push(chunk);
          else {
            // The status stands already; a body without an end must not hold the worker.
            end(answered);
            response.destroy();
          }
        });
        response.on('end', () => end({ ...answered, body: Buffer.concat(chunks) }));
        response.on('error', () => end(answered));
      });
      request.end(body);
    });
}
