import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { AwsError } from '../engines/protocol/aws-json';
import { jsonObject } from '../shared/json';
import { compileLeafTest, type EventPattern, type Leaves, leavesOf } from './pattern';
import { administratorOf, type Caller, denialOf, type Organization, type PolicyStatement } from './permissions';
import { Refusal } from './refusal';

/** The bus that each account has in each Region. */
export const DEFAULT_BUS = 'default';

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
  /**
   * Resolves when the target has the event. Rejects if the delivery failed, with a `Refusal` if a retry cannot succeed.
   * @param isForwarded whether another bus forwarded the event.
   */
  deliver(event: BusEvent, isForwarded: boolean): Promise<void>;
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

/** Buses of one account and Region with their rules, such as those of a stack. */
export interface DeclaredBuses {
  /** ARNs of buses by name, without the bus `default`, which always exists. */
  readonly busArns: Readonly<Record<string, string>>;
  /**
   * Statements of resource policies by the name of the bus.
   * @default - no policies
   */
  readonly policies?: ReadonlyMap<string, readonly PolicyStatement[]>;
  readonly rules: readonly BusRule[];
  /** Called if an event reached neither its target nor a dead-letter queue. */
  readonly onLost?: (event: BusEvent, rule: BusRule, error: Error) => void;
}

export interface EventBusesOptions extends DeclaredBuses {
  readonly account: string;
  readonly region: string;
  /** Called for every accepted event, before its delivery, with the logical ids of the rules that it matched. */
  readonly onEvent?: (event: BusEvent, ruleLogicalIds: string[], busArn: string) => void;
  /** Called if a target refuses an event. */
  readonly onRefused?: (event: BusEvent, rule: BusRule, refusal: Refusal) => void;
  /**
   * The buses of other accounts and Regions.
   * @default - none
   */
  readonly others?: OtherBuses;
}

export interface Bus {
  readonly name: string;
  readonly arn: string;
  readonly owner: EventBuses;
}

/** The buses of all accounts and Regions. */
export interface OtherBuses {
  readonly organization: Organization | undefined;
  /** Finds a bus by its ARN. */
  bus(arn: string): Bus | undefined;
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

interface CompiledRule extends BusRule {
  readonly test: (leaves: Leaves) => boolean;
  readonly onLost: DeclaredBuses['onLost'];
}

interface Accepted {
  readonly event: BusEvent;
  readonly bus: Bus;
}

type EntryRefusal = { readonly ErrorCode: string; readonly ErrorMessage: string };

/**
 * The event buses of one account and Region: `PutEvents`, resource policies, rules, targets, retries and dead-letter
 * queues. EventBridge API reference, PutEvents and PutEventsResultEntry; user guide, "Using dead-letter queues".
 */
export class EventBuses {
  private readonly rules: CompiledRule[] = [];
  private readonly buses = new Map<string, Bus>();
  private readonly policies = new Map<string, readonly PolicyStatement[]>();

  /** Throws if a rule's pattern is invalid. */
  constructor(private readonly options: EventBusesOptions) {
    const { account, region } = options;
    this.addBus(DEFAULT_BUS, `arn:aws:events:${region}:${account}:event-bus/${DEFAULT_BUS}`);
    this.add(options);
  }

  get region(): string {
    return this.options.region;
  }

  /** Adds the buses and rules of a further stack. Throws if a rule's pattern is invalid. */
  add({ busArns, policies = new Map(), rules, onLost }: DeclaredBuses): void {
    for (const [name, arn] of Object.entries(busArns)) this.addBus(name, arn);
    for (const [name, statements] of policies) this.policies.set(name, [...this.policyOf(name), ...statements]);
    this.rules.push(...rules.map((rule) => ({ ...rule, test: compileLeafTest(rule.pattern), onLost })));
  }

  /** Finds a bus by its name or ARN. */
  bus(nameOrArn: string): Bus | undefined {
    return this.buses.get(nameOrArn);
  }

  /**
   * `PutEvents` of the account's administrator. Resolves when the targets or their dead-letter queues have the events, so
   * that no accepted event is lost. Throws `AwsError` (ValidationException) for fewer than 1 or more than 10 entries, or
   * too many bytes.
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
    const accepted = given.map((entry) => this.accept(entry));
    const denied = await this.denials(accepted.filter((one) => 'event' in one));
    const results = await Promise.all(
      accepted.map(async (one) => {
        if (!('event' in one)) return one;
        const denial = denied.get(one.bus.arn);
        if (denial !== undefined) return refusal('AccessDeniedException', denial);
        await one.bus.owner.publish(one.event, one.bus.name, false);
        return { EventId: one.event.id };
      }),
    );
    return { FailedEntryCount: results.filter((result) => 'ErrorCode' in result).length, Entries: results };
  }

  /**
   * Accepts an event from a rule of another bus, with a new id. Throws a `Refusal` if the role of the rule or the policy of
   * the bus does not allow it.
   */
  async receive(event: BusEvent, name: string, caller: Caller): Promise<void> {
    const denial = await this.denial(name, caller, [event]);
    if (denial !== undefined) throw new Refusal('NO_PERMISSIONS', denial);
    await this.publish({ ...event, id: randomUUID() }, name, true);
  }

  private addBus(name: string, arn: string): void {
    const bus = { name, arn, owner: this };
    this.buses.set(name, bus).set(arn, bus);
  }

  private policyOf(name: string): readonly PolicyStatement[] {
    return this.policies.get(name) ?? [];
  }

  /**
   * The denials of a request by the ARN of their bus. `events:source` and `events:detail-type` have the values of all events
   * of the request on this bus: the service authorization reference types both as arrays.
   */
  private async denials(accepted: readonly Accepted[]): Promise<Map<string, string>> {
    const caller = administratorOf(this.options.account);
    const denials = new Map<string, string>();
    for (const { arn, owner, name } of new Set(accepted.map(({ bus }) => bus))) {
      const events = accepted.filter(({ bus }) => bus.arn === arn).map(({ event }) => event);
      const denial = await owner.denial(name, caller, events);
      if (denial !== undefined) denials.set(arn, denial);
    }
    return denials;
  }

  private denial(name: string, caller: Caller, events: readonly BusEvent[]): Promise<string | undefined> {
    const { account, others } = this.options;
    return denialOf(
      caller,
      { arn: this.buses.get(name)?.arn ?? name, account, policy: this.policyOf(name) },
      {
        sources: [...new Set(events.map(({ source }) => source))],
        detailTypes: [...new Set(events.map((event) => event['detail-type']))],
      },
      others?.organization,
    );
  }

  private async publish(event: BusEvent, busName: string, isForwarded: boolean): Promise<void> {
    const leaves = leavesOf(event);
    const matched = this.rules.filter((rule) => rule.busName === busName && rule.test(leaves));
    this.options.onEvent?.(
      event,
      matched.map((rule) => rule.logicalId),
      this.buses.get(busName)?.arn ?? busName,
    );
    await Promise.all(
      matched.flatMap((rule) => rule.targets.map((target) => this.send(event, rule, target, isForwarded))),
    );
  }

  private accept(entry: Record<string, unknown>): Accepted | EntryRefusal {
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
    const bus = this.busOf(entry.EventBusName);
    // See `IGNORED.serviceEvents`.
    if (source.startsWith('aws.') && bus !== this.bus(DEFAULT_BUS)) {
      return refusal('NotAuthorizedForSourceException', 'Not authorized for the source.');
    }
    if (bus === undefined) {
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
      bus,
      event: { version: '0', id, 'detail-type': detailType, source, account, time, region, resources, detail },
    };
  }

  /** PutEvents reaches the buses of its Region, in other accounts by their ARN. */
  private busOf(nameOrArn: unknown): Bus | undefined {
    if (nameOrArn === undefined || nameOrArn === null) return this.bus(DEFAULT_BUS);
    const own = this.bus(String(nameOrArn));
    if (own) return own;
    const other = this.options.others?.bus(String(nameOrArn));
    return other?.owner.region === this.region ? other : undefined;
  }

  private async send(event: BusEvent, rule: CompiledRule, target: BusTarget, isForwarded: boolean) {
    for (let retry = 0; ; retry++) {
      try {
        await target.deliver(event, isForwarded);
        return;
      } catch (thrown) {
        const error = thrown instanceof Error ? thrown : new Error(String(thrown));
        if (error instanceof Refusal) this.options.onRefused?.(event, rule, error);
        else if (retry < target.retries) {
          await sleep(RETRY_DELAY_MS * 2 ** retry);
          continue;
        }
        await this.giveUp(event, rule, target, error, retry);
        return;
      }
    }
  }

  private async giveUp(event: BusEvent, rule: CompiledRule, target: BusTarget, error: Error, retries: number) {
    try {
      if (!target.deadLetter) throw error;
      await target.deadLetter(event, {
        RULE_ARN: rule.arn,
        TARGET_ARN: target.arn,
        ERROR_CODE: error instanceof Refusal ? error.code : error.name,
        ERROR_MESSAGE: error.message,
        ...(!(error instanceof Refusal) && { EXHAUSTED_RETRY_CONDITION: 'MaximumRetryAttempts' }),
        RETRY_ATTEMPTS: String(retries),
      });
    } catch (lost) {
      rule.onLost?.(event, rule, lost as Error);
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

function refusal(ErrorCode: string, ErrorMessage: string): EntryRefusal {
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
