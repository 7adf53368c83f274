import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { close, listen } from '../../../local/engines/protocol/http';

const pem = (name: string): string => readFileSync(join(__dirname, 'tls', `${name}.pem`), 'utf8');
/** The certificate that callers must trust. */
export const LOOPBACK_CERTIFICATE = pem('loopback-cert');
/** Expired in 2021. */
export const EXPIRED_CERTIFICATE = pem('expired-cert');
/** For another host, `elsewhere.example`. */
export const ELSEWHERE_CERTIFICATE = pem('elsewhere-cert');
/** Valid, but not among the trusted certificates. */
export const UNTRUSTED_CERTIFICATE = pem('untrusted-cert');
/** The certificates that callers trust. They include bad ones, so that a bad certificate has no other fault. */
export const TRUSTED_CERTIFICATES = [LOOPBACK_CERTIFICATE, EXPIRED_CERTIFICATE, ELSEWHERE_CERTIFICATE];
const KEY = pem('loopback-key');

/** Part of every URL of the server. It must not appear anywhere else. */
export const SIGNATURE = 'SeCrEt-SiGnAtUrE-0123456789-abcdefghijklmno';

/** A complete request. */
export interface FlowCall {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** Handles a request. */
export type Behaviour = (response: ServerResponse, call: FlowCall) => void;

export const responding =
  (status: number, headers: Readonly<Record<string, string>> = {}, body = ''): Behaviour =>
  (response) =>
    void response.writeHead(status, headers).end(body);

/** The response of a flow without a Response action: accepted. */
export const accepted: Behaviour = responding(202, {
  'x-ms-workflow-run-id': '08584000000000000000000000000CU01',
  'x-ms-correlation-id': 'd1b0b4c5-0000-4000-8000-000000000000',
  'x-ms-client-tracking-id': 'tracking',
});

/** An error in Power Automate's format. The message quotes the URL, as some of its messages do. */
export const refused =
  (status: number, code: string, headers: Readonly<Record<string, string>> = {}): Behaviour =>
  (response, { path }) =>
    responding(
      status,
      { 'content-type': 'application/json; charset=utf-8', ...headers },
      JSON.stringify({ error: { code, message: `The request to '${path}' failed.` } }),
    )(response, { path } as FlowCall);

/** Reads the request and never responds. */
export const silent: Behaviour = () => {};

/** Sends the status and a part of the body, and then nothing more. */
export const stalled =
  (status: number): Behaviour =>
  (response) =>
    void response.writeHead(status).write('{"error":');

/** Sends the status and an endless body. */
export const flooding =
  (status: number): Behaviour =>
  (response) => {
    response.writeHead(status);
    const more = () => {
      while (!response.destroyed && response.write('x'.repeat(16_384))) {}
    };
    response.on('drain', more);
    more();
  };

/** Closes the connection before the response. */
export const reset: Behaviour = (response) => void response.socket?.destroy();

/** Closes the connection in the middle of the response. */
export const brokenOff =
  (status: number): Behaviour =>
  (response) =>
    response
      .writeHead(status, { 'content-length': '100', 'x-ms-workflow-run-id': 'run-1' })
      .write('{"error":', () => response.socket?.destroy());

/** Writes raw bytes instead of a response of node:http. `broken` closes the connection afterwards. */
export const raw =
  (text: string, broken?: 'broken'): Behaviour =>
  ({ socket }) =>
    void socket?.write(text, () => broken && socket.destroy());

/** Writes a text repeatedly until the client disconnects. */
export const dripping =
  (text: string, again: string): Behaviour =>
  ({ socket }) => {
    socket?.write(text);
    const timer = setInterval(() => socket?.write(again), 20);
    socket?.on('close', () => clearInterval(timer));
  };

/** Responds after the client has disconnected. */
export const tooLate =
  (behaviour: Behaviour): Behaviour =>
  (response, call) =>
    void response.socket?.on('close', () => behaviour(response, call));

/** A flow's host over TLS on the loopback address, with a behaviour that the test chooses. */
export class FlowServer {
  readonly calls: FlowCall[] = [];
  /** Requests whose client disconnected before they were complete. */
  incompleteRequests = 0;
  /** TCP connections so far, including those whose TLS handshake failed. */
  arrivals = 0;
  /** TLS connections so far. */
  connections = 0;
  /** Host that the last TLS connection named. False if it named no host, as for an address. */
  serverName: string | false | undefined;
  /** Chooses the behaviour for a request. `n` is the number of earlier requests. */
  behave: (call: FlowCall, n: number) => Behaviour = () => accepted;

  private readonly open = new Set<Duplex>();

  private constructor(
    private readonly server: Server,
    private readonly port: number,
  ) {}

  static async start(cert = LOOPBACK_CERTIFICATE): Promise<FlowServer> {
    const server = createServer({ cert, key: KEY });
    const flow = new FlowServer(server, await listen(server, 0));
    server.on('connection', (socket) => {
      flow.arrivals++;
      flow.open.add(socket);
      socket.once('close', () => flow.open.delete(socket));
    });
    server.on('secureConnection', (socket: TLSSocket & { servername?: string | false }) => {
      flow.connections++;
      flow.serverName = socket.servername;
    });
    server.on('request', async (request, response) => {
      const chunks: Buffer[] = [];
      try {
        for await (const chunk of request) chunks.push(chunk);
      } catch {
        flow.incompleteRequests++;
        return;
      }
      const { method = '', url: path = '', headers } = request;
      const call = { method, path, headers, body: Buffer.concat(chunks).toString('utf8') };
      flow.calls.push(call);
      flow.behave(call, flow.calls.length - 1)(response, call);
    });
    return flow;
  }

  /** URL of a flow with a signature like a real one. Only loopback hosts resolve to the server. */
  url(flow = 'flow-1', host = '127.0.0.1'): string {
    const path = `/powerautomate/automations/direct/workflows/${flow}/triggers/manual/paths/invoke`;
    return `https://${host}:${this.port}${path}?api-version=1&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig=${SIGNATURE}`;
  }

  /** Waits until every connection is closed. Then everything that its client sent has arrived. */
  async whenDisconnected(): Promise<void> {
    while (this.open.size > 0) await Promise.all([...this.open].map((socket) => once(socket, 'close')));
  }

  stop(): Promise<void> {
    return close(this.server);
  }
}
