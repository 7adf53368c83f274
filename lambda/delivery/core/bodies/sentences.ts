import type { Status } from '../../../../contract/events';
import type {
  DataSourceEvent,
  FullRefreshEvent,
  MeasureCrossing,
  SegmentCrossing,
  TriggerEvent,
  UnificationEvent,
} from '../../../events/core/trigger-event';
import { durationText } from '../../../shared/core/duration';
import { numberText } from '../../../shared/core/number-text';
import { directionOf, type ThresholdOperator } from '../../../shared/core/position';
import { counted, cut, mapText, membersText, oneLine, quantityText } from '../../../shared/core/text';
import type { Threshold } from '../../../subscriptions/core/subscription';

/** A title and a summary that are ready to send. */
export interface Sentences {
  readonly title: string;
  readonly summary: string;
}

/** Maximum characters of a title (one line of a message) and a summary (one paragraph). */
const MAX_TITLE_LENGTH = 300;
const MAX_SUMMARY_LENGTH = 600;
/** Maximum characters of an error in a summary. The full error is a separate field. */
const MAX_ERROR_IN_SUMMARY = 250;
/** Delay from which a message says when the event happened. A few retries are not worth mentioning. */
const LATE_MINUTES = 60;

/** Whole seconds from start to end. Undefined if one is unknown or they are out of order. */
export function durationSeconds(startedAt: number | undefined, endedAt: number | undefined): number | undefined {
  if (startedAt === undefined || endedAt === undefined || endedAt < startedAt) return undefined;
  return Math.round((endedAt - startedAt) / 1000);
}

/**
 * The title and the summary of an event.
 * @param context `threshold`: the subscription's, for the wording. A crossing of an earlier threshold ignores it.
 */
export function sentences(
  event: TriggerEvent,
  context: { readonly threshold?: Threshold; readonly isTest: boolean; readonly delayedMinutes: number },
): Sentences {
  const { title, summary } = plainSentences(event, context.threshold);
  const notes = [
    isLate(context.delayedMinutes) && `Delivered late: it happened on ${minuteText(event.occurredAt)}.`,
    context.isTest && 'This is a test; nothing happened.',
  ]
    .filter(Boolean)
    .join(' ');
  const room = MAX_SUMMARY_LENGTH - (notes ? notes.length + 1 : 0);
  return {
    title: cut(oneLine(context.isTest ? `Test: ${title}` : title), MAX_TITLE_LENGTH),
    summary: [cut(oneLine(summary), room), notes].filter(Boolean).join(' '),
  };
}

/** Whether a delivery is late enough to mention. */
export const isLate = (delayedMinutes: number): boolean => delayedMinutes >= LATE_MINUTES;

function plainSentences(event: TriggerEvent, threshold: Threshold | undefined): Sentences {
  switch (event.trigger) {
    case 'data-source-refresh-failed':
      return failedSentences(event);
    case 'data-source-refresh-succeeded':
      return succeededSentences(event);
    case 'segment-threshold-crossed':
      return segmentSentences(event, threshold);
    case 'measure-threshold-crossed':
      return measureSentences(event, threshold);
    case 'full-refresh-completed':
      return fullRefreshSentences(event);
    case 'unification-refresh-completed':
      return unificationSentences(event);
  }
}

/** The result of a refresh as a verb. */
export const ENDED: Readonly<Record<Status, string>> = {
  Successful: 'succeeded',
  Failed: 'failed',
  TimedOut: 'timed out',
  Skipped: 'was skipped',
  Canceled: 'was canceled',
};

function failedSentences(event: DataSourceEvent): Sentences {
  const failed = `of data source ${event.dataSource} ${ENDED[event.status]}`;
  const attempt = event.attempt === undefined ? '' : ` at attempt ${numberText(event.attempt)}`;
  return {
    title: `Refresh ${failed}${event.willRetry ? ' and will be retried' : ''}`,
    summary: join(
      `The refresh ${failed}${attempt}${after(event)}.`,
      event.willRetry && 'It will be retried.',
      errorSentence(event.error),
    ),
  };
}

function succeededSentences(event: DataSourceEvent): Sentences {
  const records = event.recordCount === undefined ? '' : ` and read ${counted(event.recordCount, 'record', 'records')}`;
  return {
    title: `Data source ${event.dataSource} was refreshed`,
    summary: `The refresh of data source ${event.dataSource} ${ENDED[event.status]}${after(event)}${records}.`,
  };
}

function fullRefreshSentences(event: FullRefreshEvent): Sentences {
  const kind = event.kind === 'Scheduled' ? 'scheduled' : 'manual';
  return {
    title: `Full refresh ${ENDED[event.status]}`,
    summary: join(
      `The ${kind} full refresh ${ENDED[event.status]}${after(event)}.`,
      outcomes(event.processes, 'process was', 'processes were'),
      errorSentence(event.error),
    ),
  };
}

function unificationSentences(event: UnificationEvent): Sentences {
  return {
    title: `Unification ${ENDED[event.status]}`,
    summary: join(
      `Unification ${ENDED[event.status]}${after(event)}.`,
      outcomes(event.stages, 'stage was', 'stages were'),
      errorSentence(event.error),
    ),
  };
}

/** Words for a level: what the value did, and what the subscription waits for. */
const LEVEL_WORDS: Readonly<Record<ThresholdOperator, (level: string) => readonly [did: string, wanted: string]>> = {
  above: (level) => [`rose above ${level}`, `above ${level}`],
  atOrAbove: (level) => [`reached ${level}`, `${level} or more`],
  below: (level) => [`fell below ${level}`, `below ${level}`],
  atOrBelow: (level) => [`fell to ${level} or below`, `${level} or less`],
};

function segmentSentences(event: SegmentCrossing, threshold: Threshold | undefined): Sentences {
  const [did, wanted] = LEVEL_WORDS[operatorOf(event, threshold)](numberText(event.threshold));
  const before = event.previousValue === undefined ? '' : `; it had ${numberText(event.previousValue)} before`;
  return {
    title: `Segment ${event.segment} ${event.alreadyBeyond ? `is ${wanted}` : did}`,
    summary: `${event.segment} has ${membersText(event.value)}${before}. Threshold: ${wanted}.`,
  };
}

function measureSentences(event: MeasureCrossing, threshold: Threshold | undefined): Sentences {
  const members = mapText(event.dimensions ?? {});
  const name = members ? `${event.measure} (${members})` : event.measure;
  const quantity = (value: number) => quantityText(value, event.unit);
  const [did, wanted] = LEVEL_WORDS[operatorOf(event, threshold)](quantity(event.threshold));
  const before = event.previousValue === undefined ? '' : `; it was ${quantity(event.previousValue)} before`;
  return {
    title: `Measure ${name} ${event.alreadyBeyond ? `is ${wanted}` : did}`,
    summary: `${name} is ${quantity(event.value)}${before}. Threshold: ${wanted}.`,
  };
}

/** The subscription's condition in words: `above 10,000`, `250,000 EUR or more`. */
export function thresholdText(event: SegmentCrossing | MeasureCrossing, threshold: Threshold | undefined): string {
  const level = quantityText(event.threshold, 'unit' in event ? event.unit : '');
  return LEVEL_WORDS[operatorOf(event, threshold)](level)[1];
}

/** A crossing has a level and a direction. The subscription's operator says whether the level itself is included. */
function operatorOf(event: SegmentCrossing | MeasureCrossing, threshold: Threshold | undefined): ThresholdOperator {
  if (threshold?.value === event.threshold && directionOf(threshold.operator) === event.direction) {
    return threshold.operator;
  }
  const reachedOnly = event.value === event.threshold;
  if (event.direction === 'above') return reachedOnly ? 'atOrAbove' : 'above';
  return reachedOnly ? 'atOrBelow' : 'below';
}

function outcomes(statuses: Readonly<Record<string, Status>> | undefined, one: string, many: string): string {
  const all = Object.entries(statuses ?? {});
  if (all.length === 0) return '';
  const others = all.filter(([, status]) => status !== 'Successful');
  if (others.length > 0) return `Not successful: ${others.map(([name, status]) => `${name} (${status})`).join(', ')}.`;
  return all.length === 1 ? `Its ${one} successful.` : `All ${all.length} ${many} successful.`;
}

function after(event: { readonly startedAt?: number; readonly endedAt?: number }): string {
  const seconds = durationSeconds(event.startedAt, event.endedAt);
  return seconds === undefined ? '' : ` after ${durationText(seconds)}`;
}

function errorSentence(error: string | undefined): string {
  const text = oneLine(error ?? '');
  return text === '' ? '' : `Error: ${cut(text, MAX_ERROR_IN_SUMMARY)}`;
}

/** `2026-11-02 at 06:00 UTC` */
export function minuteText(instant: number): string {
  const [day, time = ''] = new Date(instant).toISOString().split('T');
  return `${day} at ${time.slice(0, 5)} UTC`;
}

const join = (...parts: (string | false)[]): string => parts.filter(Boolean).join(' ');
