import { show } from '../../../events/core/fields';
import type { ResponseBody } from '../definition/responses';
import { type ApiRequest, type ApiResponse, problem } from '../http';
import type { RefreshReader } from '../ports';
import { invalidSkipToken, nextLink, readInstance, readName, readToken } from '../subjects';
import { dataSourceFields, refreshFields } from './refresh-fields';

/** Refreshes of a page: up to 1.3 MB, because each has an error of up to 4,000 characters and a link of up to 2,048. */
const PAGE_SIZE = 100;

/** A position that `RefreshReader` returned: the end of a refresh and its id. */
const POSITION = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z#[\da-f]{32}$/;

type Named = { readonly name: string; readonly instanceId: string } | { readonly refusal: ApiResponse };

function readDataSource(request: ApiRequest): Named {
  const { dataSource } = request.query;
  if (!dataSource) {
    const message = 'Data source: "dataSource" is missing; choose a data source from the list.';
    return { refusal: problem('invalid', message) };
  }
  const [name, instance] = [readName('Data source', 'dataSource', dataSource), readInstance(request)];
  if ('reason' in name) return { refusal: problem('invalid', name.reason) };
  if ('reason' in instance) return { refusal: problem('invalid', instance.reason) };
  return { name: name.name, instanceId: instance.name };
}

/** Responds with a data source and its last refresh. */
export async function getDataSource(request: ApiRequest, refreshes: RefreshReader): Promise<ApiResponse> {
  const read = readDataSource(request);
  if ('refusal' in read) return read.refusal;
  const { name, instanceId } = read;
  const found = await refreshes.dataSource(instanceId, name);
  if (!found) {
    const message = `Data source: no refresh of ${show(name)} is recorded; choose a data source from the list, or wait until its next refresh.`;
    return problem('not-found', message);
  }
  const body: ResponseBody<'DataSource'> = { instanceId, ...dataSourceFields(name, found) };
  return { status: 200, body };
}

/** Responds with a page of the refreshes of a data source, newest first. */
export async function listRefreshes(
  request: ApiRequest,
  refreshes: RefreshReader,
  size = PAGE_SIZE,
): Promise<ApiResponse> {
  const read = readDataSource(request);
  if ('refusal' in read) return read.refusal;
  const { $skipToken } = request.query;
  const after = $skipToken ? readToken($skipToken) : undefined;
  if ($skipToken && !(after && POSITION.test(after))) return invalidSkipToken();
  const page = await refreshes.refreshes(read.instanceId, read.name, size, after);
  const body: ResponseBody<'Refreshes'> = {
    value: page.refreshes.map(refreshFields),
    ...(page.next !== undefined && { '@odata.nextLink': nextLink(request, page.next) }),
  };
  return { status: 200, body };
}
