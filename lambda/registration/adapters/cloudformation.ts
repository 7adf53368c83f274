import { request as http } from 'node:http';
import { request as https } from 'node:https';
import { setTimeout as pause } from 'node:timers/promises';
import { LogMessage } from '../../shared/core/log-messages';
import type { Telemetry } from '../../shared/core/ports';
import type { DeclarationOutcome, DeclarationRequest } from '../core/declare';

/** CloudFormation's request (user guide, "Custom resource request objects"), of which nothing is taken for granted. */
export interface CustomResourceRequest {
  readonly RequestType?: unknown;
  readonly RequestId?: unknown;
  readonly ResponseURL?: unknown;
  readonly StackId?: unknown;
  readonly LogicalResourceId?: unknown;
  readonly PhysicalResourceId?: unknown;
  readonly ResourceProperties?: { readonly Entry?: unknown };
}

/** Waits between the tries to answer, milliseconds. */
const PAUSES = [0, 250, 1000, 3000];
/** How long one try takes at most, milliseconds. */
const TRY_MS = 5000;
/** What is kept of the function's time for the answer: all tries and their pauses, milliseconds. */
const ANSWER_MS = 25_000;
/** Characters of a reason: the whole answer may have 4,096 bytes (user guide, "Custom resource response objects"). */
const MAX_REASON = 800;

export interface AnswerOptions {
  /** Milliseconds that the function still has. */
  readonly remaining: () => number;
  readonly telemetry: Pick<Telemetry, 'info' | 'warn'>;
  /** Waits between the tries to answer, milliseconds. */
  readonly pauses?: readonly number[];
}

/**
 * Does what CloudFormation asks for and answers it, whatever happens: without an answer a deployment hangs for its whole
 * time. The answer is sent before the function's time is over.
 * @throws Error when nobody takes the answer; Lambda then sends the request again.
 */
export async function answerCloudFormation(
  event: CustomResourceRequest,
  act: (request: DeclarationRequest) => Promise<DeclarationOutcome>,
  { remaining, telemetry, pauses = PAUSES }: AnswerOptions,
): Promise<void> {
  const { ResponseURL, StackId, RequestId, LogicalResourceId, PhysicalResourceId } = event;
  const url = typeof ResponseURL === 'string' ? URL.parse(ResponseURL) : null;
  if (!url) throw new Error('the event is no request of CloudFormation: it has no ResponseURL');
  const physicalId = typeof PhysicalResourceId === 'string' ? PhysicalResourceId : undefined;
  const outcome = await within(remaining() - ANSWER_MS, () =>
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
  const answer = {
    Status: reason === undefined ? 'SUCCESS' : 'FAILED',
    ...(reason !== undefined && {
      Reason: reason.length > MAX_REASON ? `${reason.slice(0, MAX_REASON - 1)}…` : reason,
    }),
    PhysicalResourceId: outcome.physicalId,
    StackId,
    RequestId,
    LogicalResourceId,
  };
  await send(url, JSON.stringify(answer), pauses);
}

/** `arn:aws:cloudformation:eu-central-1:123456789012:stack/Shop/1a2b…` is the stack `Shop`. */
const stackName = (stackId: string): string => /:stack\/([^/]+)\//.exec(stackId)?.[1] ?? stackId;

async function within<T>(ms: number, act: () => Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('it took too long: deploy again')), Math.max(ms, 0));
  });
  try {
    return await Promise.race([act(), timeout]);
  } finally {
    clearTimeout(timer);
  }
}

/** @throws Error when no try got through; its message holds nothing of the URL, by which anybody could answer. */
async function send(url: URL, body: string, pauses: readonly number[]): Promise<void> {
  let problem = '';
  for (const wait of pauses) {
    if (wait > 0) await pause(wait);
    const status = await put(url, body).catch((error: NodeJS.ErrnoException) => error.code ?? error.name);
    if (status === 200) return;
    problem = String(status);
  }
  throw new Error(`CloudFormation did not take the answer in ${pauses.length} tries: ${problem}`);
}

/** Gives the status. The local run's own answers are taken by plain HTTP. */
function put(url: URL, body: string): Promise<number | undefined> {
  const open = url.protocol === 'http:' ? http : https;
  return new Promise((resolve, reject) => {
    const request = open(
      url,
      {
        method: 'PUT',
        // S3 has signed the URL for no content type.
        headers: { 'content-type': '', 'content-length': Buffer.byteLength(body) },
        signal: AbortSignal.timeout(TRY_MS),
      },
      (response) => response.on('end', () => resolve(response.statusCode)).resume(),
    );
    request.on('error', reject);
    request.end(body);
  });
}
