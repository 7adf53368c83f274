import type { HttpClient } from '../../power-automate/requests';

/** Milliseconds that a request may take. API Gateway ends requests after 30 seconds. */
const TIMEOUT_MS = 30_000;

/** Sends the requests of the designer. Follows no redirects, so that a key reaches only the API. */
export const apiClient: HttpClient = async ({ method, url, headers, body }) => {
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const response = await fetch(url, { method, headers, body, redirect: 'manual', signal });
  return {
    status: response.status,
    headers: Object.fromEntries(response.headers),
    body: await response.text(),
  };
};
