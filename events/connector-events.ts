import { setTimeout as timer } from 'node:timers/promises';
import { DEFAULT_EVENT_SOURCE } from '../contract/shared';
import { isWholeNumber, wholeNumberHint } from '../lambda/shared/core/numbers';
import { requestsOf, writeEntry } from './entry';
import { EventsNotTakenError, InvalidEventsError } from './errors';
import { isPassing, isPassingCode, waitAfter } from './resend';
import type {
  ConnectorEvent,
  ConnectorEventsOptions,
  DataSourceRefreshedDetail,
  EventProblem,
  FullRefreshedDetail,
  MeasureRefreshedDetail,
  PutEventsEntry,
  PutEventsResult,
  RefreshStageCompletedDetail,
  SegmentRefreshedDetail,
  UnificationRefreshedDetail,
} from './types';

const DEFAULT_ATTEMPTS = 6;

interface Open {
  readonly index: number;
  readonly entry: PutEventsEntry;
}

/** What became of a request. */
interface Sent {
  /** Why EventBridge did not take an entry. */
  readonly refused: ReadonlyMap<Open, string>;
  /** What the client threw, where the whole request failed. */
  readonly cause?: unknown;
}

/**
 * Puts a producer's events on a connector's bus: checked, by as few requests as can carry them, and again where
 * EventBridge did not take them.
 *
 * Each method resolves with the ids that EventBridge gave, and rejects with an `InvalidEventsError` before anything is
 * sent, or with an `EventsNotTakenError` that has every event that was not taken.
 */
export class ConnectorEvents {
  private readonly options: Required<ConnectorEventsOptions>;

  /** Throws when an option does not fit. */
  constructor(options: ConnectorEventsOptions) {
    const { client, eventBusName, source = DEFAULT_EVENT_SOURCE, maxAttempts = DEFAULT_ATTEMPTS } = options;
    if (typeof client?.putEvents !== 'function') {
      throw new TypeError(
        'client has no putEvents: give a new EventBridge({}) of @aws-sdk/client-eventbridge; with an EventBridgeClient, ' +
          '{ putEvents: (input) => client.send(new PutEventsCommand(input)) }',
      );
    }
    if (typeof eventBusName !== 'string' || eventBusName === '') {
      throw new TypeError("eventBusName is missing: give the stack's output EventBusName");
    }
    // EventBridge API reference, PutEventsRequestEntry; sources of AWS are its own.
    if (typeof source !== 'string' || source === '' || source.startsWith('aws.')) {
      throw new TypeError(`source is ${JSON.stringify(source)}: give the connector's eventSource`);
    }
    if (!isWholeNumber(maxAttempts, 1)) {
      throw new TypeError(`maxAttempts is ${maxAttempts}: give ${wholeNumberHint(1)}`);
    }
    const { wait = (milliseconds: number) => timer(milliseconds) } = options;
    this.options = { client, eventBusName, source, maxAttempts, wait };
  }

  /** The refresh of a data source came to an end. */
  dataSourceRefreshed(detail: DataSourceRefreshedDetail): Promise<string> {
    return this.putOne({ detailType: 'DataSourceRefreshed', detail });
  }

  /** A segment was computed anew. */
  segmentRefreshed(detail: SegmentRefreshedDetail): Promise<string> {
    return this.putOne({ detailType: 'SegmentRefreshed', detail });
  }

  /** A business measure, or one member of it, was computed anew. */
  measureRefreshed(detail: MeasureRefreshedDetail): Promise<string> {
    return this.putOne({ detailType: 'MeasureRefreshed', detail });
  }

  /** A full refresh came to an end. */
  fullRefreshed(detail: FullRefreshedDetail): Promise<string> {
    return this.putOne({ detailType: 'FullRefreshed', detail });
  }

  /** A unification came to an end. */
  unificationRefreshed(detail: UnificationRefreshedDetail): Promise<string> {
    return this.putOne({ detailType: 'UnificationRefreshed', detail });
  }

  /** One step of a run came to an end; the connector makes one event of all its steps. */
  refreshStageCompleted(detail: RefreshStageCompletedDetail): Promise<string> {
    return this.putOne({ detailType: 'RefreshStageCompleted', detail });
  }

  /**
   * Puts any number of events. All are checked before the first is sent.
   * @returns EventBridge's ids, in the order of the events
   */
  async put(events: readonly ConnectorEvent[]): Promise<string[]> {
    const { eventBusName, source } = this.options;
    const entries: Open[] = [];
    const invalid: EventProblem[] = [];
    for (const [index, event] of events.entries()) {
      const written = writeEntry(event, eventBusName, source);
      if ('entry' in written) entries.push({ index, entry: written.entry });
      else invalid.push({ index, event, reason: written.reason });
    }
    if (invalid.length > 0) throw new InvalidEventsError(invalid, events.length);

    const ids: string[] = [];
    const problems: EventProblem[] = [];
    const fail = ({ index }: Open, reason: string) =>
      problems.push({ index, event: events[index] as ConnectorEvent, reason });
    const requests = requestsOf(entries);
    for (const [n, request] of requests.entries()) {
      const { refused, cause } = await this.send(request, ids);
      for (const open of request) {
        const reason = refused.get(open);
        if (reason !== undefined) fail(open, reason);
      }
      if (cause === undefined) continue;
      // The next request would meet the same: that EventBridge is not there, or that it may not be called.
      for (const open of requests.slice(n + 1).flat()) fail(open, 'not sent, since a request before it failed');
      throw new EventsNotTakenError(problems, events.length, cause);
    }
    if (problems.length > 0) throw new EventsNotTakenError(problems, events.length);
    return ids;
  }

  /** Sends the entries of one request, and those again that were not taken; those that were get their `ids`. */
  private async send(request: readonly Open[], ids: string[]): Promise<Sent> {
    const { client, maxAttempts, wait } = this.options;
    const refused = new Map<Open, string>();
    let open = request;
    for (let attempt = 1; ; attempt++) {
      let answer: PutEventsResult | undefined;
      try {
        answer = await client.putEvents({ Entries: open.map(({ entry }) => entry) });
      } catch (cause) {
        if (attempt === maxAttempts || !isPassing(cause)) {
          for (const one of open) refused.set(one, `${one.entry.DetailType}: ${String(cause)}`);
          return { refused, cause };
        }
      }
      const again: Open[] = [];
      for (const [n, one] of open.entries()) {
        const { EventId, ErrorCode, ErrorMessage = '' } = answer?.Entries?.[n] ?? {};
        if (EventId) ids[one.index] = EventId;
        else if (attempt < maxAttempts && isPassingCode(ErrorCode)) again.push(one);
        else
          refused.set(one, `${one.entry.DetailType}: ${ErrorCode ?? 'EventBridge says nothing of it'} ${ErrorMessage}`);
      }
      if (again.length === 0) return { refused };
      open = again;
      await wait(waitAfter(attempt, Math.random()));
    }
  }

  private async putOne(event: ConnectorEvent): Promise<string> {
    const [id] = await this.put([event]);
    return id as string;
  }
}
