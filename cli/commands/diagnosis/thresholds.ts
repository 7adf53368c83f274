import { numberText } from '../../../lambda/shared/core/number-text';
import { levelText } from '../../../lambda/subscriptions/core/condition-text';
import {
  readThresholdStatuses,
  type ThresholdPhase,
  type ThresholdStatus,
} from '../../../lambda/thresholds/core/threshold-status';
import { connectorCommand, jsonArg, limitArg, subscriptionArgs } from '../../frame/command';
import { countOption } from '../../frame/option-values';
import { CommandError } from '../../shell/exit';
import { sparkLine } from '../../shell/spark-line';
import type { Style } from '../../shell/terminal';
import { relativeTime } from '../../shell/time';
import { listSubscriptions, subscriptionName } from '../../subscriptions/find-subscription';

const MAX_LIMIT = 100_000;
const POINTS = 12;

interface Row extends ThresholdStatus {
  readonly subscription: string;
  readonly threshold: string;
}

export const thresholds = connectorCommand({
  name: 'thresholds',
  description: 'show thresholds with their current values and the distance to the next crossing',
  args: {
    ...subscriptionArgs,
    ...limitArg('metrics per subscription', '20'),
    ...jsonArg,
  },
  notes: [
    'A threshold on a measure watches each member of the measure.',
    'STATE is armed (the next crossing fires), beyond (the value is past the threshold), recovering (the value is back, but has not reached recoverTo) or no value.',
    'RECENT shows the last values, newest on the right.',
  ],
  examples: ['thresholds vip-over-10k', 'thresholds --local'],
  async run(args, { terminal, clock, ...context }) {
    const limit = countOption('--limit', args.limit, MAX_LIMIT);
    const name = subscriptionName(args);
    const connector = await context.connector();
    const rows: Row[] = [];
    const omitted: string[] = [];
    for (const subscription of await listSubscriptions(connector, name)) {
      const { threshold, trigger, name: of } = subscription.definition;
      if (!threshold && name !== undefined)
        throw new CommandError(`${name} has no threshold: its trigger is ${trigger}`);
      if (!threshold) continue;
      const { statuses, all } = await readThresholdStatuses(subscription, limit, connector);
      rows.push(...statuses.map((status) => ({ subscription: of, threshold: levelText(threshold), ...status })));
      if (all > statuses.length) omitted.push(`${all - statuses.length} more of ${of}: use --limit ${all}`);
      terminal.status(`${rows.length} metrics read`);
    }
    if (args.json) {
      const iso = (at: number) => new Date(at).toISOString();
      const json = rows.map(({ observedAt, recent, ...row }) => ({
        ...row,
        observedAt: observedAt === undefined ? undefined : iso(observedAt),
        recent: recent.map(([at, value]) => ({ at: iso(at), value })),
      }));
      terminal.json(json);
      return;
    }
    if (rows.length === 0) {
      terminal.line('No subscription has a threshold.');
      return;
    }
    const now = clock();
    terminal.table({
      head: ['subscription', 'metric', 'value', 'threshold', 'state', 'next', 'recent', 'observed'],
      rows: rows.map((row) => cells(row, terminal.style, now)),
      numbers: [2],
    });
    for (const line of omitted) terminal.line(line);
  },
});

const COLORS: Readonly<Record<ThresholdPhase, 'green' | 'yellow' | 'red'>> = {
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
    isUnpublished ? `${next} (a crossing is not yet published)` : next,
    sparkLine(recent.slice(-POINTS).map(([, one]) => one)),
    observedAt === undefined ? 'never' : relativeTime(observedAt, now),
  ];
}
