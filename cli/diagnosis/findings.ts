import type { DeliveryRow } from '../../lambda/delivery/core/delivery';
import { numberText } from '../../lambda/shared/core/number-text';
import { counted, cut } from '../../lambda/shared/core/text';
import type { Health } from '../../lambda/subscriptions/core/health';
import type { Subscription } from '../../lambda/subscriptions/core/subscription';
import type { FiringAlarm } from '../connector/alarms';
import type { DeadLetter } from '../connector/dead-letters';
import { relativeTime, timeText } from '../shell/time';
import { observedText } from './observed-text';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

/** The sweep runs every minute; its work is overdue after this time, milliseconds. */
export const SWEEP_LATE = 3 * MINUTE;
/** Power Automate switches off flows that have not run for 90 days. The finding comes 30 days earlier. */
const IDLE_DAYS = 60;
/** Maximum number of subscription names in one finding. */
const MAX_NAMES = 5;
/** Maximum number of findings of one kind that are each about one subscription. One more names the others. */
const MAX_ALIKE = 100;
/** Waiting messages that make a backlog: a few minutes of work. */
const BACKLOG = 1000;
/** A delivery that has been retried for this long needs attention, milliseconds. */
const OLD_PENDING = 60 * MINUTE;

/** `problem`: needs a fix now. `note`: needs no fix yet. */
export type Severity = 'problem' | 'note';

export interface Finding {
  readonly severity: Severity;
  /** The observation, a phrase. */
  readonly title: string;
  /** The consequence, one or more sentences. */
  readonly impact: string;
  /** What to do, one or more sentences. */
  readonly action: string;
}

export interface QueueDepth {
  readonly name: string;
  readonly isDeadLetterQueue: boolean;
  readonly waiting: number;
  /** Delayed or in flight. */
  readonly busy: number;
}

/** A subscription's segment, measure or data source that no event has named. */
export interface UnobservedSubject {
  readonly subscription: string;
  readonly subject: string;
  /** Subjects of the same kind that events have named. */
  readonly observed: readonly string[];
}

/** State of a connector. All instants are epoch milliseconds. */
export interface Snapshot {
  readonly now: number;
  /** Subscriptions that a finding can be about: all paused ones, and others. */
  readonly subscriptions: readonly Subscription[];
  /** Names of subscriptions of flows that registered themselves. */
  readonly registered: ReadonlySet<string>;
  readonly queues: readonly QueueDepth[];
  readonly rejected: readonly DeadLetter[];
  readonly unobserved: readonly UnobservedSubject[];
  /** The newest delivery of each idle subscription; undefined if the subscription has none. */
  readonly newestDeliveries: ReadonlyMap<string, DeliveryRow | undefined>;
  /** First attempt of the oldest pending delivery. */
  readonly oldestPending?: number;
  /** Number of overdue items of the sweep and of `deliver`, by kind. */
  readonly overdue: Readonly<Record<'intents' | 'subscriptions' | 'deaths' | 'items', number>>;
  /** Number of orphaned items of the Thresholds table that the sweep does not know. */
  readonly leftovers: number;
  /** Why the key of the flow URLs is unusable; undefined if it is usable. */
  readonly keyProblem?: string;
  /** Undefined if access is denied. */
  readonly alarms?: readonly FiringAlarm[];
}

/** Findings about a connector, problems first. */
export function diagnose(snapshot: Snapshot): Finding[] {
  const findings = [
    ...keyFindings(snapshot),
    ...pausedFindings(snapshot),
    ...alarmFindings(snapshot),
    ...deadLetterFindings(snapshot),
    ...sweepFindings(snapshot),
    ...queueFindings(snapshot),
    ...unobservedFindings(snapshot),
    ...idleFindings(snapshot),
  ];
  return problemsFirst(findings);
}

export const problemsFirst = (findings: readonly Finding[]): Finding[] =>
  (['problem', 'note'] as const).flatMap((level) => findings.filter(({ severity }) => severity === level));

function keyFindings({ keyProblem }: Snapshot): Finding[] {
  if (keyProblem === undefined) return [];
  return [
    problem(
      `the key of the flow URLs is unusable: ${keyProblem}`,
      'Flow URLs cannot be stored or read. All deliveries fail.',
      'In AWS KMS, enable the key, cancel its deletion, or fix its policy.',
    ),
  ];
}

function pausedFindings({ subscriptions, now }: Snapshot): Finding[] {
  // A flow that unregistered is held, too. In minutes, it registers again or its subscription is removed.
  const all = subscriptions.filter(({ health }) => health?.state === 'paused' && health.endsAt === undefined);
  const found = ({ definition: { name }, health = NO_HEALTH, registration }: Subscription): Finding => {
    const { reason = 'the reason is unknown', bySomebody } = health;
    const because = `${health.since === undefined ? '' : ` since ${timeText(health.since, now)}`}: ${reason}`;
    const held = 'Its deliveries are held, and none is lost.';
    if (bySomebody) {
      return note(`${name} is paused${because}`, `${held} An operator paused it.`, `To end the pause: resume ${name}.`);
    }
    if (!registration) {
      const action = `Fix the flow, or set its new URL with set-url ${name}. Then: resume ${name}.`;
      return problem(`${name} is paused${because}`, `${held} ${probeText(health, now)}`, action);
    }
    const orphaned = isOrphaned(health, now);
    return problem(
      `${name} is ${orphaned ? 'probably orphaned: its flow refuses every delivery' : 'paused'}${because}`,
      `${held} ${probeText(health, now)} ${registration.by} registered the flow.`,
      orphaned
        ? `If the flow was deleted: connector end ${name}. Otherwise, switch it on or save it in Power Automate.`
        : `Switch the flow on or save it in Power Automate. If it was deleted: connector end ${name}.`,
    );
  };
  return firstOf(all, found, (others) =>
    problem(
      `${moreNames(others.map(({ definition }) => definition.name))} are also paused`,
      'Their deliveries are held, and none is lost.',
      'To see each with its state: list. To see the reason: show.',
    ),
  );
}

const NO_HEALTH: Health = { version: 0, state: 'active', announcements: [] };

/** A finding for each of the first items, and one for all others. */
export function firstOf<Item>(
  items: readonly Item[],
  found: (item: Item) => Finding,
  more: (others: readonly Item[]) => Finding,
): Finding[] {
  const findings = items.slice(0, MAX_ALIKE).map(found);
  return items.length > MAX_ALIKE ? [...findings, more(items.slice(MAX_ALIKE))] : findings;
}

/** `a, b, c, d, e and 2 more`. */
export function moreNames(names: readonly string[]): string {
  const more = names.length > MAX_NAMES ? ` and ${numberText(names.length - MAX_NAMES)} more` : '';
  return `${names.slice(0, MAX_NAMES).join(', ')}${more}`;
}

/** Whether a flow that registered itself was probably deleted without unregistering. */
const isOrphaned = ({ since = 0, retireAt }: Health, now: number): boolean =>
  retireAt !== undefined || now - since > DAY;

function probeText({ nextProbe, retireAt }: Health, now: number): string {
  if (retireAt !== undefined)
    return `The connector removes the subscription ${relativeTime(Math.max(retireAt, now), now)}.`;
  if (nextProbe === undefined) return 'The connector no longer probes the flow.';
  return `The connector probes the flow ${relativeTime(nextProbe, now)}.`;
}

function alarmFindings({ alarms, now }: Snapshot): Finding[] {
  if (!alarms) {
    return [
      note(
        'alarms were not checked',
        'Your role does not allow cloudwatch:DescribeAlarms.',
        'Grant all permissions of the CLI with connector.grantManageSubscriptions.',
      ),
    ];
  }
  return alarms.map(({ name, reason, since, description }) => {
    const title = `alarm ${name}${since === undefined ? '' : ` since ${timeText(since, now)}`}`;
    return problem(title, reason, description || 'The alarm has no description. Check the metric that it watches.');
  });
}

function deadLetterFindings({ queues, rejected, now }: Snapshot): Finding[] {
  return queues
    .filter(({ isDeadLetterQueue, waiting, busy }) => isDeadLetterQueue && waiting + busy > 0)
    .map(({ name, waiting, busy }) => {
      const newest = rejected.filter(({ queue }) => queue === name).toSorted((a, b) => b.sentAt - a.sentAt)[0];
      const about = newest ? `; newest, ${relativeTime(newest.sentAt, now)}: ${cut(newest.reason, 300)}` : '';
      return problem(
        `${messages(waiting + busy)} in dead-letter queue ${name}${about}`,
        'Nothing processes these messages any more. SQS deletes them 14 days after they were sent.',
        'Fix the cause (rejected shows the reason for each) and send the events again. Then purge the queue.',
      );
    });
}

function sweepFindings({ overdue, leftovers }: Snapshot): Finding[] {
  const findings: Finding[] = [];
  const { intents, subscriptions, deaths, items } = overdue;
  if (intents > 0) {
    findings.push(
      problem(
        `${counted(intents, 'threshold crossing', 'threshold crossings')} committed but not published`,
        'A worker crashed and the sweep has not recovered its work. The flows were not started.',
        'Check the logs of the functions sweep and evaluate. They publish the crossings on their next run.',
      ),
    );
  }
  if (subscriptions + deaths > 0) {
    const parts = [
      subscriptions > 0 && counted(subscriptions, 'subscription', 'subscriptions'),
      deaths > 0 && counted(deaths, 'dead delivery', 'dead deliveries'),
    ];
    findings.push(
      problem(
        `scheduled work is overdue for ${parts.filter(Boolean).join(' and ')}`,
        'Probes, held deliveries or events for the bus are late: the minute schedule of deliver fails or is off.',
        'Check the log of the function deliver, and that its EventBridge rule is enabled.',
      ),
    );
  }
  if (items > 0 || leftovers > 0) {
    const title = `${counted(items + leftovers, 'orphaned item', 'orphaned items')} in the Thresholds table`;
    const impact = 'They have no effect. Each adds a small cost to the evaluations that read it.';
    findings.push(
      items > 0
        ? problem(title, impact, 'The sweep should have removed them: check the log of the function sweep.')
        : note(title, impact, 'No action is needed. An interrupted write left them.'),
    );
  }
  return findings;
}

function queueFindings({ queues, oldestPending, now }: Snapshot): Finding[] {
  const backlogs = queues
    .filter(({ isDeadLetterQueue, waiting }) => !isDeadLetterQueue && waiting >= BACKLOG)
    .map(({ name, waiting }) =>
      note(
        `${messages(waiting)} waiting in queue ${name}`,
        'Messages arrive faster than the function processes them. Events are late.',
        'Check the errors, throttles and concurrency of its function. A short burst needs no action.',
      ),
    );
  if (oldestPending === undefined || now - oldestPending < OLD_PENDING) return backlogs;
  return [
    ...backlogs,
    problem(
      `a delivery has been retried since ${timeText(oldestPending, now)}`,
      'A flow fails for reasons that may be temporary. The connector retries for 3 days.',
      'To see which: deliveries --status pending.',
    ),
  ];
}

const unobservedFindings = ({ unobserved }: Snapshot): Finding[] =>
  firstOf(
    unobserved,
    ({ subscription, subject, observed }) =>
      problem(
        `no event names '${subject}', which ${subscription} waits for; ${observedText(subject, observed)}`,
        'Names are case-sensitive. If this one is misspelled, the flow never runs.',
        `Correct the name where ${subscription} is declared, or send its first event.`,
      ),
    (others) =>
      problem(
        `no event names the subjects of ${moreNames(others.map(({ subscription }) => subscription))}`,
        'Names are case-sensitive. If one is misspelled, its flow never runs.',
        'Compare the names with those that events contain, or send their first events.',
      ),
  );

/** When the flow was last called, epoch milliseconds. */
const lastCall = ({ attempts, acceptedAt }: DeliveryRow): number => attempts.at(-1)?.at ?? acceptedAt;

/** Whether a flow was last called so long ago that Power Automate will switch it off. */
export const isIdle = (newest: DeliveryRow, now: number): boolean => now - lastCall(newest) >= IDLE_DAYS * DAY;

function idleFindings({ registered, newestDeliveries, now }: Snapshot): Finding[] {
  const impact = 'Power Automate switches off flows that have not run for 90 days.';
  const actionOf = (name: string) =>
    registered.has(name)
      ? `Run test ${name} from time to time.`
      : `Run test ${name}, or set keepAlive: 30d to send a test body every 30 days.`;
  const all = [...newestDeliveries].flatMap(([name, newest]) =>
    newest && isIdle(newest, now) ? [{ name, newest }] : [],
  );
  const idle = firstOf(
    all,
    ({ name, newest }) =>
      problem(`the flow of ${name} was last called ${relativeTime(lastCall(newest), now)}`, impact, actionOf(name)),
    (others) =>
      problem(
        `the flows of ${moreNames(others.map(({ name }) => name))} were last called more than ${IDLE_DAYS} days ago`,
        impact,
        'Set keepAlive: 30d to send a test body every 30 days.',
      ),
  );
  const never = [...newestDeliveries].filter(([, newest]) => !newest).map(([name]) => name);
  const [first] = never;
  if (first === undefined) return idle;
  const title = `no deliveries are stored for ${moreNames(never)}: their flows may never have been called`;
  return [...idle, note(title, impact, actionOf(first))];
}

export const problem = (title: string, impact: string, action: string): Finding => ({
  severity: 'problem',
  title,
  impact,
  action,
});
export const note = (title: string, impact: string, action: string): Finding => ({
  severity: 'note',
  title,
  impact,
  action,
});

const messages = (count: number): string => counted(count, 'message', 'messages');
