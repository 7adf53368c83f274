import { DomainEvent } from '../../contract/events';
import type { Attempt, DeliveryRow } from '../../lambda/delivery/core/delivery';
import { durationText } from '../../lambda/shared/core/duration';
import { LogMessage } from '../../lambda/shared/core/log-messages';
import { metricKey } from '../../lambda/shared/core/metric';
import { numberText } from '../../lambda/shared/core/number-text';
import { isBeyond } from '../../lambda/shared/core/position';
import { cut } from '../../lambda/shared/core/text';
import { nearest } from '../../lambda/subscriptions/core/entry/messages';
import { isPaused } from '../../lambda/subscriptions/core/health';
import type {
  Filter,
  Subscription,
  SubscriptionDefinition,
  Threshold,
} from '../../lambda/subscriptions/core/subscription';
import { watchedMetric } from '../../lambda/thresholds/core/threshold-item';
import { type DeadLetter, readable } from '../connector/dead-letters';
import type { LogRecord } from '../connector/handler-logs';
import { relative, timeText } from '../shell/time';
import { aboutText, levelText } from '../subscriptions/subscription-text';
import { responseText } from './delivery-text';
import { responseHint } from './response-hint';
import { metricText, type ThresholdAccount } from './threshold-account';

/** What is known of a subscription and what came for it. All instants are epoch milliseconds. */
export interface Evidence {
  readonly subscription: Subscription;
  readonly now: number;
  /** How far back was looked. */
  readonly since: number;
  /** Of events accepted since then, in no order. */
  readonly deliveries: readonly DeliveryRow[];
  /** What the handlers logged since then, oldest first; left out where it cannot be read. */
  readonly log?: readonly LogRecord[];
  /** What stands in the dead-letter queues; left out where they cannot be read. */
  readonly rejected?: readonly DeadLetter[];
  /** How its threshold stands, on the metrics that it watches. */
  readonly accounts?: readonly ThresholdAccount[];
  /** Names of the segments or measures of its instance that have been seen, where its own has not. */
  readonly seen?: readonly string[];
}

/** `–`: nothing to say, or it is not known. */
export type Mark = '✓' | '✗' | '–';

/** A stretch of an event's road. */
export interface Step {
  readonly mark: Mark;
  readonly name: 'subscription' | 'received' | 'matched' | 'crossed' | 'queued' | 'answered';
  readonly text: string;
  /** What it is known by, a line each. */
  readonly evidence: readonly string[];
}

export interface Explanation {
  /** One sentence. */
  readonly verdict: string;
  /** Whether the flow took the newest event. */
  readonly ran: boolean;
  readonly steps: readonly Step[];
}

/** Lines of evidence of a step; the rest is counted. */
const MAX_LINES = 5;

/** Why a flow ran, or did not. */
export function explain(given: Evidence): Explanation {
  const { subscription } = given;
  const evidence = { ...given, deliveries: given.deliveries.filter(({ isTest }) => !isTest) };
  const road = subscription.definition.threshold ? metricRoad(evidence) : eventRoad(evidence);
  const answered = withTests(answeredStep(evidence), given);
  const steps = [subscriptionStep(evidence), ...road, queuedStep(evidence), answered];
  const newest = newestFirst(evidence.deliveries)[0];
  return { verdict: verdictOf(evidence, newest, steps), ran: newest?.status === 'delivered', steps };
}

function verdictOf(evidence: Evidence, newest: DeliveryRow | undefined, steps: readonly Step[]): string {
  const { subscription, now } = evidence;
  if (newest) return newestVerdict(newest, subscription, now);
  if (!subscription.flow) return 'It starts no flow: it has no flow URL, its crossings are events on the bus only.';
  const rejected = steps.find(({ name }) => name === 'received')?.evidence.find((line) => line.startsWith(REJECTED));
  if (rejected) return `The flow did not run because its event could not be read: ${rejected.slice(REJECTED.length)}.`;
  const failed = steps.find(({ mark, name }) => mark === '✗' && name !== 'subscription');
  if (failed) return `The flow did not run because ${failed.text}.`;
  const accepted = steps.find(({ name, mark }) => mark === '✓' && (name === 'matched' || name === 'crossed'));
  if (accepted) {
    return 'An event matches, and no delivery of it is there: the subscription is younger than the event, or the delivery is on its way.';
  }
  return 'Nothing was delivered, and what came is not known here: the step marked – says where to look.';
}

function newestVerdict(row: DeliveryRow, { health }: Subscription, now: number): string {
  const last = row.attempts.at(-1);
  const answer = responseText(last);
  const hint = last && responseHint(last);
  const todo = hint ? ` (${hint})` : '';
  switch (row.status) {
    case 'delivered': {
      const run = last?.runId ? ` What that run did stands in the flow's run history.` : '';
      return `The flow took the newest event ${relative(last?.at ?? row.acceptedAt, now)}: ${answer}.${run}`;
    }
    case 'held':
      return `The newest event is held because the subscription is paused: ${health?.reason ?? answer}${todo}.`;
    case 'dead':
      return `The newest event was given up after ${answer}${todo}; replay sends it again.`;
    case 'canceled':
      return 'The newest event was canceled: it was meant for a deleted subscription of the same name.';
    case 'pending':
      return row.attempts.length === 0
        ? 'The newest event is on its way to the flow.'
        : `The flow has not taken the newest event yet: ${answer}${todo}; it will be tried again.`;
  }
}

function subscriptionStep({ subscription, now }: Evidence): Step {
  const { definition, health, flow } = subscription;
  const text = wantedText(definition);
  const name = 'subscription';
  if (isPaused(subscription)) {
    const since = health?.since === undefined ? '' : ` since ${timeText(health.since, now)}`;
    const resume = `resume ${definition.name}`;
    const todo = health?.bySomebody ? `${resume} ends it` : `mend the flow, then: ${resume}`;
    const evidence = [health?.reason ?? 'no reason is known', todo];
    return { name, mark: '✗', text: `${text}; paused${since}`, evidence };
  }
  return { name, mark: flow ? '✓' : '–', text: flow ? `${text}; active` : `${text}; no flow`, evidence: [] };
}

/** What a subscription waits for, in a phrase. */
export function wantedText(definition: SubscriptionDefinition): string {
  const { trigger, instanceId } = definition;
  const instance = instanceId === 'default' ? '' : ` of instance ${quoted(instanceId)}`;
  return `${trigger} (${aboutText(definition)})${instance}`;
}

const quoted = (name: string): string => `'${name}'`;

// --- refresh events ---------------------------------------------------------------------------------------------------

const DETAIL_TYPES: Readonly<Record<string, string>> = {
  'data-source-refresh-failed': DomainEvent.DATA_SOURCE_REFRESHED,
  'data-source-refresh-succeeded': DomainEvent.DATA_SOURCE_REFRESHED,
  'full-refresh-completed': DomainEvent.FULL_REFRESHED,
  'unification-refresh-completed': DomainEvent.UNIFICATION_REFRESHED,
};

/** An event as `dispatch` logged it. */
interface SeenEvent {
  readonly at: number;
  readonly trigger?: string;
  readonly instanceId?: string;
  readonly subject?: string;
  readonly status?: string;
  readonly kind?: string;
  readonly willRetry?: boolean;
}

function eventRoad(evidence: Evidence): Step[] {
  const { subscription, log, now, since, deliveries } = evidence;
  const { definition } = subscription;
  const detailType = DETAIL_TYPES[definition.trigger] as string;
  const rejected = rejectedLines(evidence);
  if (!log) {
    const query =
      'the log of dispatch cannot be read; whoever may, asks CloudWatch Logs Insights: ' +
      `filter detailType = "${detailType}" | stats count() by message, subject, status`;
    const known = deliveries.length > 0;
    const text = known ? `${counted(deliveries.length, 'event')} for it` : 'which events came is not known here';
    return [
      { name: 'received', mark: known ? '✓' : '–', text, evidence: [...rejected, ...(known ? [] : [query])] },
      { name: 'matched', mark: known ? '✓' : '–', text: known ? 'all of these' : 'not known', evidence: [] },
    ];
  }
  const events = log
    .filter(({ message, details }) => DISPATCHED.includes(message) && details.detailType === detailType)
    .map(({ at, details }) => ({ ...details, at }) as SeenEvent);
  const period = periodText(now - since);
  const last = events.at(-1);
  if (!last) {
    const text = `no ${detailType} event came in the last ${period}`;
    const sources =
      'producers must put them on the connector\'s bus, with its source: see "What producers put on the bus"';
    return [
      { name: 'received', mark: '✗', text, evidence: [...rejected, sources] },
      { name: 'matched', mark: '–', text: 'nothing to match', evidence: [] },
    ];
  }
  const text = `${counted(events.length, `${detailType} event`)} in the last ${period}, the newest ${relative(last.at, now)}`;
  return [{ name: 'received', mark: '✓', text, evidence: rejected }, matchedStep(events, definition)];
}

const DISPATCHED: readonly string[] = [LogMessage.MATCHED, LogMessage.UNMATCHED];

function matchedStep(events: readonly SeenEvent[], definition: SubscriptionDefinition): Step {
  const name = 'matched';
  const reasons = events.map((event) => whyNot(event, definition));
  const matching = reasons.filter((reason) => reason === undefined).length;
  const evidence = tally(reasons.filter((reason) => reason !== undefined));
  if (matching > 0) return { name, mark: '✓', text: `${matching} of ${events.length}`, evidence };
  const { dataSource } = definition.filter;
  const here = events.filter(({ instanceId = 'default' }) => instanceId === definition.instanceId);
  const seen = [...new Set(here.map(({ subject }) => subject).filter((subject) => subject !== undefined))];
  if (dataSource !== undefined && here.length > 0 && !seen.includes(dataSource)) {
    return { name, mark: '✗', text: `no event names ${quoted(dataSource)}; ${seenText(dataSource, seen)}`, evidence };
  }
  return { name, mark: '✗', text: `none matches: ${evidence[0]}`, evidence: evidence.slice(1) };
}

/** Why an event is not one that a subscription wants, as `matches` and the index decide it; undefined: it is. */
export function whyNot(event: SeenEvent, { trigger, instanceId, filter }: WantedEvent): string | undefined {
  const { instanceId: instance = 'default', subject = '', status = '', kind } = event;
  if (instance !== instanceId) return `it is of instance ${quoted(instance)}, not ${quoted(instanceId)}`;
  if (filter.dataSource !== undefined && filter.dataSource !== subject) {
    return `it names ${quoted(subject)}, not ${quoted(filter.dataSource)}`;
  }
  if (event.trigger !== trigger) return `its status is ${status}, which is ${event.trigger ?? 'no trigger at all'}`;
  if (event.willRetry && !filter.includeRetries) return 'it will be retried, and includeRetries is not set';
  if (filter.kind !== undefined && kind !== filter.kind) return `its kind is ${kind}, not ${filter.kind}`;
  if (filter.status !== undefined && !filter.status.some((one) => one === status)) {
    return `its status is ${status}, not ${filter.status.join(' or ')}`;
  }
  return undefined;
}
type WantedEvent = Pick<SubscriptionDefinition, 'trigger' | 'instanceId'> & { readonly filter: Filter };

// --- thresholds -------------------------------------------------------------------------------------------------------

function metricRoad(evidence: Evidence): Step[] {
  const { subscription, accounts = [], seen = [], now, since, log = [] } = evidence;
  const { definition } = subscription;
  const watched = watchedMetric(definition);
  const rejected = rejectedLines(evidence);
  const withValue = accounts.filter(({ observedAt }) => observedAt !== undefined);
  const nothingCrossed: Step = { name: 'crossed', mark: '–', text: 'no value, so nothing crossed', evidence: [] };
  if (withValue.length === 0) {
    const what = `no event names ${watched.kind} ${quoted(metricText(watched))}`;
    const text = `${what}; ${seenText(watched.name, seen)}`;
    return [{ name: 'received', mark: '✗', text, evidence: rejected }, nothingCrossed];
  }
  const newest = withValue.reduce((a, b) => ((b.observedAt ?? 0) > (a.observedAt ?? 0) ? b : a));
  const observedAt = newest.observedAt as number;
  const key = metricKey(watched);
  const dropped = log.filter(
    ({ message, details }) => message === LogMessage.OBSERVATION_DROPPED && isOf(String(details.metric), key),
  );
  const lines = withValue.slice(0, MAX_LINES).map(({ metric, recent }) => {
    const values = recent.slice(-MAX_LINES).map(([, value]) => numberText(value));
    return `${metric}: ${values.join(' → ')}`;
  });
  const more =
    accounts.length > lines.length ? [`${accounts.length - lines.length} more: thresholds ${definition.name}`] : [];
  const droppedLines = tally(dropped.map(({ details }) => `${details.outcome} observation, dropped`));
  const received: Step = {
    name: 'received',
    mark: '✓',
    text: `the newest value is ${numberText(newest.value as number)}, observed ${timeText(observedAt, now)}`,
    evidence: [...lines, ...more, ...droppedLines, ...rejected],
  };
  return [received, crossedStep(evidence, definition.threshold as Threshold, withValue, since)];
}

const isOf = (key: string, watched: string): boolean => key === watched || key.startsWith(`${watched}#`);

function crossedStep(
  { now, deliveries }: Evidence,
  threshold: Threshold,
  accounts: readonly ThresholdAccount[],
  since: number,
): Step {
  const name = 'crossed';
  const crossings = accounts.flatMap((account) => crossingsOf(account, threshold)).toSorted((a, b) => b.at - a.at);
  const lines = crossings
    .slice(0, MAX_LINES)
    .map(({ metric, at, from, to }) => `${metric}: ${numberText(from)} → ${numberText(to)} at ${timeText(at, now)}`);
  const unpublished = accounts.some(({ isUnpublished }) => isUnpublished)
    ? ['a crossing is committed and is being published; the sweep does so within minutes']
    : [];
  const level = levelText(threshold);
  if (deliveries.length > 0 || (crossings[0]?.at ?? Number.NEGATIVE_INFINITY) >= since) {
    const count = crossings.filter(({ at }) => at >= since).length;
    const text = count > 0 ? `${level}, ${counted(count, 'time')}` : `${level}, by an event for it`;
    return { name, mark: '✓', text, evidence: [...unpublished, ...lines] };
  }
  const [only] = accounts;
  const standing =
    accounts.length === 1 && only
      ? `the value ${numberText(only.value as number)} is ${PHASES[only.phase]} ${level} and ${only.next}`
      : `no member crossed ${level}`;
  const text = `nothing crossed: ${standing}`;
  return { name, mark: '✗', text, evidence: [...unpublished, ...lines.map((line) => `before that: ${line}`)] };
}

const PHASES = {
  armed: 'not',
  recovering: 'back, but not far enough, from',
  beyond: 'still',
  'no value': 'not yet',
} as const;

/** Moves to the far side among the values that are kept. */
function crossingsOf({ metric, recent }: ThresholdAccount, { operator, value: level }: Threshold) {
  return recent.slice(1).flatMap(([at, to], n) => {
    const from = recent[n]?.[1] as number;
    return !isBeyond(operator, level, from) && isBeyond(operator, level, to) ? [{ metric, at, from, to }] : [];
  });
}

// --- deliveries -------------------------------------------------------------------------------------------------------

const newestFirst = (rows: readonly DeliveryRow[]): DeliveryRow[] =>
  rows.toSorted((a, b) => b.acceptedAt - a.acceptedAt);

function queuedStep({ deliveries }: Evidence): Step {
  const name = 'queued';
  if (deliveries.length === 0) return { name, mark: '–', text: 'no delivery', evidence: [] };
  const counts = new Map<string, number>();
  for (const { status } of deliveries) counts.set(status, (counts.get(status) ?? 0) + 1);
  const states = [...counts].map(([status, count]) => `${count} ${status}`).join(', ');
  return { name, mark: '✓', text: `${counted(deliveries.length, 'delivery', 'deliveries')}: ${states}`, evidence: [] };
}

function answeredStep({ deliveries, now }: Evidence): Step {
  const name = 'answered';
  const rows = newestFirst(deliveries);
  const [newest] = rows;
  if (!newest) return { name, mark: '–', text: 'nothing to answer', evidence: [] };
  const lines = rows.flatMap(({ attempts }) => attempts.toReversed()).map((one) => attemptText(one, now));
  const last = newest.attempts.at(-1);
  const more = lines.length > MAX_LINES ? [`${lines.length - MAX_LINES} more: deliveries ${newest.subscription}`] : [];
  const evidence = [...lines.slice(0, MAX_LINES), ...more];
  if (!last) return { name, mark: '–', text: 'not called yet', evidence };
  const hint = responseHint(last);
  const mark = newest.status === 'delivered' ? '✓' : '✗';
  return { name, mark, text: hint && mark === '✗' ? `${responseText(last)}: ${hint}` : responseText(last), evidence };
}

/** The answer to the last sample, which says whether the flow would take an event. */
function withTests(step: Step, { deliveries, now }: Evidence): Step {
  const [last] = newestFirst(deliveries.filter(({ isTest }) => isTest));
  if (!last) return step;
  const answer = `the last test, ${relative(last.acceptedAt, now)}: ${responseText(last.attempts.at(-1))}`;
  return { ...step, evidence: [...step.evidence, answer] };
}

const attemptText = (attempt: Attempt, now: number): string =>
  `${timeText(attempt.at, now)}: ${responseText(attempt)}, after ${attempt.durationMs} ms`;

// --- words ------------------------------------------------------------------------------------------------------------

const REJECTED = 'rejected: ';

/** Events that the handlers could not read and that seem to be this subscription's. */
function rejectedLines({ rejected = [], subscription, since, now }: Evidence): string[] {
  const { filter, trigger, threshold } = subscription.definition;
  const name = filter.dataSource ?? filter.segment ?? filter.measure;
  const detailType = threshold ? undefined : DETAIL_TYPES[trigger];
  const isMeant = ({ body }: DeadLetter): boolean =>
    name === undefined
      ? detailType !== undefined && body.includes(detailType)
      : readable(body).includes(JSON.stringify(name));
  return rejected
    .filter((one) => one.sentAt >= since && isMeant(one))
    .toSorted((a, b) => b.sentAt - a.sentAt)
    .slice(0, MAX_LINES)
    .map(({ reason, sentAt }) => `${REJECTED}${cut(reason, 300)}, ${relative(sentAt, now)}`);
}

/** `seen: 'VIP customers'`, with the name that was probably meant first. */
export function seenText(wanted: string, seen: readonly string[]): string {
  if (seen.length === 0) return 'none has been seen at all';
  const meant = nearest(wanted, seen);
  const others = seen.filter((name) => name !== meant).map(quoted);
  const names = meant === undefined ? others : [`${quoted(meant)} (meant?)`, ...others];
  const more = names.length > MAX_LINES ? ` and ${names.length - MAX_LINES} more` : '';
  return `seen: ${names.slice(0, MAX_LINES).join(', ')}${more}`;
}

/** Equal sentences with how often they are there, the most frequent first. */
function tally(sentences: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const one of sentences) counts.set(one, (counts.get(one) ?? 0) + 1);
  return [...counts]
    .toSorted(([, a], [, b]) => b - a)
    .slice(0, MAX_LINES)
    .map(([one, count]) => `${numberText(count)} × ${one}`);
}

const DAY = 24 * 60 * 60 * 1000;
const periodText = (ms: number): string =>
  ms >= 2 * DAY ? `${numberText(Math.round(ms / DAY))} days` : durationText(Math.round(ms / 1000));

const counted = (count: number, one: string, many = `${one}s`): string =>
  `${numberText(count)} ${count === 1 ? one : many}`;
