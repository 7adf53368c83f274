import { subscribe } from 'node:diagnostics_channel';
import type { ClientRequest } from 'node:http';
import { join } from 'node:path';
import type { Context, SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { cpuMs } from '../report';
import { serve } from './child';

// The deployed bundle, with the environment from the template.
const { handler }: { handler: (event: SQSEvent, context: Context) => Promise<SQSBatchResponse> } = require(
  join(__dirname, '..', '..', 'dist', 'lambda', process.env.POWERTOOLS_SERVICE_NAME as string, 'index.js'),
);

const TIMEOUT_MS = 60_000;
const SERVICES: Readonly<Record<string, string>> = {
  DynamoDB_20120810: 'DynamoDB',
  AmazonSQS: 'SQS',
  TrentService: 'KMS',
  AWSEvents: 'EventBridge',
};

/** Usage of the function since the last request for it. */
export interface FunctionUsage {
  readonly cpuMs: number;
  /** Requests, including retries, by service and operation. `flow POST`: requests to flows. */
  readonly calls: Readonly<Record<string, number>>;
  /** Largest resident set since the process started, MB of 1,000,000 bytes. */
  readonly peakMb: number;
}

let calls: Record<string, number> = {};
let cpuBefore = cpuMs();
// Node.js reports all HTTP requests of the process on this channel.
subscribe('http.client.request.start', (message) => {
  const target = (message as { request: ClientRequest }).request.getHeader('x-amz-target');
  const [service = '', operation] = String(target ?? '').split('.');
  const name = target === undefined ? 'flow POST' : `${SERVICES[service] ?? service} ${operation}`;
  calls[name] = (calls[name] ?? 0) + 1;
});

function usage(): FunctionUsage {
  const now = cpuMs();
  // Kilobytes (Node.js documentation, process.resourceUsage).
  const peakMb = (process.resourceUsage().maxRSS * 1024) / 1e6;
  const taken = { cpuMs: now - cpuBefore, calls, peakMb };
  calls = {};
  cpuBefore = now;
  return taken;
}

serve(undefined, (request: SQSEvent | 'usage') => {
  if (request === 'usage') return usage();
  const end = Date.now() + TIMEOUT_MS;
  return handler(request, { getRemainingTimeInMillis: () => end - Date.now() } as Context);
});
