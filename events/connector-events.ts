import { setTimeout as timer } from 'node:timers/promises';
import { DEFAULT_EVENT_SOURCE } from '../contract/shared';
import { isLastingCode } from '../lambda/events/core/put-events';
import { isWholeNumber, wholeNumberHint } from '../lambda/shared/core/numbers';
import { requestsOf, writeEntry } from './entry';
import { EventsNotTakenError, InvalidEventsError } from './errors';
import { isRetryable, waitAfter } from './retry';
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

interface Pending {
  readonly index: number;
  readonly entry: PutEventsEntry;
}

interface RequestResult {
  /** The reason for each entry that EventBridge did not accept. */
  readonly failed: ReadonlyMap<Pending, string>;
  /** The error of the client if the whole request failed. */
  readonly cause?: unknown;
}

/**
 * Puts a producer's events on the bus of a connector. Validates the events, sends them in as few requests as possible, and
 * retries the events that EventBridge did not accept.
 *
 * Each method resolves with the ids from EventBridge. It rejects with an `InvalidEventsError` before anything is sent, or
 * with an `EventsNotTakenError` that lists the events that were not accepted.
 */
export class ConnectorEvents {
  private readonly options: Required<ConnectorEventsOptions>;

  /** Throws a TypeError for an invalid option. */
  constructor(options: ConnectorEventsOptions) {
    const { client, eventBusName, source = DEFAULT_EVENT_SOURCE, maxAttempts = DEFAULT_ATTEMPTS } = options;
    if (typeof client?.putEvents !== 'function') {
      throw new TypeError(
        'client has no putEvents: pass new EventBridge({}) of @aws-sdk/client-eventbridge; for an EventBridgeClient, ' +
          '{ putEvents: (input) => client.send(new PutEventsCommand(input)) }',
      );
    }
    if (typeof eventBusName !== 'string' || eventBusName === '') {
      throw new TypeError("eventBusName is missing: pass the stack's output EventBusName");
    }
    // EventBridge API reference, PutEventsRequestEntry. Sources that start with "aws." are reserved.
    if (typeof source !== 'string' || source === '' || source.startsWith('aws.')) {
      throw new TypeError(`source is ${JSON.stringify(source)}: pass the connector's eventSource`);
    }
    if (!isWholeNumber(maxAttempts, 1)) {
      throw new TypeError(`maxAttempts is ${maxAttempts}: pass ${wholeNumberHint(1)}`);
    }
    const { wait = (milliseconds: number) => timer(milliseconds) } = options;
    this.options = { client, eventBusName, source, maxAttempts, wait };
  }

  /** A data source refresh ended. */
  dataSourceRefreshed(detail: DataSourceRefreshedDetail): Promise<string> {
    return this.putOne({ detailType: 'DataSourceRefreshed', detail });
  }

  /** A segment was recomputed. */
  segmentRefreshed(detail: SegmentRefreshedDetail): Promise<string> {
    return this.putOne({ detailType: 'SegmentRefreshed', detail });
  }

  /** A business measure, or one member of it, was recomputed. */
  measureRefreshed(detail: MeasureRefreshedDetail): Promise<string> {
    return this.putOne({ detailType: 'MeasureRefreshed', detail });
  }

  /** A full refresh ended. */
  fullRefreshed(detail: FullRefreshedDetail): Promise<string> {
    return this.putOne({ detailType: 'FullRefreshed', detail });
  }

  /** A unification ended. */
  unificationRefreshed(detail: UnificationRefreshedDetail): Promise<string> {
    return this.putOne({ detailType: 'UnificationRefreshed', detail });
  }

  /** A stage or process of a run ended. The connector combines them into one event. */
  refreshStageCompleted(detail: RefreshStageCompletedDetail): Promise<string> {
    return this.putOne({ detailType: 'RefreshStageCompleted', detail });
  }

  /**
   * Puts any number of events. Validates all events before it sends the first one.
   * @returns the ids from EventBridge, in the order of the events.
   */
  async put(events: readonly ConnectorEvent[]): Promise<string[]> {
    const { eventBusName, source } = this.options;
    const entries: Pending[] = [];
    const invalid: EventProblem[] = [];
    for (const [index, event] of events.entries()) {
      const written = writeEntry(event, eventBusName, source);
      if ('entry' in written) entries.push({ index, entry: written.entry });
      else invalid.push({ index, event, reason: written.reason });
    }
    if (invalid.length > 0) throw new InvalidEventsError(invalid, events.length);

    const ids: string[] = [];
    const problems: EventProblem[] = [];
    const fail = ({ index }: Pending, reason: string) =>
      problems.push({ index, event: events[index] as ConnectorEvent, reason });
    const requests = requestsOf(entries);
    for (const [n, request] of requests.entries()) {
      const { failed, cause } = await this.send(request, ids);
      for (const pending of request) {
        const reason = failed.get(pending);
        if (reason !== undefined) fail(pending, reason);
      }
      if (cause === undefined) continue;
      // The next requests would also fail: EventBridge is not reachable, or access is denied.
      for (const pending of requests.slice(n + 1).flat()) fail(pending, 'not sent because an earlier request failed');
      throw new EventsNotTakenError(problems, events.length, cause);
    }
    if (problems.length > 0) throw new EventsNotTakenError(problems, events.length);
    return ids;
  }

  /** Sends the entries of one request, and retries failed entries. Sets the `ids` of accepted entries. */
  private async send(request: readonly Pending[], ids: string[]): Promise<RequestResult> {
    const { client, maxAttempts, wait } = this.options;
    const failed = new Map<Pending, string>();
    let open = request;
    for (let attempt = 1; ; attempt++) {
      let response: PutEventsResult | undefined;
      try {
        response = await client.putEvents({ Entries: open.map(({ entry }) => entry) });
      } catch (cause) {
        if (attempt === maxAttempts || !isRetryable(cause)) {
          for (const one of open) failed.set(one, `${one.entry.DetailType}: ${String(cause)}`);
          return { failed, cause };
        }
      }
      const retried: Pending[] = [];
      for (const [n, one] of open.entries()) {
        const { EventId, ErrorCode = 'no result from EventBridge', ErrorMessage = '' } = response?.Entries?.[n] ?? {};
        if (EventId) ids[one.index] = EventId;
        else if (attempt < maxAttempts && !isLastingCode(ErrorCode)) retried.push(one);
        else failed.set(one, `${one.entry.DetailType}: ${ErrorCode} ${ErrorMessage}`);
      }
      if (retried.length === 0) return { failed };
      open = retried;
      await wait(waitAfter(attempt, Math.random()));
    }
  }

  private async putOne(event: ConnectorEvent): Promise<string> {
    const [id] = await this.put([event]);
    return id as string;
  }
}
