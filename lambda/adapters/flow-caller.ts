import http from 'node:http';
import https from 'node:https';
import { type FlowAnswer, INCOMPLETE_ANSWER } from '../core/answer';
import type { FlowRequest } from '../core/deliver';
import { ADDRESS_REFUSED, type AddressGuardOptions, addressGuard } from './guarded-lookup';

/** An answer's body is read for its error code only; more of it is not kept. */
const MAX_ANSWER_BYTES = 64 * 1024;

/** What node:https is told beside the request, and where calls may lead; tests name their own certificate authority. */
export interface CallerOptions extends Pick<https.AgentOptions, 'ca' | 'maxSockets'>, AddressGuardOptions {}

/**
 * Calls flows over kept-alive connections, at public addresses only. No redirect is followed. An answer or its absence is
 * a result: it never throws, and nothing that it says names the URL.
 */
export function flowCaller(options: CallerOptions = {}): (url: string, request: FlowRequest) => Promise<FlowAnswer> {
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
      // Once the status has come the flow has answered, whatever becomes of the rest of its answer.
      let head: FlowAnswer | undefined;
      const end = (answer: FlowAnswer) => {
        clearTimeout(timer);
        resolve(answer);
      };
      const timer = setTimeout(() => {
        end(head ?? { error: 'timeout' });
        request.destroy();
      }, timeoutMs);
      request.on('error', (error: NodeJS.ErrnoException) => end(head ?? { error: error.code ?? 'network error' }));
      request.on('response', (response) => {
        const { statusCode: status, headers: answered } = response;
        const facts = { status, retryAfter: answered['retry-after'], runId: runIdOf(answered['x-ms-workflow-run-id']) };
        const soFar = { ...facts, error: isError(status) ? INCOMPLETE_ANSWER : undefined };
        head = soFar;
        const chunks: Buffer[] = [];
        let size = 0;
        response.on('data', (chunk: Buffer) => {
          size += chunk.length;
          if (size <= MAX_ANSWER_BYTES) chunks.push(chunk);
          else {
            // The status stands already; a body without an end must not hold the worker.
            end(soFar);
            response.destroy();
          }
        });
        response.on('end', () => end({ ...facts, error: errorCode(status, Buffer.concat(chunks)) }));
        response.on('error', () => end(soFar));
      });
      request.end(body);
    });
}

/** A run's id; only what looks like one, since it is kept and shown, and an answer could quote the request. */
function runIdOf(header: string | string[] | undefined): string | undefined {
  const text = Array.isArray(header) ? header[0] : header;
  return text !== undefined && /^[A-Za-z0-9-]{1,128}$/.test(text) ? text : undefined;
}

/** An answer that may say in its body what was wrong. */
const isError = (status = 0): boolean => status >= 400;

/** The code of an error answer, `{"error":{"code":…}}`; only what looks like a code, since the rest may quote the request. */
function errorCode(status: number | undefined, body: Buffer): string | undefined {
  if (!isError(status)) return undefined;
  try {
    const code = JSON.parse(body.toString('utf8'))?.error?.code;
    return typeof code === 'string' && /^[A-Za-z0-9_.]{1,80}$/.test(code) ? code : undefined;
  } catch {
    return undefined;
  }
}
