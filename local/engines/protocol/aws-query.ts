/** An operation of an AWS query service, from the request's parameters to the result's XML. Throws `AwsError`. */
export type QueryOperation = (parameters: URLSearchParams) => string;

/** Escapes text for XML. */
export const xmlText = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
