import { type EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { coalesce, sendAll } from '../../shared/adapters/coalesce';
import type { EventPublisher } from '../core/ports';

/**
 * PutEvents takes 10 entries (API reference) and, in every Region, less than 256 KiB (user guide, "Calculating PutEvents
 * event entry size").
 */
const LIMITS = { entries: 10, bytes: 256 * 1024 - 1 };
/** Codes of entries that are refused whenever they are sent (API reference, PutEventsResultEntry). What is not allowed may be allowed later. */
const LASTING_CODES = ['InvalidArgument', 'MalformedDetail'];

interface Entry {
  readonly detailType: string;
  /** JSON. */
  readonly detail: string;
}

/**
 * Puts the connector's own events on the bus. An entry that failed is sent again; one that still fails rejects its call, with
 * a `RefusedError` where it would be refused whenever it is sent.
 */
export function eventPublisher(client: EventBridgeClient, bus: string, source: string): EventPublisher {
  const send = async (entries: readonly Entry[]) => {
    const Entries = entries.map(({ detailType, detail }) => ({
      EventBusName: bus,
      Source: source,
      DetailType: detailType,
      Detail: detail,
    }));
    const answer = await client.send(new PutEventsCommand({ Entries }));
    return entries.map(({ detailType }, n) => {
      const { EventId, ErrorCode = '', ErrorMessage } = answer.Entries?.[n] ?? {};
      if (EventId) return undefined;
      const isLasting = LASTING_CODES.includes(ErrorCode);
      const verb = isLasting ? 'refuses' : 'did not take';
      return { reason: `EventBridge ${verb} the event ${detailType}: ${ErrorCode} ${ErrorMessage}`, isLasting };
    });
  };
  const bytesOf = ({ detailType, detail }: Entry) => Buffer.byteLength(source + detailType + detail);
  const put = coalesce<Entry, undefined>(LIMITS.entries, (entries) =>
    sendAll(entries, { limits: LIMITS, bytesOf, send }),
  );
  return { publish: (detailType, detail) => put({ detailType, detail: JSON.stringify(detail) }) };
}
