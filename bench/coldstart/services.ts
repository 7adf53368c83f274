import { readFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { createServer } from 'node:https';
import { close, LOOPBACK, listen, readBody } from '../../local/engines/protocol/http';
import { CERTIFICATE_FILE, KEY_FILE } from '../delivery/tls';

/** A request that a function made. */
export interface Call {
  /** Service and operation, method and path of a service without operations in headers, or the method alone. */
  readonly name: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

const SERVICES: Readonly<Record<string, string>> = {
  DynamoDB_20120810: 'DynamoDB',
  AmazonSQS: 'SQS',
  TrentService: 'KMS',
  AWSEvents: 'EventBridge',
  AWSGlue: 'Glue',
  AmazonAthena: 'Athena',
};

/** Responses of the services by `Call.name`, or functions of the request's body. Default: `{}`. */
export type Responses = Readonly<Record<string, object | ((body: string) => object)>>;

/**
 * All services and the flow on one port, over TLS as on AWS: over plain HTTP, the SDK imports `node:http` as an ES module, which
 * loads undici and costs more than all else. They answer the same to every process, so that all do the same work.
 */
export class CannedServices {
  /** The requests since the last `begin`. */
  calls: Call[] = [];
  private responses: Responses = {};
  private readonly server = createServer(
    { cert: readFileSync(CERTIFICATE_FILE), key: readFileSync(KEY_FILE) },
    async (request, response) => {
      const body = (await readBody(request, 1024 * 1024)) ?? '';
      const { method = '', url: path = '', headers } = request;
      const call = { name: nameOf(method, path, headers), path, headers, body };
      this.calls.push(call);
      response.writeHead(200, { 'content-type': 'application/json', 'x-ms-workflow-run-id': '085840000CU01' });
      const canned = this.responses[call.name] ?? {};
      response.end(JSON.stringify(typeof canned === 'function' ? canned(body) : canned));
    },
  );

  /** Resolves to the URL. */
  async start(): Promise<string> {
    return `https://${LOOPBACK}:${await listen(this.server, 0)}`;
  }

  begin(responses: Responses = {}): void {
    this.responses = responses;
    this.calls = [];
  }

  stop(): Promise<void> {
    return close(this.server);
  }
}

function nameOf(method: string, path: string, headers: IncomingMessage['headers']): string {
  const [service = '', operation] = String(headers['x-amz-target'] ?? '').split('.');
  if (operation !== undefined) return `${SERVICES[service] ?? service} ${operation}`;
  return headers.authorization?.startsWith('AWS4-') ? `${method} ${path}` : method;
}
