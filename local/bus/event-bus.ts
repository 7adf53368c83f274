import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { AwsError } from '../engines/protocol/aws-json';
import { jsonObject } from '../shared/json';
import { compileLeafTest, type EventPattern, type Leaves, leavesOf } from './pattern';

/** An event as EventBridge sends it to targets (EventBridge user guide, "Event structure"). */
export interface BusEvent {
  readonly version: '0';
  readonly id: string;
  readonly 'detail-type': string;
  readonly source: string;
  readonly account: string;
  /** ISO 8601, whole seconds, UTC. */
  readonly time: string;
  readonly region: string;
  readonly resources: readonly string[];
  readonly detail: Record<string, unknown>;
}

/** A target of a rule. */
export interface BusTarget {
  readonly arn: string;
  /** Resolves when the target has the event. Rejects if the delivery failed. */
  deliver(event: BusEvent): Promise<void>;
  /** Number of retries before the event goes to the dead-letter queue. */
  readonly retries: number;
  /** Sends an undeliverable event to the target's dead-letter queue. Undefined if it has none. */
  deadLetter?(event: BusEvent, attributes: Readonly<Record<string, string>>): Promise<void>;
}

/** A rule with an event pattern. */
export interface BusRule {
  readonly logicalId: string;
  readonly arn: string;
  readonly busName: string;
  readonly pattern: EventPattern;
  readonly targets: readonly BusTarget[];
}

export interface EventBusesOptions {
  readonly account: string;
  readonly region: string;
  /** ARNs of buses by name, without the bus `default`, which always exists. */
  readonly busArns: Readonly<Record<string, string>>;
  readonly rules: readonly BusRule[];
  /** Called for every accepted event, before its delivery, with the logical ids of the rules that it matched. */
  readonly onEvent?: (event: BusEvent, ruleLogicalIds: string[]) => void;
  /** Called if an event reached neither its target nor a dead-letter queue. */
  readonly onLost?: (event: BusEvent, rule: BusRule, error: Error) => void;
}

export interface PutEventsResult {
  readonly FailedEntryCount: number;
  readonly Entries: readonly ({ EventId: string } | { ErrorCode: string; ErrorMessage: string })[];
}

const REQUIRED = ['Source', 'DetailType', 'Detail'] as const;
/** Maximum entries of one request (EventBridge API reference, PutEvents). */
const MAX_ENTRIES = 10;
/** Maximum bytes of a request's entries: 1 MB since 2026-01-29 (AWS Compute blog, "payloads up to 1 MB"). */
export const MAX_REQUEST_BYTES = 1_048_576;
/** Size of `Time`. */
const TIME_BYTES = 14;
/** Milliseconds before the first retry, doubled for each further one. EventBridge waits up to hours. */
const RETRY_DELAY_MS = 50;

/**
 * The event buses of one account: `PutEvents`, rules, targets, retries and dead-letter queues.
 * EventBridge API reference, PutEvents and PutEventsResultEntry; user guide, "Using dead-letter queues".
 */
export class EventBuses {
  private readonly rules: readonly (BusRule & { readonly test: (leaves: Leaves) => boolean })[];
  private readonly names: ReadonlySet<string>;

  /** Throws if a rule's pattern is invalid. */
  constructor(private readonly options: EventBusesOptions) {
    this.rules = options.rules.map((rule) => ({ ...rule, test: compileLeafTest(rule.pattern) }));
    this.names = new Set(['default', ...Object.keys(options.busArns)]);
  }

  /**
   * `PutEvents`. Resolves when the targets or their dead-letter queues have the events, so that no accepted event is
   * lost. Throws `AwsError` (ValidationException) for fewer than 1 or more than 10 entries, or too many bytes.
   */
  async putEvents(input: Record<string, unknown>): Promise<PutEventsResult> {
    const entries = input.Entries;
    if (!Array.isArray(entries)) throw invalidEntries('Member must not be null');
    if (entries.length < 1) throw invalidEntries('Member must have length greater than or equal to 1');
    if (entries.length > MAX_ENTRIES) {
      throw invalidEntries(`Member must have length less than or equal to ${MAX_ENTRIES}`);
    }
    const given = entries.map((entry) => (entry ?? {}) as Record<string, unknown>);
    if (given.reduce((sum, entry) => sum + entryBytes(entry), 0) > MAX_REQUEST_BYTES) {
      throw new AwsError('ValidationException', 'Total size of the entries in the request is over the limit.');
    }
    const results = await Promise.all(given.map((entry) => this.put(entry)));
    return { FailedEntryCount: results.filter((result) => 'ErrorCode' in result).length, Entries: results };
  }

  private async put(entry: Record<string, unknown>): Promise<PutEventsResult['Entries'][number]> {
    const accepted = this.accept(entry);
    if ('ErrorCode' in accepted) return accepted;
    const { event, busName } = accepted;
    const leaves = leavesOf(event);
    const matched = this.rules.filter((rule) => rule.busName === busName && rule.test(leaves));
    this.options.onEvent?.(
      event,
      matched.map((rule) => rule.logicalId),
    );
    await Promise.all(matched.flatMap((rule) => rule.targets.map((target) => this.send(event, rule, target))));
    return { EventId: event.id };
  }

  private accept(
    entry: Record<string, unknown>,
  ): { readonly event: BusEvent; readonly busName: string } | { ErrorCode: string; ErrorMessage: string } {
    const missing = REQUIRED.find((name) => typeof entry[name] !== 'string' || entry[name] === '');
    if (missing) {
      return refusal(
        'InvalidArgument',
        `Parameter ${missing} is not valid. Reason: ${missing} is a required argument.`,
      );
    }
    const [source, detailType, detailText] = [String(entry.Source), String(entry.DetailType), String(entry.Detail)];
    const resources = entry.Resources ?? [];
    if (!Array.isArray(resources) || !resources.every((resource) => typeof resource === 'string')) {
      return refusal('InvalidArgument', 'Parameter Resources is not valid. Reason: Must be a list of strings.');
    }
    const busName = this.busName(entry.EventBusName);
    // See `IGNORED.serviceEvents`.
    if (source.startsWith('aws.') && busName !== 'default') {
      return refusal('NotAuthorizedForSourceException', 'Not authorized for the source.');
    }
    if (busName === undefined) {
      // AWS accepts such an entry and drops it. Locally, a wrong name should be visible.
      return refusal('ResourceNotFoundException', `Event bus ${String(entry.EventBusName)} does not exist.`);
    }
    const detail = jsonObject(detailText);
    if (!detail) return refusal('MalformedDetail', 'Detail is malformed.');
    const time = eventTime(entry.Time);
    if (!time) {
      return refusal('InvalidArgument', 'Parameter Time is not valid. Reason: Must be epoch seconds or a date.');
    }
    const { account, region } = this.options;
    const id = randomUUID();
    return {
      busName,
      event: { version: '0', id, 'detail-type': detailType, source, account, time, region, resources, detail },
    };
  }

  private busName(nameOrArn: unknown): string | undefined {
    if (nameOrArn === undefined || nameOrArn === null) return 'default';
    const name = String(nameOrArn);
    const { account, region, busArns } = this.options;
    if (name.startsWith('arn:')) {
      const known = Object.entries(busArns).find(([, arn]) => arn === name)?.[0];
      return known ?? (name === `arn:aws:events:${region}:${account}:event-bus/default` ? 'default' : undefined);
    }
    return this.names.has(name) ? name : undefined;
  }

  private async send(event: BusEvent, rule: BusRule, target: BusTarget): Promise<void> {
    for (let retry = 0; ; retry++) {
      try {
        await target.deliver(event);
        return;
      } catch (thrown) {
        const error = thrown instanceof Error ? thrown : new Error(String(thrown));
        if (retry < target.retries) {
          await sleep(RETRY_DELAY_MS * 2 ** retry);
          continue;
        }
        await this.giveUp(event, rule, target, error, retry);
        return;
      }
    }
  }

  private async giveUp(event: BusEvent, rule: BusRule, target: BusTarget, error: Error, retries: number) {
    try {
      if (!target.deadLetter) throw error;
      await target.deadLetter(event, {
        RULE_ARN: rule.arn,
        TARGET_ARN: target.arn,
        ERROR_CODE: error.name,
        ERROR_MESSAGE: error.message,
        EXHAUSTED_RETRY_CONDITION: 'MaximumRetryAttempts',
        RETRY_ATTEMPTS: String(retries),
      });
    } catch (lost) {
      this.options.onLost?.(event, rule, lost as Error);
    }
  }
}

/** Size of an entry as EventBridge counts it (EventBridge user guide, "Calculating PutEvents event entry size"). */
export function entryBytes({ Source, DetailType, Detail, Resources, Time }: Readonly<Record<string, unknown>>): number {
  const texts = [Source, DetailType, Detail, Resources].flat().filter((part) => typeof part === 'string');
  const time = Time === undefined || Time === null ? 0 : TIME_BYTES;
  return texts.reduce((sum, part) => sum + Buffer.byteLength(part), time);
}

const invalidEntries = (constraint: string): AwsError =>
  new AwsError(
    'ValidationException',
    `1 validation error detected: Value at 'entries' failed to satisfy constraint: ${constraint}`,
  );

function refusal(ErrorCode: string, ErrorMessage: string): { ErrorCode: string; ErrorMessage: string } {
  return { ErrorCode, ErrorMessage };
}

/** Converts `Time`, which is epoch seconds (JSON protocol) or a date string. The default is now. */
function eventTime(time: unknown): string | undefined {
  const date =
    time === undefined || time === null
      ? new Date()
      : typeof time === 'number'
        ? new Date(time * 1000)
        : new Date(String(time));
  return Number.isNaN(date.getTime()) ? undefined : isoSeconds(date);
}

/** The date format of events: ISO 8601 without fractions of a second. */
export function isoSeconds(date: Date): string {
  return `${date.toISOString().slice(0, 19)}Z`;
}
