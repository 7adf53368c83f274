import type { Clock } from '../../shared/core/ports';
import { credentialProblem } from '../../subscriptions/core/flow-url';
import type { EntraToken } from './entra';
import type { EntraTokens, FlowRequest } from './ports';
import { type FlowResponse, NotCalled } from './response';

type Post = (url: string, request: FlowRequest) => Promise<FlowResponse>;

/**
 * Adds an Entra ID token to the request if the subscription has `auth`. Never sends both a signature and a token.
 *
 * If the flow refuses the token (401), the token is replaced once and the delivery posted again under the same id. This
 * creates no duplicate, because a flow that responds 401 did not accept the body. `timeoutMs` covers all of it.
 */
export function authorizedPost(post: Post, tokens: EntraTokens, clock: Clock): Post {
  return async (url, { auth, ...request }) => {
    // Checked again at use: write access to the table must not be enough to make this function leak a token.
    const mistake = credentialProblem(new URL(url), auth !== undefined);
    if (mistake !== undefined) return { error: NotCalled.WRONG_CREDENTIAL, problem: mistake.replace(/\.$/, '') };
    if (!auth) return post(url, request);

    const end = clock() + request.timeoutMs;
    const tryOnce = async (): Promise<{ response: FlowResponse; token?: EntraToken }> => {
      const token = await tokens.get(auth, end - clock());
      if ('error' in token) return { response: token };
      const timeoutMs = end - clock();
      // Without time for the response, the outcome of the request would be unknown.
      if (timeoutMs <= 0) return { response: { error: 'timeout' } };
      const headers = { ...request.headers, authorization: `Bearer ${token.token}` };
      return { response: await post(url, { ...request, headers, timeoutMs }), token };
    };
    const first = await tryOnce();
    if (first.response.status !== 401 || !first.token) return first.response;
    tokens.forget(auth, first.token);
    return clock() < end ? (await tryOnce()).response : first.response;
  };
}
