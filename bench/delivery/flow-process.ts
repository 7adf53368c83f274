import { readFileSync } from 'node:fs';
import type { IncomingHttpHeaders } from 'node:http';
import { createServer } from 'node:https';
import { LOOPBACK, listen } from '../../local/engines/protocol/http';
import { serve } from '../engines/child';
import { CERTIFICATE_FILE, KEY_FILE } from './tls';

/** What came since the last look. */
export interface Received {
  readonly posts: number;
  /** POSTs that were taken, by `webhook-id`; empty where nobody asks for them. */
  readonly taken: Readonly<Record<string, number>>;
  /** One of them. */
  readonly sample?: { readonly headers: IncomingHttpHeaders; readonly body: string };
}

let posts = 0;
let taken: Record<string, number> = {};
let sample: Received['sample'];
/** Refuses the first POST of every id. */
let refusing = false;
const refused = new Set<string>();

const server = createServer(
  { cert: readFileSync(CERTIFICATE_FILE), key: readFileSync(KEY_FILE) },
  (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const id = String(request.headers['webhook-id']);
      posts++;
      if (refusing && !refused.has(id)) {
        refused.add(id);
        response.writeHead(503, { 'content-length': 0 }).end();
        return;
      }
      taken[id] = (taken[id] ?? 0) + 1;
      sample ??= { headers: request.headers, body: Buffer.concat(chunks).toString() };
      response
        .writeHead(202, { 'x-ms-workflow-run-id': '08584000000000000000000000000CU01', 'content-length': 0 })
        .end();
    });
  },
);

function look(): Received {
  const received = { posts, taken, sample };
  posts = 0;
  taken = {};
  sample = undefined;
  return received;
}

async function main(): Promise<void> {
  const port = await listen(server, 0);
  serve(`https://${LOOPBACK}:${port}`, (request: 'look' | 'refuse' | 'take') => {
    if (request === 'look') return look();
    refusing = request === 'refuse';
    return undefined;
  });
}

void main();
