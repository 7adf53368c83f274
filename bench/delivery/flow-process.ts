import { readFileSync } from 'node:fs';
import type { IncomingHttpHeaders } from 'node:http';
import { createServer } from 'node:https';
import { LOOPBACK, listen } from '../../local/engines/protocol/http';
import { serve } from '../engines/child';
import { CERTIFICATE_FILE, KEY_FILE } from './tls';

/** POSTs since the last request for them. */
export interface Received {
  readonly posts: number;
  /** Accepted POSTs by `webhook-id`. */
  readonly accepted: Readonly<Record<string, number>>;
  /** An accepted POST. */
  readonly sample?: { readonly headers: IncomingHttpHeaders; readonly body: string };
}

let posts = 0;
let accepted: Record<string, number> = {};
let sample: Received['sample'];
/** Whether the first POST of every id is rejected. */
let rejecting = false;
const rejected = new Set<string>();

const server = createServer(
  { cert: readFileSync(CERTIFICATE_FILE), key: readFileSync(KEY_FILE) },
  (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const id = String(request.headers['webhook-id']);
      posts++;
      if (rejecting && !rejected.has(id)) {
        rejected.add(id);
        response.writeHead(503, { 'content-length': 0 }).end();
        return;
      }
      accepted[id] = (accepted[id] ?? 0) + 1;
      sample ??= { headers: request.headers, body: Buffer.concat(chunks).toString() };
      response
        .writeHead(202, { 'x-ms-workflow-run-id': '08584000000000000000000000000CU01', 'content-length': 0 })
        .end();
    });
  },
);

function takeReceived(): Received {
  const received = { posts, accepted, sample };
  posts = 0;
  accepted = {};
  sample = undefined;
  return received;
}

async function main(): Promise<void> {
  const port = await listen(server, 0);
  serve(`https://${LOOPBACK}:${port}`, (request: 'received' | 'reject' | 'accept') => {
    if (request === 'received') return takeReceived();
    rejecting = request === 'reject';
    return undefined;
  });
}

void main();
