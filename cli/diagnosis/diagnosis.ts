import type { DeliveryRow } from '../../lambda/delivery/core/delivery';
import { numberText } from '../../lambda/shared/core/number-text';
import { cut } from '../../lambda/shared/core/text';
import { isPaused } from '../../lambda/subscriptions/core/health';
import type { Subscription } from '../../lambda/subscriptions/core/subscription';
import type { AlarmInAlarm } from '../connector/alarms';
import type { DeadLetter } from '../connector/dead-letters';
import { relative, timeText } from '../shell/time';
import { seenText } from './explain';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

/** What the sweep comes back to is overdue after this, milliseconds: it runs every minute. */
export const SWEEP_LATE = 3 * MINUTE;
/** Power Automate switches flows off that have not run for 90 days (facts of its limits); a month before, somebody is told. */
const IDLE_DAYS = 60;
/** Names of subscriptions in one finding; the others are counted. */
const MAX_NAMES = 5;
/** Messages that wait in a work queue before it is a backlog: some minutes of work. */
const BACKLOG = 1000;
/** A delivery that is tried again for so long waits for somebody, milliseconds. */
const OLD_PENDING = 60 * MINUTE;

/** `mend`: something is wrong now. `note`: worth knowing, and nothing is wrong yet. */
export type Severity = 'mend' | 'note';

/** Something that the doctor found. */
export interface Finding {
  readonly severity: Severity;
  /** What is there, a phrase. */
  readonly what: string;
  /** What it means, a sentence. */
  readonly means: string;
  /** What to do, a sentence. */
  readonly todo: string;
}

/** A queue, as counts. */
export interface QueueDepth {
  readonly name: string;
  readonly isDeadLetterQueue: boolean;
  readonly waiting: number;
  /** Put off to a later time, or being worked at. */
  readonly busy: number;
}

/** A subscription's subject that nothing has named, and those that have been seen in its place. */
export interface UnseenSubject {
  readonly subscription: string;
  readonly subject: string;
  readonly seen: readonly string[];
}

/** What the connector looks like. All instants are epoch milliseconds. */
export interface Facts {
  readonly now: number;
  readonly subscriptions: readonly Subscription[];
  readonly queues: readonly QueueDepth[];
  /** What stands in the dead-letter queues; the newest matter. */
  readonly rejected: readonly DeadLetter[];
  readonly unseen: readonly UnseenSubject[];
  /** The newest delivery of each subscription with a flow that was looked at; undefined: none is kept. */
  readonly newestDeliveries: ReadonlyMap<string, DeliveryRow | undefined>;
  /** When the delivery that waits longest to be tried again was first tried. */
  readonly oldestPending?: number;
  /** Things that the sweep should have come back to, by what they are. */
  readonly overdue: Readonly<Record<'intents' | 'subscriptions' | 'deaths' | 'items', number>>;
  /** Items of the Thresholds table that are nobody's and that the sweep does not know of. */
  readonly leftovers: number;
  /** Why the key of the flow URLs cannot be used; undefined: it can. */
  readonly keyProblem?: string;
  /** Alarms on the connector that have gone off; undefined: nobody has allowed to look. */
  readonly alarms?: readonly AlarmInAlarm[];
}

/** What is wrong, or may become so. What has to be mended comes first. */
export function diagnose(facts: Facts): Finding[] {
  const findings = [
    ...keyFindings(facts),
    ...pausedFindings(facts),
    ...alarmFindings(facts),
    ...deadLetterFindings(facts),
    ...sweepFindings(facts),
    ...queueFindings(facts),
    ...unseenFindings(facts),
    ...idleFindings(facts),
  ];
  return [
    ...findings.filter(({ severity }) => severity === 'mend'),
    ...findings.filter((one) => one.severity === 'note'),
  ];
}

function keyFindings({ keyProblem }: Facts): Finding[] {
  if (keyProblem === undefined) return [];
  return [
    {
      severity: 'mend',
      what: `the key of the flow URLs cannot be used: ${keyProblem}`,
      means: 'No flow URL can be stored, and none that is stored can be read: deliveries fail until it can.',
      todo: 'Enable the key in AWS KMS, cancel its deletion, or mend its policy.',
    },
  ];
}

function pausedFindings({ subscriptions, now }: Facts): Finding[] {
  return subscriptions.filter(isPaused).map(({ definition: { name }, health }): Finding => {
    const since = health?.since === undefined ? '' : ` since ${timeText(health.since, now)}`;
    const what = `${name} is paused${since}: ${health?.reason ?? 'no reason is known'}`;
    const held = 'What is for it is held and not lost.';
    if (health?.bySomebody) {
      return { severity: 'note', what, means: `${held} Somebody wanted it so.`, todo: `resume ${name} ends it.` };
    }
    const probe = health?.nextProbe;
    const next = probe === undefined ? 'It is not tried any more.' : `It is tried by itself ${relative(probe, now)}.`;
    const todo = `Mend the flow, or give its new URL by set-url ${name}; then: resume ${name}.`;
    return { severity: 'mend', what, means: `${held} ${next}`, todo };
  });
}

function alarmFindings({ alarms, now }: Facts): Finding[] {
  if (!alarms) {
    return [
      {
        severity: 'note',
        what: 'alarms are not looked at',
        means: 'Nobody has allowed cloudwatch:DescribeAlarms.',
        todo: 'connector.grantManageSubscriptions allows all that the CLI calls.',
      },
    ];
  }
  return alarms.map(({ name, reason, since, description }) => ({
    severity: 'mend',
    what: `alarm ${name}${since === undefined ? '' : ` since ${timeText(since, now)}`}`,
    means: reason,
    todo: description || 'It has no description: look at what it watches.',
  }));
}

function deadLetterFindings({ queues, rejected, now }: Facts): Finding[] {
  return queues
    .filter(({ isDeadLetterQueue, waiting, busy }) => isDeadLetterQueue && waiting + busy > 0)
    .map(({ name, waiting, busy }) => {
      const newest = rejected.filter(({ queue }) => queue === name).toSorted((a, b) => b.sentAt - a.sentAt)[0];
      const about = newest ? `; the newest, ${relative(newest.sentAt, now)}: ${cut(newest.reason, 300)}` : '';
      return {
        severity: 'mend',
        what: `${messages(waiting + busy)} in dead-letter queue ${name}${about}`,
        means: 'Nobody works at them any more; SQS drops them 14 days after they were sent.',
        todo: 'Mend what put them (rejected shows each with its reason) and put the events again; then purge the queue.',
      };
    });
}

function sweepFindings({ overdue, leftovers }: Facts): Finding[] {
  const findings: Finding[] = [];
  const { intents, subscriptions, deaths, items } = overdue;
  if (intents > 0) {
    findings.push({
      severity: 'mend',
      what: `${counted(intents, 'crossing')} of thresholds committed and not published`,
      means: 'A worker died, and the sweep has not come back to it: these flows have not been started.',
      todo: 'Look at the log of the functions sweep and evaluate; they publish it as soon as they run.',
    });
  }
  if (subscriptions + deaths > 0) {
    const parts = [
      subscriptions > 0 && counted(subscriptions, 'subscription'),
      deaths > 0 && counted(deaths, 'dead delivery', 'dead deliveries'),
    ];
    findings.push({
      severity: 'mend',
      what: `${parts.filter(Boolean).join(' and ')} that the connector should have come back to`,
      means:
        'Probes, held deliveries or news for the event bus are late: the minute schedule of deliver fails or is off.',
      todo: 'Look at the log of the function deliver, and that its EventBridge rule is enabled.',
    });
  }
  if (items > 0 || leftovers > 0) {
    findings.push({
      severity: items > 0 ? 'mend' : 'note',
      what: `${counted(items + leftovers, 'item')} in the Thresholds table that no subscription has`,
      means: 'They have no effect, and cost a little at each evaluation that meets them.',
      todo:
        items > 0
          ? 'The sweep removes them: look at the log of the function sweep.'
          : 'Nothing needs to be done; they come from a writer that was cut off.',
    });
  }
  return findings;
}

function queueFindings({ queues, oldestPending, now }: Facts): Finding[] {
  const backlogs = queues
    .filter(({ isDeadLetterQueue, waiting }) => !isDeadLetterQueue && waiting >= BACKLOG)
    .map(
      ({ name, waiting }): Finding => ({
        severity: 'note',
        what: `${messages(waiting)} wait in queue ${name}`,
        means: 'More comes than is worked off: events are late.',
        todo: "Look at its function's errors, throttles and concurrency; a short burst works itself off.",
      }),
    );
  if (oldestPending === undefined || now - oldestPending < OLD_PENDING) return backlogs;
  return [
    ...backlogs,
    {
      severity: 'mend',
      what: `a delivery has been tried since ${timeText(oldestPending, now)}`,
      means: 'A flow fails for reasons that may pass; it is tried for 3 days.',
      todo: 'See which by: deliveries --status pending.',
    },
  ];
}

const unseenFindings = ({ unseen }: Facts): Finding[] =>
  unseen.map(({ subscription, subject, seen }) => ({
    severity: 'mend',
    what: `no event names '${subject}', which ${subscription} waits for; ${seenText(subject, seen)}`,
    means: 'Names count letter by letter: if this one is misspelt, the flow never runs.',
    todo: `Correct the name where ${subscription} is declared, or put its first event.`,
  }));

function idleFindings({ newestDeliveries, now }: Facts): Finding[] {
  const means = 'Power Automate switches flows off that have not run for 90 days.';
  const todoOf = (name: string) => `Try it by: test ${name}; or set keepAlive: 30d, which sends a test body so often.`;
  const idle = [...newestDeliveries].flatMap(([name, newest]): Finding[] => {
    const at = newest?.attempts.at(-1)?.at ?? newest?.acceptedAt ?? now;
    if (now - at < IDLE_DAYS * DAY) return [];
    const what = `the flow of ${name} was last called ${relative(at, now)}`;
    return [{ severity: 'mend', what, means, todo: todoOf(name) }];
  });
  const [first, ...others] = [...newestDeliveries].filter(([, newest]) => !newest).map(([name]) => name);
  if (first === undefined) return idle;
  const shown = [first, ...others].slice(0, MAX_NAMES).join(', ');
  const more = others.length >= MAX_NAMES ? ` and ${numberText(others.length + 1 - MAX_NAMES)} more` : '';
  const what = `no delivery is kept of ${shown}${more}: maybe their flows have never been called`;
  return [...idle, { severity: 'note', what, means, todo: todoOf(first) }];
}

const counted = (count: number, one: string, many = `${one}s`): string =>
  `${numberText(count)} ${count === 1 ? one : many}`;
const messages = (count: number): string => counted(count, 'message');
