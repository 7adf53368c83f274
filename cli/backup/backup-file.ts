import * as v from 'valibot';
import { displayValue } from '../../lambda/subscriptions/core/entry/messages';
import type { SubscriptionDefinition } from '../../lambda/subscriptions/core/subscription';
import type { HistoryItem } from '../../lambda/thresholds/adapters/threshold-table';
import { UsageError } from '../shell/exit';

/** The first line of a backup. */
export interface BackupHead {
  readonly backup: 1;
  readonly stack: string;
  readonly region: string;
  /** ISO 8601. */
  readonly at: string;
}

/** A subscription, without its flow URL. */
export interface BackupSubscription {
  readonly subscription: SubscriptionDefinition;
  readonly managedBy: string;
  readonly thresholdId?: string;
  /** Whether an operator paused it. */
  readonly paused?: true;
}

/** The lines between the head and the end. A subscription comes before all histories. */
export type BackupLine = BackupSubscription | HistoryItem;

/** A backup: a line of JSON for each item. */
export interface Backup {
  readonly head: BackupHead;
  readonly subscriptions: readonly BackupSubscription[];
  readonly histories: readonly HistoryItem[];
}

/** The last line of a backup. A file without it is incomplete. `lines`: the number of lines before it. */
export const endOf = (lines: number): object => ({ end: true, lines });

const HEAD = v.object({ backup: v.literal(1), stack: v.string(), region: v.string(), at: v.string() });
const END = v.object({ end: v.literal(true), lines: v.number() });
const NAME = v.pipe(v.string(), v.minLength(1));
const DIMENSIONS = v.record(v.string(), v.string());
const METRIC = v.looseObject({ kind: v.picklist(['segment', 'measure']), instanceId: NAME, name: NAME });
const FINITE = v.pipe(v.number(), v.finite());
const SUBSCRIPTION = v.object({
  subscription: v.looseObject({ name: v.pipe(v.string(), v.regex(/^[\w-]{1,64}$/)), trigger: NAME, instanceId: NAME }),
  managedBy: NAME,
  thresholdId: v.optional(NAME),
  paused: v.optional(v.literal(true)),
});
const HISTORY = v.union([
  v.object({
    metricKey: NAME,
    state: v.looseObject({
      metric: METRIC,
      last: v.looseObject({ value: FINITE, observedAt: FINITE, sequence: FINITE }),
      version: v.pipe(FINITE, v.minValue(1)),
      recent: v.array(v.tuple([FINITE, FINITE])),
      changes: v.optional(v.object({ bases: v.record(v.string(), v.nullable(FINITE)) })),
    }),
  }),
  v.object({ metricKey: NAME, member: DIMENSIONS }),
  v.object({
    metricKey: NAME,
    past: v.object({ value: FINITE, observedAt: FINITE, until: FINITE }),
    expiresAt: FINITE,
  }),
  v.object({
    metricKey: NAME,
    flag: v.object({ subscription: NAME, thresholdId: NAME, armed: v.boolean(), version: FINITE }),
  }),
]);

const isSubscription = (line: unknown): line is BackupSubscription => v.is(SUBSCRIPTION, line);
const isHistory = (line: unknown): line is HistoryItem => v.is(HISTORY, line);

/**
 * Reads a backup.
 * @param file name, for messages.
 * @throws UsageError if the text is not a whole backup.
 */
export function parseBackup(text: string, file: string): Backup {
  const lines = text.split('\n').filter((line) => line !== '');
  const values = lines.map((line, n) => {
    try {
      return JSON.parse(line) as unknown;
    } catch {
      // A line that was cut off is the last one.
      if (n === lines.length - 1) return undefined;
      throw new UsageError(`${displayValue(file)}:${n + 1} is not JSON: use a file that backup wrote`);
    }
  });
  const [head, ...rest] = values;
  if (!v.is(HEAD, head)) {
    throw new UsageError(`${displayValue(file)} is not a backup of this version: use a file that backup wrote`);
  }
  const end = rest.pop();
  if (!v.is(END, end) || end.lines !== rest.length + 1) {
    throw new UsageError(`${displayValue(file)} is incomplete: run backup again`);
  }
  const subscriptions: BackupSubscription[] = [];
  const histories: HistoryItem[] = [];
  for (const [n, line] of rest.entries()) {
    if (isSubscription(line)) subscriptions.push(line);
    else if (isHistory(line)) histories.push(line);
    else throw new UsageError(`${displayValue(file)}:${n + 2} is not a line of a backup: use a file that backup wrote`);
  }
  return { head, subscriptions, histories };
}
