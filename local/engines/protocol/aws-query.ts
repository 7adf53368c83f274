/** An operation of an AWS query service: the request's parameters in, the XML of its result out. Throws `AwsError`. */
export type QueryOperation = (parameters: URLSearchParams) => string;

/** Text as it stands in XML. */
export const xmlText = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
