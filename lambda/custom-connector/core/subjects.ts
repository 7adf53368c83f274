import * as v from 'valibot';
import type { SubjectKind } from '../../../contract/custom-connector';
import { nameSchema } from '../../events/core/fields';
import { type Dimensions, metricKey } from '../../shared/core/metric';
import { oneLine } from '../../shared/core/text';
import type { ResponseBody } from './definition/responses';
import { type ApiRequest, type ApiResponse, problem } from './http';
import type { MemberReader, SubjectReader } from './ports';

type List = ResponseBody<'List'>;
type ListItem = List['value'][number];

/**
 * Items of a page. Large, because a list of the designer may show only the first page: not every designer follows the link
 * to the next one (Azure/LogicAppsUX, issue 6492), and actions fetch it without the connection's sign-in
 * (microsoft/PowerPlatformConnectors, issue 2959). 1,000 items are up to 2.5 MB; a function responds with up to 6 MB.
 */
const PAGE_SIZE = 1000;

const DEFAULT_INSTANCE = 'default';

/** Responds with the subjects of a kind. */
export async function listSubjects(
  kind: SubjectKind,
  request: ApiRequest,
  subjects: SubjectReader,
): Promise<ApiResponse> {
  const instance = readInstance(request);
  if ('reason' in instance) return problem('invalid', instance.reason);
  const names = await subjects.names(kind, instance.name);
  return listPage(
    names.map((name) => ({ name, title: oneLine(name) })),
    request,
  );
}

/** Responds with the members of a measure. The name of a member is its dimensions as JSON. */
export async function listMembers(request: ApiRequest, thresholds: MemberReader): Promise<ApiResponse> {
  const { measure } = request.query;
  if (!measure) return problem('invalid', 'Measure: "measure" is missing; choose a measure first.');
  const [name, instance] = [readName('Measure', 'measure', measure), readInstance(request)];
  if ('reason' in name) return problem('invalid', name.reason);
  if ('reason' in instance) return problem('invalid', instance.reason);
  const key = metricKey({ kind: 'measure', instanceId: instance.name, name: name.name });
  return listPage((await thresholds.members(key)).map(memberItem), request);
}

function memberItem(dimensions: Dimensions): ListItem {
  const entries = Object.entries(dimensions).sort(([a], [b]) => (a < b ? -1 : 1));
  const title = entries.map(([dimension, member]) => `${dimension}: ${member}`).join(', ');
  return { name: JSON.stringify(Object.fromEntries(entries)), title: oneLine(title) };
}

type ReadName = { readonly name: string } | { readonly reason: string };

/** A name that an event can have. Others have no key in the tables. */
export function readName(title: string, parameter: string, text: string): ReadName {
  const { success, output, issues } = v.safeParse(nameSchema, text);
  return success ? { name: output } : { reason: `${title}: "${parameter}" ${issues[0].message}.` };
}

export const readInstance = ({ query }: ApiRequest): ReadName =>
  readName('Instance', 'instanceId', query.instanceId?.trim() || DEFAULT_INSTANCE);

/**
 * One page of the items whose title contains the request's `search`, sorted by name. A page starts after the last name of
 * the previous one, not at an offset: items that are added or removed meanwhile do not move the others.
 */
export function listPage<Item extends ListItem>(
  items: readonly Item[],
  request: ApiRequest,
  size = PAGE_SIZE,
): ApiResponse {
  const { search = '', $skipToken } = request.query;
  const after = $skipToken ? readToken($skipToken) : undefined;
  if ($skipToken && after === undefined) return invalidSkipToken();
  const wanted = foldCase(search.trim());
  const start = after === undefined ? undefined : positionOf(after);
  const rest = items
    .filter(({ title }) => foldCase(title).includes(wanted))
    .map((item) => ({ item, position: positionOf(item.name) }))
    .filter(({ position }) => start === undefined || compare(position, start) > 0)
    .sort((a, b) => compare(a.position, b.position))
    .map(({ item }) => item);
  const value = rest.slice(0, size);
  const last = rest.length > size ? value.at(-1) : undefined;
  const body: List = { value, ...(last && { '@odata.nextLink': nextLink(request, last.name) }) };
  return { status: 200, body };
}

export const invalidSkipToken = (): ApiResponse =>
  problem(
    'invalid',
    'Skip token: "$skipToken" is not from a link to a next page; use the link unchanged, or start at the first page.',
  );

/**
 * The text for a comparison that ignores case, in every language and independent of the locale. Upper case, because it
 * equates ß with SS, and all forms of the Greek sigma.
 */
const foldCase = (text: string): string => text.normalize('NFC').toUpperCase();

type Position = readonly [folded: string, name: string];
const positionOf = (name: string): Position => [foldCase(name), name];

function compare([foldedA, a]: Position, [foldedB, b]: Position): number {
  if (foldedA !== foldedB) return foldedA < foldedB ? -1 : 1;
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** Parameters that the link to the next page repeats. */
const KEPT_PARAMETERS = ['dataSource', 'measure', 'instanceId', 'search'] as const;

/** @param position where the next page starts: after the last item of this page. */
export function nextLink(request: ApiRequest, position: string): string {
  const { route, query } = request;
  const kept = KEPT_PARAMETERS.flatMap((name) => (query[name] ? [[name, query[name]] as const] : []));
  return linkTo(request, route.slice(route.indexOf(' ') + 1), [...kept, ['$skipToken', tokenOf(position)]]);
}

/** @param path with the base path of the API. */
export function linkTo(
  { origin }: ApiRequest,
  path: string,
  parameters: readonly (readonly [name: string, value: string])[],
): string {
  // URLSearchParams would write a space as `+`, which not every reader decodes.
  const text = parameters.map(([name, value]) => `${name}=${encodeURIComponent(value.toWellFormed())}`).join('&');
  return `${origin}${path}?${text}`;
}

export const tokenOf = (position: string): string => Buffer.from(position).toString('base64url');

/** The position in a token. Undefined if `tokenOf` cannot have made the token. */
export function readToken(token: string): string | undefined {
  const position = Buffer.from(token, 'base64url').toString();
  return tokenOf(position) === token ? position : undefined;
}
