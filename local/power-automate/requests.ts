import { jsonObject } from '../shared/json';
import type { ConnectorFile, Dropdown, Field, FieldValue, FieldValues, Operation, Trigger, Value } from './model';

export interface HttpRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface HttpResponse {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: string;
}

/** Sends a request. Rejects if no response arrives. */
export type HttpClient = (request: HttpRequest) => Promise<HttpResponse>;

/** A connection of a maker: what the connector's policies add to each request. */
export interface Connection {
  readonly headers: Readonly<Record<string, string>>;
}

type ApiFile = Pick<ConnectorFile, 'baseUrl'>;

/**
 * The request that registers a flow when it is saved or switched on (Microsoft training, *Webhook trigger*).
 * @param callbackUrl value of the fields with `x-ms-notification-url`.
 */
export function registrationRequest(
  file: ApiFile,
  trigger: Trigger,
  values: FieldValues,
  callbackUrl: string,
  connection: Connection,
): HttpRequest {
  const callbacks = trigger.fields.filter(({ isCallback }) => isCallback).map(({ name }) => [name, callbackUrl]);
  return operationRequest(file, trigger, { ...values, ...Object.fromEntries(callbacks) }, connection);
}

/**
 * The request that ends a registration. It has no sign-in: Power Automate sends none (microsoft/PowerPlatformConnectors
 * issue 3678, *API key not sent on DELETE*).
 * @param location the `Location` of the registration's response: an address, or a path of the same server.
 * @param registrationUrl the address of the registration's request.
 * @returns undefined if the location is not an address.
 */
export function unregistrationRequest(location: string, registrationUrl: string): HttpRequest | undefined {
  const url = URL.parse(location, registrationUrl);
  return url ? { method: 'DELETE', url: url.href, headers: {} } : undefined;
}

/** The request that checks a new connection. Undefined: the connector's file has none. */
export const connectionTestRequest = (file: ConnectorFile, connection: Connection): HttpRequest | undefined =>
  file.testConnection && operationRequest(file, file.testConnection.operation, file.testConnection.values, connection);

/**
 * The request for the values of a dropdown. `missing`: title of the field that must be filled in first, because the
 * operation requires its value.
 */
export function dropdownRequest(
  file: ApiFile,
  fields: readonly Field[],
  dropdown: Dropdown,
  values: FieldValues,
  connection: Connection,
): HttpRequest | { readonly missing: string } {
  const given: Record<string, FieldValue> = {};
  for (const [name, argument] of Object.entries(dropdown.arguments)) {
    const value = 'field' in argument ? values[argument.field] : argument.value;
    if (value !== undefined) given[name] = value;
  }
  const missing = dropdown.operation.fields.find((field) => field.required && sentValue(field, given) === undefined);
  if (missing) {
    const argument = dropdown.arguments[missing.name];
    const field = fields.find(({ name }) => argument && 'field' in argument && name === argument.field);
    return { missing: field?.title ?? missing.title };
  }
  return operationRequest(file, dropdown.operation, given, connection);
}

/**
 * The request for the next page of a list. Undefined: the link is not an address of the same server, so the sign-in of the
 * connection must not be sent to it.
 * @param pageUrl the address of this page.
 */
export function nextPageRequest(nextLink: string, pageUrl: string, { headers }: Connection): HttpRequest | undefined {
  const url = URL.parse(nextLink, pageUrl);
  return url?.origin === new URL(pageUrl).origin ? { method: 'GET', url: url.href, headers } : undefined;
}

/** An entry of a dropdown. */
export interface DropdownItem {
  readonly value: Value;
  readonly title: string;
}

/** Reads the response of a dropdown's operation. Undefined: the response is not what the connector's file describes. */
export function dropdownItems(
  { itemsPath, valuePath, titlePath }: Dropdown,
  { body }: Pick<HttpResponse, 'body'>,
): DropdownItem[] | undefined {
  const found = valueAt(parsed(body), itemsPath);
  if (!Array.isArray(found)) return undefined;
  return found.flatMap((item) => {
    const value = valueAt(item, valuePath);
    return isValue(value) ? [{ value, title: String(valueAt(item, titlePath) ?? value) }] : [];
  });
}

/** The message of an error response, as the designer shows it. */
export function errorMessage({ status, body }: HttpResponse): string {
  const { message } = jsonObject(body) ?? {};
  return typeof message === 'string' && message !== '' ? message : `The API responded with status ${status}.`;
}

/** The request of an operation, from its place in the file and the values of its fields. */
export function operationRequest(
  { baseUrl }: ApiFile,
  { method, path, fields }: Pick<Operation, 'method' | 'path' | 'fields'>,
  values: FieldValues,
  { headers }: Connection,
): HttpRequest {
  const sent = fields.flatMap((field) => {
    const value = sentValue(field, values);
    return value === undefined ? [] : [{ ...field, value }];
  });
  const inPath = new Map(sent.filter((one) => one.in === 'path').map(({ name, value }) => [name, value]));
  const filled = path.replaceAll(/\{([^}]+)\}/g, (_, name) => encodeURIComponent(String(inPath.get(name) ?? '')));
  const url = new URL(`${baseUrl}${filled}`);
  for (const one of sent) if (one.in === 'query') url.searchParams.set(one.name, String(one.value));
  if (!fields.some((field) => field.in === 'body')) return { method, url: url.href, headers };
  const body = Object.fromEntries(sent.filter((one) => one.in === 'body').map(({ name, value }) => [name, value]));
  return {
    ...{ method, url: url.href, body: JSON.stringify(body) },
    headers: { 'content-type': 'application/json', ...headers },
  };
}

/** The designer sends the default of a field that it requires or does not show. */
const sentValue = (
  { name, required, visibility, default: initial }: Field,
  values: FieldValues,
): FieldValue | undefined => values[name] ?? (required || visibility === 'internal' ? initial : undefined);

const isValue = (value: unknown): value is Value => ['string', 'number', 'boolean'].includes(typeof value);

/** Undefined if the text is not JSON. */
export function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** @param path keys, separated by `/`. Empty: the value itself. */
export const valueAt = (value: unknown, path: string): unknown =>
  path === ''
    ? value
    : path
        .split('/')
        .reduce<unknown>(
          (found, key) =>
            typeof found === 'object' && found !== null && Object.hasOwn(found, key)
              ? (found as Record<string, unknown>)[key]
              : undefined,
          value,
        );
