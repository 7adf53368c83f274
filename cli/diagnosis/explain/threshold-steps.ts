import { LogMessage } from '../../../lambda/shared/core/log-messages';
import { metricKey } from '../../../lambda/shared/core/metric';
import { numberText } from '../../../lambda/shared/core/number-text';
import { isBeyond } from '../../../lambda/shared/core/position';
import { counted } from '../../../lambda/shared/core/text';
import { levelText } from '../../../lambda/subscriptions/core/condition-text';
import type { Threshold } from '../../../lambda/subscriptions/core/subscription';
import { watchedMetric } from '../../../lambda/thresholds/core/threshold-item';
import { metricText, type ThresholdStatus } from '../../../lambda/thresholds/core/threshold-status';
import { timeText } from '../../shell/time';
import { observedText, quoted } from '../observed-text';
import type { ExplainInput } from './input';
import { MAX_LINES, rejectedLines, type Step, tally } from './step';

/** The steps `received` and `crossed` of a trigger with a threshold. */
export function thresholdSteps(input: ExplainInput): Step[] {
  const { subscription, statuses = [], observed = [], now, log = [] } = input;
  const { definition } = subscription;
  const watched = watchedMetric(definition);
  const rejected = rejectedLines(input);
  const withValue = statuses.filter(({ observedAt }) => observedAt !== undefined);
  if (withValue.length === 0) {
    const text = `no event names ${watched.kind} ${quoted(metricText(watched))}; ${observedText(watched.name, observed)}`;
    return [
      { name: 'received', mark: '✗', text, evidence: rejected },
      { name: 'crossed', mark: '–', text: 'no value to compare', evidence: [] },
    ];
  }
  const newest = withValue.reduce((a, b) => ((b.observedAt ?? 0) > (a.observedAt ?? 0) ? b : a));
  const key = metricKey(watched);
  const dropped = log
    .filter(({ message, details }) => message === LogMessage.OBSERVATION_DROPPED && isOf(String(details.metric), key))
    .map(({ details }) => `${details.outcome} observation dropped`);
  const lines = withValue.slice(0, MAX_LINES).map(({ metric, recent }) => {
    const values = recent.slice(-MAX_LINES).map(([, value]) => numberText(value));
    return `${metric}: ${values.join(' → ')}`;
  });
  const more =
    statuses.length > lines.length ? [`${statuses.length - lines.length} more: thresholds ${definition.name}`] : [];
  const value = numberText(newest.value as number);
  const received: Step = {
    name: 'received',
    mark: '✓',
    text: `the newest value is ${value}, observed ${timeText(newest.observedAt as number, now)}`,
    evidence: [...lines, ...more, ...tally(dropped), ...rejected],
  };
  return [received, crossedStep(input, definition.threshold as Threshold, withValue)];
}

const isOf = (key: string, watched: string): boolean => key === watched || key.startsWith(`${watched}#`);

function crossedStep(
  { now, since, deliveries }: ExplainInput,
  threshold: Threshold,
  statuses: readonly ThresholdStatus[],
): Step {
  const name = 'crossed';
  const crossings = statuses.flatMap((status) => crossingsOf(status, threshold)).toSorted((a, b) => b.at - a.at);
  const lines = crossings
    .slice(0, MAX_LINES)
    .map(({ metric, at, from, to }) => `${metric}: ${numberText(from)} → ${numberText(to)} at ${timeText(at, now)}`);
  const unpublished = statuses.some(({ isUnpublished }) => isUnpublished)
    ? ['a crossing is committed but not yet published; the sweep publishes it within minutes']
    : [];
  const level = levelText(threshold);
  if (deliveries.length > 0 || (crossings[0]?.at ?? Number.NEGATIVE_INFINITY) >= since) {
    const count = crossings.filter(({ at }) => at >= since).length;
    const text = count > 0 ? `${level}, ${counted(count, 'time', 'times')}` : `${level}, according to its deliveries`;
    return { name, mark: '✓', text, evidence: [...unpublished, ...lines] };
  }
  const [only] = statuses;
  const state =
    statuses.length === 1 && only
      ? `the value ${numberText(only.value as number)} is ${PHASES[only.phase]} ${level} and ${only.next}`
      : `no member crossed ${level}`;
  const text = `the threshold was not crossed: ${state}`;
  return { name, mark: '✗', text, evidence: [...unpublished, ...lines.map((line) => `earlier: ${line}`)] };
}

const PHASES = {
  armed: 'not',
  recovering: 'no longer',
  beyond: 'still',
  'no value': 'not yet',
} as const;

/** Crossings among the recent values. */
function crossingsOf({ metric, recent }: ThresholdStatus, { operator, value: level }: Threshold) {
  return recent.slice(1).flatMap(([at, to], n) => {
    const from = recent[n]?.[1] as number;
    return !isBeyond(operator, level, from) && isBeyond(operator, level, to) ? [{ metric, at, from, to }] : [];
  });
}
