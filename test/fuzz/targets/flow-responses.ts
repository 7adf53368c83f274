import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';
import fc from 'fast-check';
import { flowCaller, readFlowResponse } from '../../../lambda/delivery/adapters/flow-caller';
import type { PostResponse } from '../../../lambda/delivery/adapters/guarded-post';
import type { FlowResponse } from '../../../lambda/delivery/core/response';
import type { Plan } from '../../../local/template/model/plan';
import { Companions, STRANGE } from '../companions';
import type { Result, Target } from '../fuzz';
import { mutatedJson, oddText } from '../mutations';
import { PLANTED } from '../secrets';

const BODIES = [
  { error: { code: 'TriggerInputSchemaMismatch', message: 'The input does not match the schema.' } },
  { error: { code: 'WorkflowTriggerIsNotEnabled', message: 'Could not execute workflow.' } },
  { error: { code: 'DirectApiAuthorizationRequired', message: 'The request must be authenticated.' } },
  { statusCode: 429, message: 'Rate limit is exceeded. Try again in 20 seconds.' },
];
const STATUSES = [200, 202, 204, 301, 302, 307, 308, 400, 401, 403, 404, 408, 410, 413, 425, 429, 500, 502, 503, 504];
const HEADERS = [
  'retry-after',
  'location',
  'x-ms-workflow-run-id',
  'x-ms-error',
  'set-cookie',
  'content-type',
] as const;
const retryAfter = fc.constantFrom(
  ...[
    '0',
    '-1',
    '1.5',
    '3600',
    '99999999999',
    '1e9',
    'Fri, 20 Nov 2026 12:30:00 GMT',
    'Sun, 06 Nov 1994',
    '２０',
    ' 20 ',
  ],
);

/** A response of a flow, before it is sent. */
interface Answer {
  readonly status: number;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string;
  readonly cut: 'no' | 'body' | 'error';
}
const answer: fc.Arbitrary<Answer> = fc.record({
  status: fc.oneof(
    { weight: 8, arbitrary: fc.constantFrom(...STATUSES) },
    { weight: 1, arbitrary: fc.integer({ min: 200, max: 999 }) },
  ),
  headers: fc.array(fc.tuple(fc.constantFrom(...HEADERS), fc.oneof(oddText, retryAfter, fc.constantFrom(...PLANTED))), {
    maxLength: 4,
  }),
  body: mutatedJson(BODIES),
  cut: fc.oneof(
    { weight: 8, arbitrary: fc.constant('no' as const) },
    { weight: 1, arbitrary: fc.constantFrom('body' as const, 'error' as const) },
  ),
});

/** What the poster gives for an answer, without a connection. */
function posted({ status, headers, body, cut }: Answer): PostResponse {
  if (cut === 'error') return { error: 'ECONNRESET' };
  return {
    status,
    headers: Object.fromEntries(headers),
    ...(cut === 'no' && { body: Buffer.from(body) }),
  };
}

const CHUNKINGS = ['length', 'chunked', 'close', 'short', 'long', 'bad chunk', 'garbage', 'two'] as const;

/** The bytes of an answer on a connection, in one of several framings. */
function bytesOf({ status, headers, body }: Answer, framing: (typeof CHUNKINGS)[number]): Buffer {
  const lines = headers.map(([name, value]) => `${name}: ${value.replaceAll(/[\r\n]/g, '')}\r\n`).join('');
  const head = `HTTP/1.1 ${status} Answer\r\n${lines}`;
  const size = Buffer.byteLength(body);
  const chunk = `${size.toString(16)}\r\n${body}\r\n`;
  const texts: Readonly<Record<(typeof CHUNKINGS)[number], string>> = {
    length: `${head}content-length: ${size}\r\n\r\n${body}`,
    chunked: `${head}transfer-encoding: chunked\r\n\r\n${size > 0 ? chunk : ''}0\r\n\r\n`,
    close: `${head}connection: close\r\n\r\n${body}`,
    short: `${head}content-length: ${size + 10}\r\n\r\n${body}`,
    long: `${head}content-length: ${Math.max(0, size - 5)}\r\n\r\n${body}`,
    'bad chunk': `${head}transfer-encoding: chunked\r\n\r\nzz\r\n${body}`,
    garbage: body,
    two: `${head}content-length: 0\r\n\r\n${head}content-length: 0\r\n\r\n`,
  };
  return Buffer.from(texts[framing]);
}

/** Responses that go over a socket, of those of a run. */
const OVER_SOCKET = 1;
const BATCH = STRANGE.length;
/** Runs with the same stand. */
const RUNS = 20;

/** A flow on the loopback that answers every request with the same bytes. */
class RawFlow {
  answer: Uint8Array = Buffer.alloc(0);
  private constructor(private readonly server: Server) {}

  static async start(): Promise<RawFlow> {
    const server = createServer((socket) => {
      socket.on('error', () => {});
      socket.once('data', () => socket.end(flow.answer));
    });
    const flow = new RawFlow(server);
    await once(server.listen(0, '127.0.0.1'), 'listening');
    return flow;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/`;
  }

  stop(): void {
    this.server.close();
  }
}

type Input = { readonly answer: Answer; readonly framing: (typeof CHUNKINGS)[number] }[];

/** Responses of flows to deliveries. Another delivery of the same batch is accepted. */
export const flowResponses = (plan: Plan): Target<Input> => ({
  name: 'flow responses',
  inputs: fc.array(fc.record({ answer, framing: fc.constantFrom(...CHUNKINGS) }), {
    minLength: BATCH,
    maxLength: BATCH,
  }),
  batch: BATCH,
  async start() {
    let runs = 0;
    let companions: Companions;
    let respond: (n: number) => Promise<FlowResponse>;
    const flow = await RawFlow.start();
    const call = flowCaller({ loopback: true });
    return {
      async run(all): Promise<Result> {
        const run = runs++;
        if (run % RUNS === 0) companions = await Companions.start(plan, {}, (n) => respond(n));
        const called = new Set<number>();
        respond = async (n) => {
          called.add(n);
          const { answer: sent, framing } = all[n] as Input[number];
          if (n >= OVER_SOCKET) return readFlowResponse(posted(sent));
          flow.answer = bytesOf(sent, framing);
          return call(flow.url, { headers: {}, body: '{}', timeoutMs: 5000 });
        };
        const result = await companions.with((stand) => {
          for (const n of all.keys()) stand.queueOf('deliver').send(companions.delivery(n, `e${run}`));
        });
        const problems = [...(result.problems ?? [])];
        for (const n of all.keys()) {
          companions.restoreStrange(n);
          if (!called.has(n)) problems.push(`lost: delivery ${n} did not reach its flow`);
        }
        if (companions.row(`e${run}`)?.status === undefined) problems.push('lost: a delivery has no row');
        return { ...result, problems, entrusted: undefined };
      },
      async stop() {
        flow.stop();
      },
    };
  },
});
