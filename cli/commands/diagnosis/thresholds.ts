import { numberText } from '../../../lambda/shared/core/number-text';
import type { Subscription } from '../../../lambda/subscriptions/core/subscription';
import { readAccounts, type ThresholdAccount, type ThresholdPhase } from '../../diagnosis/threshold-account';
import { command, connectorArgs, jsonArg, subscriptionArgs } from '../../frame/command';
import { CommandError } from '../../shell/exit';
import { countOption } from '../../shell/numbers';
import { sparkLine } from '../../shell/spark-line';
import type { Style } from '../../shell/terminal';
import { relative } from '../../shell/time';
import { subscriptionNamed, subscriptionOf } from '../../subscriptions/names';
import { levelText } from '../../subscriptions/subscription-text';

const DEFAULT_LIMIT = 20;
const MAX_LIMIT = 100_000;
/** Points of a spark line: what is left of a terminal's width. */
const POINTS = 12;

/** A subscription and how its threshold stands. */
interface Row extends ThresholdAccount {
  readonly subscription: string;
  readonly threshold: string;
}

export const thresholds = command({
  name: 'thresholds',
  description: 'show how thresholds stand: the value, whether it can fire, and how far away that is',
  args: {
    ...subscriptionArgs,
    limit: {
      type: 'string',
      valueHint: 'N',
      default: String(DEFAULT_LIMIT),
      description: 'metrics of one subscription that are shown; one on a measure watches each of its members',
    },
    ...jsonArg,
    ...connectorArgs,
  },
  notes: [
    'armed: it waits for the value to cross it. beyond: the value is past it. recovering: the value is back, but not yet at recoverTo. no value: none has come.',
    'RECENT shows the last values, the newest on the right.',
  ],
  examples: ['thresholds vip-over-10k', 'thresholds --local'],
  async run(args, context) {
    const limit = countOption('--limit', args.limit, MAX_LIMIT);
    const name = subscriptionOf(args);
    const connector = await context.connector();
    const { terminal } = context;
    const rows: Row[] = [];
    const omitted: string[] = [];
    for (const subscription of await chosen(name, connector)) {
      const { definition } = subscription;
      const { accounts, all } = await readAccounts(subscription, limit, connector);
      const threshold = definition.threshold && levelText(definition.threshold);
      rows.push(
        ...accounts.map((account) => ({ subscription: definition.name, threshold: threshold ?? '', ...account })),
      );
      if (all > accounts.length) omitted.push(`${all - accounts.length} more of ${definition.name}: --limit ${all}`);
      terminal.status(`${rows.length} metrics`);
    }
    if (args.json) {
      terminal.json(
        rows.map((row) => ({ ...row, observedAt: instant(row.observedAt), recent: row.recent.map(point) })),
      );
      return true;
    }
    if (rows.length === 0) {
      terminal.line('no subscription has a threshold yet');
      return true;
    }
    const now = context.clock();
    terminal.table({
      head: ['subscription', 'metric', 'value', 'threshold', 'state', 'next', 'recent', 'observed'],
      rows: rows.map((row) => cells(row, terminal.style, now)),
      numbers: [2],
    });
    for (const line of omitted) terminal.line(line);
    return true;
  },
});

async function chosen(
  name: string | undefined,
  connector: Parameters<typeof subscriptionNamed>[1],
): Promise<Subscription[]> {
  if (name === undefined) {
    const all: Subscription[] = [];
    for await (const one of connector.subscriptions.list()) if (one.definition.threshold) all.push(one);
    return all.sort((a, b) => (a.definition.name < b.definition.name ? -1 : 1));
  }
  const subscription = await subscriptionNamed(name, connector);
  if (subscription.definition.threshold) return [subscription];
  throw new CommandError(`${name} has no threshold: its trigger is ${subscription.definition.trigger}`);
}

const COLORS: Readonly<Record<ThresholdPhase, 'green' | 'yellow' | 'red' | 'dim'>> = {
  armed: 'green',
  beyond: 'yellow',
  recovering: 'yellow',
  'no value': 'red',
};

function cells(row: Row, style: Style, now: number): string[] {
  const { subscription, metric, value, threshold, phase, next, recent, observedAt, isUnpublished } = row;
  return [
    subscription,
    metric,
    value === undefined ? '–' : numberText(value),
    threshold,
    style[COLORS[phase]](phase),
    isUnpublished ? `${next} (a crossing is being published)` : next,
    sparkLine(recent.slice(-POINTS).map(([, one]) => one)),
    observedAt === undefined ? 'never' : relative(observedAt, now),
  ];
}

const instant = (at: number | undefined): string | undefined =>
  at === undefined ? undefined : new Date(at).toISOString();
const point = ([at, value]: readonly [number, number]) => ({ at: new Date(at).toISOString(), value });
