import type { FlowRequest } from '../core/ports';
import { type FlowResponse, INCOMPLETE_RESPONSE } from '../core/response';
import { guardedPoster, type PosterOptions } from './guarded-post';

/**
 * Calls flows. An answer or its absence is a result: it never throws, and nothing that it says names the URL. The answer's
 * body is read for its error code only.
 */
export function flowCaller(options: PosterOptions = {}): (url: string, request: FlowRequest) => Promise<FlowResponse> {
  const post = guardedPoster(options);
  return async (url, request) => {
    const answer = await post(url, request);
    if ('error' in answer) return answer;
    const { status, headers, body } = answer;
    return {
      status,
      error: errorCode(status, body),
      retryAfter: headers['retry-after'],
      runId: runIdOf(headers['x-ms-workflow-run-id']),
    };
  };
}

/** A run's id; only what looks like one, since it is kept and shown, and an answer could quote the request. */
function runIdOf(header: string | string[] | undefined): string | undefined {
  const text = Array.isArray(header) ? header[0] : header;
  return text !== undefined && /^[A-Za-z0-9-]{1,128}$/.test(text) ? text : undefined;
}

/** An answer that may say in its body what was wrong. */
const isError = (status = 0): boolean => status >= 400;

/** The code of an error answer, `{"error":{"code":…}}`; only what looks like a code, since the rest may quote the request. */
function errorCode(status: number | undefined, body: Buffer | undefined): string | undefined {
  if (!isError(status)) return undefined;
  if (body === undefined) return INCOMPLETE_RESPONSE;
  try {
    const code = JSON.parse(body.toString('utf8'))?.error?.code;
    return typeof code === 'string' && /^[A-Za-z0-9_.]{1,80}$/.test(code) ? code : undefined;
  } catch {
    return undefined;
  }
}
