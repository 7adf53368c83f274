import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { close, listen } from '../../../local/engines/protocol/http';

export const API_KEY = 'key-of-the-designer';
const MEASURES = ['Revenue', 'Churn'];

/** A small API that fits `connectorDocument`: keeps registrations, and can call their flows. */
export class ApiStub {
  /** Bodies of the registrations by id. */
  readonly registrations = new Map<string, Record<string, unknown>>();
  /** Bodies of the reported outcomes. */
  readonly outcomes: Record<string, unknown>[] = [];
  /** Requests as `METHOD /path`, with `(key)` if they have the key. */
  readonly requests: string[] = [];
  private server: Server | undefined;
  private ids = 0;

  /** Starts the server. Returns its host. */
  async start(): Promise<string> {
    this.server = createServer((request, response) => void this.respond(request, response));
    return `127.0.0.1:${await listen(this.server, 0)}`;
  }

  stop(): Promise<void> | undefined {
    return this.server && close(this.server);
  }

  /** Calls the flow of each registration. Returns the statuses. */
  publish(body: object): Promise<number[]> {
    const urls = [...this.registrations.values()].map(({ callbackUrl }) => String(callbackUrl));
    return Promise.all(
      urls.map(async (url) => (await fetch(url, { method: 'POST', body: JSON.stringify(body) })).status),
    );
  }

  private async respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '', 'http://localhost');
    const hasKey = request.headers['x-api-key'] === API_KEY;
    this.requests.push(`${request.method} ${url.pathname}${hasKey ? ' (key)' : ''}`);
    const send = (status: number, body: object, headers = {}) =>
      response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
    const body = await text(request);
    if (request.method === 'DELETE') {
      this.registrations.delete(url.pathname.split('/').at(-1) ?? '');
      return void response.writeHead(200).end();
    }
    if (!hasKey) return void send(401, { code: 'unauthorized', message: 'The key is not valid.' });
    if (url.pathname === '/v1/measures') return void send(200, measurePage(url));
    if (url.pathname === '/v1/members') {
      const measure = url.searchParams.get('measure');
      if (measure === 'Churn')
        return void send(503, { code: 'unavailable', message: 'The members of Churn are missing.' });
      return void send(200, { value: [{ name: `{"of":"${measure}"}`, title: `Members of ${measure}` }] });
    }
    if (url.pathname === '/v1/status') return void send(200, { title: 'All is well', html: REPORT });
    if (url.pathname === '/v1/outcomes') {
      this.outcomes.push(JSON.parse(body));
      return void send(202, {});
    }
    const [, name, notes] = /^\/v1\/measures\/([^/]+)(\/notes)?$/.exec(url.pathname) ?? [];
    if (notes) return void send(202, {});
    if (name === 'Churn') return void send(404, { code: 'not-found', message: 'The measure Churn has no value yet.' });
    if (name) return void send(200, measure(decodeURIComponent(name)));
    if (request.method !== 'POST') return void send(200, {});
    const registration = JSON.parse(body);
    if (registration.level < 0) return void send(400, { code: 'invalid', message: 'Level: write a number above 0.' });
    const id = `flow.${++this.ids}`;
    this.registrations.set(id, registration);
    send(201, {}, { location: `http://${request.headers.host}/v1/registrations/${id}` });
  }
}

export const REPORT =
  '<table style="width:100%"><tr><td style="background:#107c10;color:#ffffff">All refreshes succeeded</td></tr></table><script>alert(1)</script>';

/** A measure without a value that fits the file is `Broken`. */
const measure = (name: string): object => ({
  name,
  value: name === 'Broken' ? 'many' : 1_234_567.5,
  trend: 'up',
  observedAt: '2026-11-23T12:00:00Z',
  owner: { mail: 'owner@example.com' },
  history: [
    { at: '2026-11-22T12:00:00Z', value: 1_200_000 },
    { at: '2026-11-21T12:00:00Z', value: 1_150_000 },
  ],
  members: ['EMEA', 'APAC'],
});

/** One measure a page. */
function measurePage({ searchParams }: URL): object {
  const page = Number(searchParams.get('page') ?? 0);
  const value = MEASURES.slice(page, page + 1).map((name) => ({ name, title: `${name} (EUR)` }));
  return { value, ...(page + 1 < MEASURES.length && { '@odata.nextLink': `/v1/measures?page=${page + 1}` }) };
}
