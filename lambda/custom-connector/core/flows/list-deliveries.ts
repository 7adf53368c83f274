import * as v from 'valibot';
import { API_BASE_PATH } from '../../../../contract/custom-connector';
import type { DeliveryRow } from '../../../delivery/core/delivery';
import { deliveryId } from '../../../delivery/core/delivery-id';
import type { DeliveryLog } from '../../../delivery/core/ports';
import type { SubscriptionReader } from '../../../subscriptions/core/ports';
import { parsedJson } from '../body';
import type { ResponseBody } from '../definition/responses';
import type { ApiRequest, ApiResponse, Caller } from '../http';
import { invalidSkipToken, linkTo, readToken, tokenOf } from '../subjects';
import { DELIVERIES_PER_PAGE } from './limits';
import { noSuchFlow, ownFlow } from './own-flow';

type Deliveries = ResponseBody<'Deliveries'>;

/** Where a page starts: in the part after `after`, behind the delivery with this time and event id. */
const positionSchema = v.strictObject({
  after: v.optional(v.pipe(v.string(), v.regex(/^[\w#-]{1,200}$/))),
  behind: v.optional(v.strictTuple([v.number(), v.string()])),
});
type Position = v.InferOutput<typeof positionSchema>;

/**
 * Responds with the deliveries of one of the caller's flows. A page is from one part of the log, newest first, so that its
 * reads are bounded. The deliveries of nearly every flow are one part.
 */
export async function listDeliveries(
  request: ApiRequest,
  caller: Caller,
  ports: { readonly log: DeliveryLog; readonly subscriptions: SubscriptionReader },
  size = DELIVERIES_PER_PAGE,
): Promise<ApiResponse> {
  const { $skipToken } = request.query;
  const position = $skipToken ? readPosition($skipToken) : {};
  if (!position) return invalidSkipToken();
  const flow = await ownFlow(request, caller, ports.subscriptions);
  if (!flow) return noSuchFlow();
  const { name } = flow.definition;
  const { after, behind } = position;
  const { rows, next } = await ports.log.part(name, after);
  const rest = rows.sort(byTime).filter((row) => behind === undefined || compare(placeOf(row), behind) > 0);
  const page = rest.slice(0, size);
  const last = page.at(-1);
  const nextPosition = rest.length > size && last ? { after, behind: placeOf(last) } : next && { after: next };
  const body: Deliveries = {
    value: page.map(deliveryItem),
    ...(nextPosition && { '@odata.nextLink': nextLink(request, name, nextPosition) }),
  };
  return { status: 200, body };
}

function deliveryItem({ subscription, eventId, trigger, status, ...row }: DeliveryRow): Deliveries['value'][number] {
  const last = row.attempts.at(-1);
  return {
    deliveryId: deliveryId(subscription, eventId),
    eventId,
    trigger,
    status,
    acceptedAt: isoTime(row.acceptedAt),
    occurredAt: isoTime(row.occurredAt),
    isTest: row.isTest ?? false,
    attempts: row.attempts.length,
    ...(last && {
      lastAttemptAt: isoTime(last.at),
      ...(last.status !== undefined && { httpStatus: last.status }),
      ...(last.error !== undefined && { error: last.error }),
      ...(last.runId !== undefined && { flowRunId: last.runId }),
    }),
  };
}

const isoTime = (instant: number): string => new Date(instant).toISOString();

type Place = [acceptedAt: number, eventId: string];
const placeOf = ({ acceptedAt, eventId }: DeliveryRow): Place => [acceptedAt, eventId];
const byTime = (a: DeliveryRow, b: DeliveryRow): number => compare(placeOf(a), placeOf(b));

/** Newest first. Several deliveries can have the same time. */
function compare([timeA, idA]: Readonly<Place>, [timeB, idB]: Readonly<Place>): number {
  if (timeA !== timeB) return timeB - timeA;
  if (idA === idB) return 0;
  return idA < idB ? -1 : 1;
}

const nextLink = (request: ApiRequest, name: string, position: Position): string =>
  linkTo(request, `${API_BASE_PATH}/flows/${name}/deliveries`, [['$skipToken', tokenOf(JSON.stringify(position))]]);

function readPosition(token: string): Position | undefined {
  const text = readToken(token);
  const read = v.safeParse(positionSchema, text === undefined ? undefined : parsedJson(text));
  return read.success ? read.output : undefined;
}
