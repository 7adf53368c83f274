import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { LOOPBACK, listen, readBody } from '../../local/engines/protocol/http';
import { serve } from '../engines/child';

/** Requests that a flow's endpoint received since the last `start`. */
export interface Received {
  readonly posts: number;
  /** Events in them. A difference to `posts` is duplicates. */
  readonly events: number;
  /** Time of the last new event, epoch milliseconds. */
  readonly lastAt: number;
}

const MAX_BODY_BYTES = 1024 * 1024;

async function main(): Promise<void> {
  let posts = 0;
  let lastAt = 0;
  const events = new Set<string>();
  const server = createServer(async (request, response) => {
    const { runId } = JSON.parse((await readBody(request, MAX_BODY_BYTES)) ?? '{}');
    posts++;
    if (!events.has(runId)) lastAt = Date.now();
    events.add(runId);
    response.writeHead(202, { 'x-ms-workflow-run-id': randomUUID(), 'content-length': 0 }).end();
  });
  const port = await listen(server, 0);
  serve(`http://${LOOPBACK}:${port}/flow`, (request: 'start' | 'received'): Received => {
    if (request === 'start') {
      posts = 0;
      events.clear();
    }
    return { posts, events: events.size, lastAt };
  });
}

void main();
