import type { TriggerId } from '../../../../contract/events';
import { MAX_LINK_LENGTH, MAX_NAME_LENGTH } from '../../../events/core/fields';
import type { Origin } from '../../../events/core/origin';
import type {
  MeasureCrossing,
  OverdueRefresh,
  SegmentCrossing,
  TriggerEvent,
} from '../../../events/core/trigger-event';
import { cut, difference, html, mapText, membersText, oneLine, plain, quantityText } from '../../../shared/core/text';
import { overdueSubject } from '../../../subscriptions/core/matching';
import { MAX_OWNERS_LENGTH } from '../../../subscriptions/core/subscription';
import { changeFacts } from './change-text';
import type { FlatBody } from './flat-schema';
import type { BodyInput } from './input';
import { durationSeconds, sentences } from './sentences';

/** Largest map in bytes of JSON. Its text form can be as large again. */
const MAX_MAP_BYTES = 2000;

/**
 * The fields of a delivery, without nulls. Each field has its own limit. Without the error, all fields together stay
 * under `MAX_BODY_BYTES`, also in a CloudEvents envelope.
 * @param error the part of the event's error that fits the body.
 */
export function flatBody(input: BodyInput, error: string): FlatBody {
  const { event } = input;
  switch (event.trigger) {
    case 'data-source-refresh-failed':
      return withoutUndefined({
        ...commonFields(input, event.trigger),
        ...dataSourceFields(event),
        willRetry: event.willRetry,
        ...errorFields(error),
      });
    case 'data-source-refresh-succeeded':
      return withoutUndefined({ ...commonFields(input, event.trigger), ...dataSourceFields(event) });
    case 'segment-threshold-crossed':
      return withoutUndefined({
        ...commonFields(input, event.trigger),
        segment: name(event.segment),
        ...crossingFields(event, membersText(event.value)),
      });
    case 'measure-threshold-crossed': {
      const unit = name(event.unit);
      return withoutUndefined({
        ...commonFields(input, event.trigger),
        measure: name(event.measure),
        ...crossingFields(event, quantityText(event.value, unit)),
        unit,
        ...mapFields('dimensions', event.dimensions),
      });
    }
    case 'full-refresh-completed':
      return withoutUndefined({
        ...commonFields(input, event.trigger),
        ...runFields(event),
        kind: event.kind,
        ...mapFields('processes', event.processes),
        ...errorFields(error),
      });
    case 'unification-refresh-completed':
      return withoutUndefined({
        ...commonFields(input, event.trigger),
        ...runFields(event),
        ...mapFields('stages', event.stages),
        ...errorFields(error),
      });
    case 'refresh-overdue':
      return withoutUndefined({
        ...commonFields(input, event.trigger),
        ...overdueFields(event),
        ...errorFields(error),
      });
  }
}

function overdueFields(event: OverdueRefresh) {
  return {
    state: event.state,
    subjectType: event.subjectType,
    subject: name(overdueSubject(event)),
    expectation: cut(oneLine(event.expectation), MAX_NAME_LENGTH),
    expectedBy: instant(event.expectedBy),
    overdueSince: instant(event.overdueSince),
    repeat: event.repeat,
    lastSuccessAt: instant(event.lastSuccessAt),
    lastSuccessRunId: name(event.lastSuccessRunId),
    lastFailureAt: instant(event.lastFailureAt),
    lastFailureStatus: event.lastFailureStatus ?? '',
    lastFailureRunId: name(event.lastFailureRunId),
  };
}

const errorFields = (error: string) => ({ error, errorHtml: html(error) });

function commonFields<T extends TriggerId>(input: BodyInput, trigger: T) {
  const { event, subscription, isTest } = input;
  const delayedMinutes = Math.max(0, Math.round(input.delayedMinutes));
  return {
    ...sentences(event, { threshold: subscription.threshold, isTest, delayedMinutes }),
    owners: ownersText(subscription.owners),
    link: link(subscription.link),
    trigger,
    subscription: name(subscription.name),
    instanceId: name(event.instanceId),
    occurredAt: instant(event.occurredAt),
    delayedMinutes,
    isTest,
    eventId: name(event.eventId),
    deliveryId: name(input.deliveryId),
    outcomeUrl: input.outcomeUrl,
  };
}

const originFields = ({ awsAccount, awsRegion }: Origin) => ({
  awsAccount: name(awsAccount),
  awsRegion: name(awsRegion),
});

function runFields(event: Extract<TriggerEvent, { status: unknown }>) {
  return {
    ...originFields(event),
    runId: name(event.runId),
    status: event.status,
    startedAt: instant(event.startedAt),
    endedAt: instant(event.endedAt),
    durationSeconds: durationSeconds(event.startedAt, event.endedAt),
    runLink: link(event.runLink),
  };
}

function dataSourceFields(event: Extract<TriggerEvent, { dataSource: unknown }>) {
  return {
    dataSource: name(event.dataSource),
    ...runFields(event),
    attempt: event.attempt,
    recordCount: event.recordCount,
  };
}

function crossingFields(event: SegmentCrossing | MeasureCrossing, valueText: string) {
  return {
    ...originFields(event),
    direction: event.direction,
    threshold: plain(event.threshold),
    alreadyBeyond: event.alreadyBeyond ?? false,
    previousValue: event.previousValue === undefined ? undefined : plain(event.previousValue),
    value: plain(event.value),
    valueText,
    change: event.previousValue === undefined ? undefined : difference(event.value, event.previousValue),
    recoverTo: event.recoverTo === undefined ? undefined : plain(event.recoverTo),
    observedAt: instant(event.observedAt),
    ...baseFields(event),
    runId: name(event.runId),
  };
}

function baseFields(event: SegmentCrossing | MeasureCrossing) {
  const facts = changeFacts(event);
  return {
    comparedWith: facts?.comparedWith ?? '',
    baseValue: facts && plain(facts.baseValue),
    baseObservedAt: instant(facts?.baseObservedAt),
    baseChange: facts?.difference,
    baseChangePercent: facts?.percent,
  };
}

/** A map and its text, as `<key>` and `<key>Text`. Entries over the limit are dropped and counted in the text. */
function mapFields<K extends string>(key: K, entries: Readonly<Record<string, string>> = {}) {
  const all = Object.entries(entries).map(([entry, value]) => [name(entry), name(value)] as const);
  const tooLarge = bytes(Object.fromEntries(all)) > MAX_MAP_BYTES;
  const kept = tooLarge ? mostImportant(all) : all;
  const short = Object.fromEntries(kept);
  const more = all.length - kept.length;
  const asText = more > 0 ? `${mapText(short)} (and ${more} more)` : mapText(short);
  return { [`${key}Text`]: asText, [key]: short } as Record<`${K}Text`, string> & Record<K, Record<string, string>>;
}

/** The entries that fit, unsuccessful ones first. */
function mostImportant(entries: readonly (readonly [string, string])[]): (readonly [string, string])[] {
  let size = 2;
  return entries
    .toSorted(([, a], [, b]) => Number(a === 'Successful') - Number(b === 'Successful'))
    .filter((entry) => {
      size += bytes(Object.fromEntries([entry]));
      return size <= MAX_MAP_BYTES;
    });
}

/** As many complete addresses as fit. */
function ownersText(owners: readonly string[]): string {
  let joined = '';
  for (const owner of owners.map(oneLine)) {
    const longer = joined === '' ? owner : `${joined};${owner}`;
    if (longer.length > MAX_OWNERS_LENGTH) break;
    joined = longer;
  }
  return joined;
}

const name = (value = ''): string => cut(oneLine(value), MAX_NAME_LENGTH);
const instant = (value: number | undefined): string => (value === undefined ? '' : new Date(value).toISOString());

/** The normalized link, ASCII only. Empty if it is invalid or too long, because a truncated link is useless. */
function link(value = ''): string {
  const href = (URL.parse(value)?.href ?? '').replaceAll('\\', '%5C');
  return href.length > MAX_LINK_LENGTH ? '' : href;
}

const bytes = (value: unknown): number => Buffer.byteLength(JSON.stringify(value));

/** Removes the fields without a value. */
function withoutUndefined<T extends object>(body: T): T {
  return Object.fromEntries(Object.entries(body).filter(([, value]) => value !== undefined)) as T;
}
