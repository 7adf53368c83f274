import { numberText } from '../../../lambda/shared/core/number-text';
import { cut } from '../../../lambda/shared/core/text';
import { type DeadLetter, decodeBody } from '../../connector/dead-letters';
import { DETAIL_TYPES } from '../../connector/logged-event';
import { relativeTime } from '../../shell/time';
import type { ExplainInput } from './input';

/** `✓`: done. `✗`: the event stops here. `–`: unknown or not reached. */
export type Mark = '✓' | '✗' | '–';

/** A step of an event's path. */
export interface Step {
  readonly mark: Mark;
  readonly name: 'subscription' | 'received' | 'matched' | 'crossed' | 'expected' | 'queued' | 'responded';
  readonly text: string;
  /** Supporting data, one line each. */
  readonly evidence: readonly string[];
}

/** Maximum number of lines of evidence per step. */
export const MAX_LINES = 5;

export const REJECTED = 'rejected: ';

/** Events that the handlers could not read and that probably belong to this subscription. */
export function rejectedLines({ rejected = [], subscription, since, now }: ExplainInput): string[] {
  const { filter, trigger, threshold } = subscription.definition;
  const name = filter.dataSource ?? filter.segment ?? filter.measure;
  const detailType = threshold ? undefined : DETAIL_TYPES[trigger];
  const belongs = ({ body }: DeadLetter): boolean =>
    name === undefined
      ? detailType !== undefined && body.includes(detailType)
      : decodeBody(body).includes(JSON.stringify(name));
  return rejected
    .filter((one) => one.sentAt >= since && belongs(one))
    .toSorted((a, b) => b.sentAt - a.sentAt)
    .slice(0, MAX_LINES)
    .map(({ reason, sentAt }) => `${REJECTED}${cut(reason, 300)}, ${relativeTime(sentAt, now)}`);
}

/** Groups equal lines with their count, most frequent first. */
export function tally(lines: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const line of lines) counts.set(line, (counts.get(line) ?? 0) + 1);
  return [...counts]
    .toSorted(([, a], [, b]) => b - a)
    .slice(0, MAX_LINES)
    .map(([line, count]) => `${numberText(count)} × ${line}`);
}
