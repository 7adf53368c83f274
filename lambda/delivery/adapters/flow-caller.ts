import { containsCredential } from '../../shared/core/redact';
import { parseJson } from '../core/json';
import type { FlowRequest } from '../core/ports';
import { type FlowResponse, INCOMPLETE_RESPONSE } from '../core/response';
import { guardedPoster, type PosterOptions, type PostResponse } from './guarded-post';

/**
 * Calls flows. Returns a missing response as a result, never throws, and never names the URL. Only the error code is
 * read from a response's body.
 */
export function flowCaller(options: PosterOptions = {}): (url: string, request: FlowRequest) => Promise<FlowResponse> {
  const post = guardedPoster(options);
  return async (url, request) => readFlowResponse(await post(url, request));
}

/** What `deliver` uses of a response. */
export function readFlowResponse(response: PostResponse): FlowResponse {
  if ('error' in response) return response;
  const { status, headers, body } = response;
  return {
    status,
    error: errorCode(status, body),
    retryAfter: headers['retry-after'],
    runId: runIdOf(headers['x-ms-workflow-run-id']),
  };
}

/** The run's id, if it looks like one. It is stored and shown, and a response could quote the request. */
function runIdOf(header: string | string[] | undefined): string | undefined {
  const text = Array.isArray(header) ? header[0] : header;
  return text !== undefined && /^[A-Za-z0-9-]{1,128}$/.test(text) && !containsCredential(text) ? text : undefined;
}

/** Whether the response's body can contain an error code. */
const isError = (status = 0): boolean => status >= 400;

/** The code of an error response, `{"error":{"code":…}}`, if it looks like one. Other text can quote the request. */
function errorCode(status: number | undefined, body: Buffer | undefined): string | undefined {
  if (!isError(status)) return undefined;
  if (body === undefined) return INCOMPLETE_RESPONSE;
  const { error } = (parseJson(body.toString('utf8')) ?? {}) as { error?: { code?: unknown } | null };
  const code = error?.code;
  const isCode = typeof code === 'string' && /^[A-Za-z0-9_.]{1,80}$/.test(code);
  return isCode && !containsCredential(code) ? code : undefined;
}
