import type { Clock } from '../../shared/core/ports';
import { credentialMistake } from '../../subscriptions/core/flow-url';
import type { EntraAuth } from '../../subscriptions/core/subscription';
import type { FlowRequest } from './deliver';
import type { EntraToken, TokenFailure } from './entra';
import { type FlowResponse, NotCalled } from './response';

/** Where tokens of Entra ID come from. */
export interface EntraTokens {
  /** A token that is not stale; a failure is a result. Takes as long as `timeoutMs` at most. */
  get(auth: EntraAuth, timeoutMs: number): Promise<EntraToken | TokenFailure>;
  /** The flow has refused this token: it is not given out again. */
  forget(auth: EntraAuth, token: EntraToken): void;
}

type Post = (url: string, request: FlowRequest) => Promise<FlowResponse>;

/**
 * Calls flows as whom their subscriptions say: with a token of Entra ID where there is `auth`, else as they are. Never with
 * a signature and a token.
 *
 * A token that the flow refuses (401) is replaced once, and the delivery posted again under the same id. That is no
 * duplicate: a flow that answers 401 has not taken the body. All of it together takes as long as `timeoutMs` at most.
 */
export function authorizedPost(post: Post, tokens: EntraTokens, clock: Clock): Post {
  return async (url, { auth, ...request }) => {
    // Checked again where it is used: whoever can write the table must not make this function give a token away.
    const mistake = credentialMistake(new URL(url), auth !== undefined);
    if (mistake !== undefined) return { error: NotCalled.WRONG_CREDENTIAL, problem: mistake.replace(/\.$/, '') };
    if (!auth) return post(url, request);

    const end = clock() + request.timeoutMs;
    const tryOnce = async (): Promise<{ answer: FlowResponse; token?: EntraToken }> => {
      const token = await tokens.get(auth, end - clock());
      if ('error' in token) return { answer: token };
      const timeoutMs = end - clock();
      // A request that cannot be answered in time is not sent: nobody would know what became of it.
      if (timeoutMs <= 0) return { answer: { error: 'timeout' } };
      const headers = { ...request.headers, authorization: `Bearer ${token.token}` };
      return { answer: await post(url, { ...request, headers, timeoutMs }), token };
    };
    const first = await tryOnce();
    if (first.answer.status !== 401 || !first.token) return first.answer;
    tokens.forget(auth, first.token);
    return clock() < end ? (await tryOnce()).answer : first.answer;
  };
}
