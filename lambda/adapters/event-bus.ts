import { type EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import type { EventPublisher } from '../core/ports';
import { coalesce, sendAll } from './coalesce';

/** PutEvents takes 10 entries (API reference). */
const MAX_ENTRIES = 10;

interface Entry {
  readonly detailType: string;
  readonly detail: Readonly<Record<string, unknown>>;
}

/** Puts the connector's own events on the bus. An entry that failed is sent again; one that still fails rejects its call. */
export function eventPublisher(client: EventBridgeClient, bus: string, source: string): EventPublisher {
  const send = async (entries: readonly Entry[]) => {
    const Entries = entries.map(({ detailType, detail }) => ({
      EventBusName: bus,
      Source: source,
      DetailType: detailType,
      Detail: JSON.stringify(detail),
    }));
    const answer = await client.send(new PutEventsCommand({ Entries }));
    return entries.map((_, n) => {
      const result = answer.Entries?.[n];
      if (result?.EventId) return undefined;
      return `EventBridge did not take the event: ${result?.ErrorCode} ${result?.ErrorMessage}`;
    });
  };
  const put = coalesce<Entry, undefined>(MAX_ENTRIES, (entries) => sendAll(entries, send));
  return { publish: (detailType, detail) => put({ detailType, detail }) };
}
