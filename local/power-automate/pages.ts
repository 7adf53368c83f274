import type { Operation } from './model';
import {
  type Connection,
  type HttpClient,
  type HttpRequest,
  type HttpResponse,
  nextPageRequest,
  parsed,
  valueAt,
} from './requests';

/** Pages of a list that the designer loads. */
const MAX_PAGES = 10;

/** How the stand-in reaches the API. */
export interface Caller {
  readonly connection: Connection;
  readonly send: HttpClient;
}

/** The pages of a list, or the one response of another operation. */
export interface Pages {
  /** The last one can be an error. */
  readonly responses: readonly HttpResponse[];
  /** No response to a request arrived. */
  readonly isLost: boolean;
  /** The link to the next page is not what the designer can follow. */
  readonly wrongLink: boolean;
}

/** Sends a request, and follows the links of a paged operation. */
export async function readPages(
  first: HttpRequest,
  { nextLinkName }: Pick<Operation, 'nextLinkName'>,
  { connection, send }: Caller,
): Promise<Pages> {
  const responses: HttpResponse[] = [];
  let request: HttpRequest = first;
  while (responses.length < MAX_PAGES) {
    const response = await send(request).catch(() => undefined);
    if (!response) return { responses, isLost: true, wrongLink: false };
    responses.push(response);
    const link = response.status === 200 && nextLinkName !== undefined && valueAt(parsed(response.body), nextLinkName);
    if (typeof link !== 'string' || link === '') break;
    const next = nextPageRequest(link, request.url, connection);
    if (!next) return { responses, isLost: false, wrongLink: true };
    request = next;
  }
  return { responses, isLost: false, wrongLink: false };
}
