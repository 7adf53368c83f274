import { request as http } from 'node:http';
import { request as https } from 'node:https';
import { timer } from '../../shared/adapters/timer';
import { LogMessage } from '../../shared/core/log-messages';
import type { Telemetry } from '../../shared/core/ports';
import type { DeclarationOutcome, DeclarationRequest } from '../core/declare';

/** An unvalidated request of CloudFormation (user guide, "Custom resource request objects"). */
export interface CustomResourceRequest {
  readonly RequestType?: unknown;
  readonly RequestId?: unknown;
  readonly ResponseURL?: unknown;
  readonly StackId?: unknown;
  readonly LogicalResourceId?: unknown;
  readonly PhysicalResourceId?: unknown;
  readonly ResourceProperties?: { readonly Entry?: unknown };
}

/** Waits before the attempts to send the response, milliseconds. */
const PAUSES = [0, 250, 1000, 3000];
/** Timeout of an attempt, milliseconds. */
const ATTEMPT_MS = 5000;
/** Time reserved for all attempts and waits, milliseconds. */
const RESPONSE_MS = 25_000;
/** Characters of a reason. The response has up to 4,096 bytes (user guide, "Custom resource response objects"). */
const MAX_REASON = 800;

/** Uploads a response to the URL of its request. Returns the HTTP status, or rejects with an error of the network. */
export type PutResponse = (url: URL, body: string) => Promise<number | undefined>;

export interface ResponseOptions {
  /** Remaining time of the invocation, milliseconds. */
  readonly remaining: () => number;
  readonly telemetry: Pick<Telemetry, 'info' | 'warn'>;
  readonly put: PutResponse;
  /** Waits before the attempts to send the response, milliseconds. */
  readonly pauses?: readonly number[];
}

/**
 * Handles a request of CloudFormation. Always responds, and before the function times out: without a response, a
 * deployment hangs until its own timeout.
 * @throws Error if the response cannot be sent. Lambda then retries the request.
 */
export async function respondToCloudFormation(
  event: CustomResourceRequest,
  act: (request: DeclarationRequest) => Promise<DeclarationOutcome>,
  { remaining, telemetry, put, pauses = PAUSES }: ResponseOptions,
): Promise<void> {
  const { ResponseURL, StackId, RequestId, LogicalResourceId, PhysicalResourceId } = event;
  const url = typeof ResponseURL === 'string' ? URL.parse(ResponseURL) : null;
  if (!url) throw new Error('the event is not a request of CloudFormation: it has no ResponseURL');
  const physicalId = typeof PhysicalResourceId === 'string' ? PhysicalResourceId : undefined;
  const outcome = await within(remaining() - RESPONSE_MS, () =>
    act({
      type: String(event.RequestType),
      stack: stackName(String(StackId)),
      logicalId: String(LogicalResourceId),
      physicalId,
      entry: event.ResourceProperties?.Entry,
    }),
  ).catch((error: unknown) => ({
    physicalId: physicalId ?? String(LogicalResourceId),
    reason: error instanceof Error ? error.message : String(error),
    fault: error,
  }));

  const { reason, fault } = outcome;
  const details = { request: event.RequestType, resource: LogicalResourceId, subscription: outcome.physicalId };
  if (reason === undefined) telemetry.info(LogMessage.DECLARED, details);
  else telemetry.warn(LogMessage.NOT_DECLARED, { ...details, reason, ...(fault instanceof Error && { error: fault }) });
  const response = {
    Status: reason === undefined ? 'SUCCESS' : 'FAILED',
    ...(reason !== undefined && {
      Reason: reason.length > MAX_REASON ? `${reason.slice(0, MAX_REASON - 1)}…` : reason,
    }),
    PhysicalResourceId: outcome.physicalId,
    StackId,
    RequestId,
    LogicalResourceId,
  };
  await send(() => put(url, JSON.stringify(response)), pauses);
}

/** `arn:aws:cloudformation:eu-central-1:123456789012:stack/Shop/1a2b…` is the stack `Shop`. */
const stackName = (stackId: string): string => /:stack\/([^/]+)\//.exec(stackId)?.[1] ?? stackId;

async function within<T>(ms: number, act: () => Promise<T>): Promise<T> {
  const ended = new AbortController();
  const timeout = timer.wait(Math.max(ms, 0), ended.signal).then(() => {
    throw new Error('the request timed out: deploy again');
  });
  try {
    return await Promise.race([act(), timeout]);
  } finally {
    ended.abort();
  }
}

/** @throws Error if all attempts fail. Its message does not contain the URL, which allows anyone to respond. */
async function send(put: () => Promise<number | undefined>, pauses: readonly number[]): Promise<void> {
  let problem = '';
  for (const wait of pauses) {
    if (wait > 0) await timer.wait(wait);
    const status = await put().catch((error: NodeJS.ErrnoException) => error.code ?? error.name);
    if (status === 200) return;
    problem = String(status);
  }
  throw new Error(`CloudFormation did not accept the response in ${pauses.length} attempts: ${problem}`);
}

/** The local run receives responses over plain HTTP. */
export const putResponse: PutResponse = (url, body) => {
  const open = url.protocol === 'http:' ? http : https;
  return new Promise((resolve, reject) => {
    const request = open(
      url,
      {
        method: 'PUT',
        // The signature of the S3 URL requires an empty content type.
        headers: { 'content-type': '', 'content-length': Buffer.byteLength(body) },
        signal: AbortSignal.timeout(ATTEMPT_MS),
      },
      (response) => response.on('end', () => resolve(response.statusCode)).resume(),
    );
    request.on('error', reject);
    request.end(body);
  });
};
