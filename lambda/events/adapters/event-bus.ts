import { type EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { coalesce, sendAll } from '../../shared/adapters/coalesce';
import type { EventPublisher } from '../core/ports';
import { isInvalidEntry, PUT_EVENTS_LIMITS as limits } from '../core/put-events';

interface Entry {
  readonly detailType: string;
  /** JSON. */
  readonly detail: string;
}

/**
 * Puts the connector's own events on the bus. Failed entries are retried. If an entry still fails, its call rejects:
 * with a `RefusedError` for an invalid entry, otherwise with an error that a later retry may clear.
 */
export function eventPublisher(client: EventBridgeClient, bus: string, source: string): EventPublisher {
  const send = async (entries: readonly Entry[]) => {
    const Entries = entries.map(({ detailType, detail }) => ({
      EventBusName: bus,
      Source: source,
      DetailType: detailType,
      Detail: detail,
    }));
    const response = await client.send(new PutEventsCommand({ Entries }));
    return entries.map(({ detailType }, n) => {
      const { EventId, ErrorCode = '', ErrorMessage } = response.Entries?.[n] ?? {};
      if (EventId) return undefined;
      const isLasting = isInvalidEntry(ErrorCode);
      const verb = isLasting ? 'rejects' : 'did not accept';
      return { reason: `EventBridge ${verb} the event ${detailType}: ${ErrorCode} ${ErrorMessage}`, isLasting };
    });
  };
  const bytesOf = ({ detailType, detail }: Entry) => Buffer.byteLength(source + detailType + detail);
  const put = coalesce<Entry, undefined>(limits.entries, (entries) => sendAll(entries, { limits, bytesOf, send }));
  return { publish: (detailType, detail) => put({ detailType, detail: JSON.stringify(detail) }) };
}
