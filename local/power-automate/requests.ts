import { jsonObject } from '../shared/json';
import type { ConnectorFile, Dropdown, Field, FieldValue, Operation, Trigger, Value } from './connector-file';

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

/** Values of fields by name. A field that the author left empty is missing. */
export type FieldValues = Readonly<Record<string, FieldValue>>;

type ApiFile = Pick<ConnectorFile, 'baseUrl'>;

/**
 * The request that registers a flow when it is saved or switched on (Microsoft training, *Webhook trigger*).
 * @param callbackUrl value of the fields with `x-ms-notification-url`.
 */
export function registrationRequest(
  { baseUrl }: ApiFile,
  trigger: Trigger,
  values: FieldValues,
  callbackUrl: string,
  connection: Connection,
): HttpRequest {
  const body = Object.fromEntries(
    trigger.fields
      .map(
        (field) => [field.name, field.isCallback ? callbackUrl : (values[field.name] ?? hiddenValue(field))] as const,
      )
      .filter(([, value]) => value !== undefined),
  );
  const headers = { 'content-type': 'application/json', ...connection.headers };
  return { method: trigger.method, url: `${baseUrl}${trigger.path}`, headers, body: JSON.stringify(body) };
}

/** The designer sends the default of a field that it does not show. */
const hiddenValue = (field: Field): FieldValue | undefined =>
  field.visibility === 'internal' ? field.default : undefined;

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
  file.testConnection && callRequest(file, file.testConnection.operation, file.testConnection.values, connection);

/**
 * The request for the values of a dropdown. `missing`: title of the field that must be filled in first, because the
 * operation requires its value.
 */
export function dropdownRequest(
  file: ApiFile,
  trigger: Trigger,
  dropdown: Dropdown,
  values: FieldValues,
  connection: Connection,
): HttpRequest | { readonly missing: string } {
  const given: Record<string, Value> = {};
  for (const [name, argument] of Object.entries(dropdown.arguments)) {
    const value = 'field' in argument ? values[argument.field] : argument.value;
    if (value !== undefined && !Array.isArray(value)) given[name] = value as Value;
  }
  const missing = dropdown.operation.parameters.find(({ name, required }) => required && given[name] === undefined);
  if (missing && missing.default === undefined) {
    const argument = dropdown.arguments[missing.name];
    const field = trigger.fields.find(({ name }) => argument && 'field' in argument && name === argument.field);
    return { missing: field?.title ?? missing.title };
  }
  return callRequest(file, dropdown.operation, given, connection);
}

/**
 * The request for the next page of a dropdown.
 * @param pageUrl the address of this page. The sign-in of the connection is sent only to its server.
 */
export function nextPageRequest(nextLink: string, pageUrl: string, { headers }: Connection): HttpRequest {
  const url = new URL(nextLink, pageUrl);
  return { method: 'GET', url: url.href, headers: url.origin === new URL(pageUrl).origin ? headers : {} };
}

/** An entry of a dropdown. */
export interface DropdownItem {
  readonly value: Value;
  readonly title: string;
}

/** Reads the response of a dropdown's operation. Undefined: the response is not what the connector's file describes. */
export function dropdownItems(
  { operation, itemsPath, valuePath, titlePath }: Dropdown,
  { body }: HttpResponse,
): { readonly items: DropdownItem[]; readonly nextLink?: string } | undefined {
  const page = parsed(body);
  const found = valueAt(page, itemsPath);
  if (!Array.isArray(found)) return undefined;
  const items = found.flatMap((item) => {
    const value = valueAt(item, valuePath);
    return isValue(value) ? [{ value, title: String(valueAt(item, titlePath) ?? value) }] : [];
  });
  const nextLink = operation.nextLinkName === undefined ? undefined : valueAt(page, operation.nextLinkName);
  return typeof nextLink === 'string' && nextLink !== '' ? { items, nextLink } : { items };
}

/** The message of an error response, as the designer shows it. */
export function errorMessage({ status, body }: HttpResponse): string {
  const { message } = jsonObject(body) ?? {};
  return typeof message === 'string' && message !== '' ? message : `The API responded with status ${status}.`;
}

function callRequest(
  { baseUrl }: ApiFile,
  { method, path, parameters }: Operation,
  values: Readonly<Record<string, Value>>,
  connection: Connection,
): HttpRequest {
  const url = new URL(`${baseUrl}${path}`);
  for (const { name, required, default: initial } of parameters) {
    const value = values[name] ?? (required ? initial : undefined);
    if (value !== undefined) url.searchParams.set(name, String(value));
  }
  return { method, url: url.href, headers: connection.headers };
}

const isValue = (value: unknown): value is Value => ['string', 'number', 'boolean'].includes(typeof value);

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** @param path keys, separated by `/`. Empty: the value itself. */
const valueAt = (value: unknown, path: string): unknown =>
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
