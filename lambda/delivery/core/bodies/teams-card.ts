/**
 * The format `teams-card`: a message with an adaptive card for the webhook of Teams Workflows ("When a Teams webhook
 * request is received"). The channel shows it without further flow design.
 *
 * External texts are TextRuns, which do not support Markdown (Adaptive Cards, schema explorer, TextRun). Only a FactSet
 * and the fallback render Markdown, so their texts are escaped.
 */

import * as v from 'valibot';
import type { Status, TriggerId } from '../../../../contract/events';
import type { Origin } from '../../../events/core/origin';
import type {
  MeasureCrossing,
  OverdueRefresh,
  SegmentCrossing,
  TriggerEvent,
} from '../../../events/core/trigger-event';
import { durationText } from '../../../shared/core/duration';
import { numberText } from '../../../shared/core/number-text';
import {
  cut,
  difference,
  mapText,
  markdown,
  membersText,
  oneLine,
  percentText,
  quantityText,
} from '../../../shared/core/text';
import { overdueSubject } from '../../../subscriptions/core/matching';
import type { Threshold } from '../../../subscriptions/core/subscription';
import { changeFacts } from './change-text';
import { flatBody } from './flat';
import type { FlatBody } from './flat-schema';
import type { BodyInput } from './input';
import { durationSeconds, isLate, minuteText, sentences, thresholdText } from './sentences';

/**
 * Version of the card's schema. Teams supports up to 1.5 (Microsoft, "Types of cards"). The card needs only 1.2, and a
 * higher version would exclude older clients.
 */
const CARD_VERSION = '1.4';
/** Maximum characters of an error in a card. The run's page has the full error. */
const MAX_ERROR_IN_CARD = 1000;
/** Maximum characters of a fact, and of a fact that is a list. */
const MAX_FACT_LENGTH = 200;
const MAX_LIST_LENGTH = 400;
/** A word that needs break points. Shorter words, which include most ids and addresses, can be copied unchanged. */
const LONG_WORD = /[^\s-]{33,}/gu;
/** Characters that fit one line of a fact at 320 px. */
const WORD_PIECE = /.{16}(?=.)/gu;

// Strict, unlike the other bodies, because Teams silently ignores a misspelled property.
const textRun = v.strictObject({
  type: v.literal('TextRun'),
  text: v.pipe(v.string(), v.minLength(1)),
  size: v.optional(v.picklist(['small', 'medium', 'large'])),
  weight: v.optional(v.literal('bolder')),
  fontType: v.optional(v.literal('monospace')),
});
const richText = v.strictObject({
  type: v.literal('RichTextBlock'),
  inlines: v.pipe(v.array(textRun), v.minLength(1)),
});
const container = v.strictObject({
  type: v.literal('Container'),
  style: v.picklist(['emphasis', 'good', 'attention', 'warning', 'accent']),
  bleed: v.optional(v.boolean()),
  items: v.pipe(v.array(richText), v.minLength(1)),
});
const fact = v.strictObject({ title: v.string(), value: v.pipe(v.string(), v.minLength(1)) });
const factSet = v.strictObject({ type: v.literal('FactSet'), facts: v.pipe(v.array(fact), v.minLength(1)) });
const openUrl = v.strictObject({ type: v.literal('Action.OpenUrl'), title: v.string(), url: v.string() });

const card = v.strictObject({
  $schema: v.literal('http://adaptivecards.io/schemas/adaptive-card.json'),
  type: v.literal('AdaptiveCard'),
  version: v.literal(CARD_VERSION),
  fallbackText: v.string(),
  msteams: v.strictObject({ width: v.literal('Full') }),
  body: v.array(v.variant('type', [richText, container, factSet])),
  actions: v.optional(v.pipe(v.array(openUrl), v.minLength(1))),
});

/** Body in the format `teams-card`, the same for every trigger. */
export const teamsMessageSchema = v.pipe(
  v.strictObject({
    type: v.literal('message'),
    attachments: v.pipe(
      v.array(v.strictObject({ contentType: v.literal('application/vnd.microsoft.card.adaptive'), content: card })),
      v.length(1),
    ),
  }),
  v.title('Teams card'),
  v.description('Message that the webhook of Teams Workflows receives. Not for the flow designer.'),
);

export type TeamsMessage = v.InferOutput<typeof teamsMessageSchema>;
type TextRun = v.InferOutput<typeof textRun>;
type RichText = v.InferOutput<typeof richText>;
type ContainerStyle = v.InferOutput<typeof container>['style'];
type Fact = v.InferOutput<typeof fact>;

export function teamsMessage(input: BodyInput, error: string): TeamsMessage {
  const fields = flatBody(input, '');
  // The card shows the error, the test and the delay separately from the sentences.
  const { title, summary } = sentences(withoutError(input.event), {
    threshold: input.subscription.threshold,
    isTest: false,
    delayedMinutes: 0,
  });
  const marks = marksOf(fields);
  const actions = actionsOf(fields);
  const shownError = cut(error, MAX_ERROR_IN_CARD);
  const header = [
    ...(marks ? [richTextOf(marks, { size: 'small', weight: 'bolder' })] : []),
    richTextOf(title, { size: 'large', weight: 'bolder' }),
  ];
  const errorItems = shownError ? [richTextOf(shownError, { size: 'small', fontType: 'monospace' })] : [];
  return {
    type: 'message',
    attachments: [
      {
        contentType: 'application/vnd.microsoft.card.adaptive',
        content: {
          $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
          type: 'AdaptiveCard',
          version: CARD_VERSION,
          fallbackText: markdown(fields.title),
          msteams: { width: 'Full' },
          body: [
            { type: 'Container', style: styleOf(fields), bleed: true, items: header },
            richTextOf(summary),
            { type: 'FactSet', facts: factsOf(input, fields) },
            ...(shownError ? [{ type: 'Container', style: 'emphasis', items: errorItems } as const] : []),
          ],
          ...(actions.length > 0 && { actions }),
        },
      },
    ],
  };
}

function withoutError(event: TriggerEvent): TriggerEvent {
  return 'error' in event ? { ...event, error: undefined } : event;
}

const richTextOf = (text: string, style: Omit<TextRun, 'type' | 'text'> = {}): RichText => ({
  type: 'RichTextBlock',
  inlines: [{ type: 'TextRun', text: shownLiterally(text), ...style }],
});

const ZERO_WIDTH_SPACE = '\u200b';

/**
 * Adds zero-width spaces where a card would alter the text. Renderers break lines only between words and clip wider
 * text. They also replace `{{DATE(…)}}` and `{{TIME(…)}}` with a formatted date (Adaptive Cards, "Text features"), even
 * in TextRuns, which have no escape.
 */
const shownLiterally = (text: string): string =>
  text
    .replaceAll(LONG_WORD, (word) => word.replaceAll(WORD_PIECE, `$&${ZERO_WIDTH_SPACE}`))
    .replaceAll(/\{(?=\{(?:DATE|TIME)\()/g, `{${ZERO_WIDTH_SPACE}`);

function marksOf({ isTest, delayedMinutes }: FlatBody): string {
  return [
    isTest && 'Test: nothing happened',
    isLate(delayedMinutes) && `Delivered ${durationText(delayedMinutes * 60)} late`,
  ]
    .filter(Boolean)
    .join(' · ');
}

/** Color for skimming the channel. The title says the same in words. */
function styleOf(fields: FlatBody): ContainerStyle {
  if ('state' in fields) return fields.state === 'Recovered' ? 'good' : 'attention';
  if (!('status' in fields)) return 'accent';
  if (fields.status === 'Successful') return 'good';
  const isFinal = !('willRetry' in fields && fields.willRetry);
  return isFinal && (fields.status === 'Failed' || fields.status === 'TimedOut') ? 'attention' : 'warning';
}

const SUBJECT_BUTTONS: Readonly<Record<TriggerId, string>> = {
  'data-source-refresh-failed': 'Open data source',
  'data-source-refresh-succeeded': 'Open data source',
  'segment-threshold-crossed': 'Open segment',
  'measure-threshold-crossed': 'Open measure',
  'full-refresh-completed': 'Open page',
  'unification-refresh-completed': 'Open page',
  'refresh-overdue': 'Open page',
};

function actionsOf(fields: FlatBody): v.InferOutput<typeof openUrl>[] {
  const links = [
    { title: SUBJECT_BUTTONS[fields.trigger], url: fields.link },
    { title: 'Open run', url: 'runLink' in fields ? fields.runLink : '' },
  ];
  return links.filter(({ url }) => url !== '').map((link) => ({ type: 'Action.OpenUrl', ...link }));
}

type Row = readonly [title: string, value: string, maxLength?: number];

/** The trigger's facts, followed by the origin of the event. Unknown facts are omitted. */
function factsOf(input: BodyInput, fields: FlatBody): Fact[] {
  const { awsAccount = '', awsRegion = '' } = fields as Origin;
  const rows: Row[] = [
    ...triggerRows(input),
    ['Run', 'runId' in fields ? fields.runId : ''],
    ['Instance', fields.instanceId],
    ['AWS account', awsAccount],
    ['AWS Region', awsRegion],
    ['Subscription', fields.subscription],
    ['Owners', fields.owners.replaceAll(';', ', ')],
  ];
  return rows
    .map(([title, value, max = MAX_FACT_LENGTH]) => ({
      title,
      value: markdown(shownLiterally(cut(oneLine(value), max))),
    }))
    .filter(({ value }) => value !== '');
}

function triggerRows({ event, subscription }: BodyInput): Row[] {
  switch (event.trigger) {
    case 'data-source-refresh-failed':
    case 'data-source-refresh-succeeded':
      return [
        ['Data source', event.dataSource],
        ['Status', event.status],
        ['Will be retried', event.trigger === 'data-source-refresh-failed' ? yesOrNo(event.willRetry) : ''],
        ['Attempt', optionalNumber(event.attempt)],
        ['Records', optionalNumber(event.recordCount)],
        ...runRows(event),
      ];
    case 'segment-threshold-crossed':
      return [['Segment', event.segment], ...crossingRows(event, subscription.threshold)];
    case 'measure-threshold-crossed':
      return [
        ['Measure', event.measure],
        ['Dimensions', mapText(event.dimensions ?? {}), MAX_LIST_LENGTH],
        ...crossingRows(event, subscription.threshold),
      ];
    case 'full-refresh-completed':
      return [
        ['Status', event.status],
        ['Kind', event.kind === 'Scheduled' ? 'Scheduled' : 'Manual'],
        ['Processes', statusesText(event.processes), MAX_LIST_LENGTH],
        ...runRows(event),
      ];
    case 'unification-refresh-completed':
      return [['Status', event.status], ['Stages', statusesText(event.stages), MAX_LIST_LENGTH], ...runRows(event)];
    case 'refresh-overdue':
      return overdueRows(event);
  }
}

function overdueRows(event: OverdueRefresh): Row[] {
  const time = (at: number | undefined) => (at === undefined ? '' : minuteText(at));
  return [
    ['Subject', overdueSubject(event)],
    ['Expected', event.expectation],
    ['Expected by', time(event.expectedBy)],
    ['Overdue since', time(event.overdueSince)],
    ['Last success', event.lastSuccessAt === undefined ? 'Unknown' : time(event.lastSuccessAt)],
    ['Last failure', time(event.lastFailureAt)],
  ];
}

function runRows(event: Extract<TriggerEvent, { status: unknown }>): Row[] {
  const seconds = durationSeconds(event.startedAt, event.endedAt);
  return [
    ['Started', event.startedAt === undefined ? '' : minuteText(event.startedAt)],
    ['Ended', minuteText(event.endedAt ?? event.occurredAt)],
    ['Duration', seconds === undefined ? '' : durationText(seconds)],
  ];
}

function crossingRows(event: SegmentCrossing | MeasureCrossing, threshold: Threshold | undefined): Row[] {
  const quantity = (value: number | undefined) => {
    if (value === undefined) return '';
    return 'measure' in event ? quantityText(value, event.unit) : numberText(value);
  };
  const signed = (change: number | undefined) => `${change !== undefined && change > 0 ? '+' : ''}${quantity(change)}`;
  const before = event.previousValue;
  const facts = changeFacts(event);
  const changeRows: Row[] = facts
    ? [
        ['Compared with', `${quantity(facts.baseValue)} on ${minuteText(facts.baseObservedAt)}`],
        ['Change', signed(facts.difference) + (facts.percent === undefined ? '' : ` (${percentText(facts.percent)})`)],
      ]
    : [
        ['Before', quantity(before)],
        ['Change', signed(before === undefined ? undefined : difference(event.value, before))],
      ];
  return [
    ['Value', 'segment' in event ? membersText(event.value) : quantity(event.value)],
    ...changeRows,
    ['Threshold', thresholdText(event, threshold)],
    ['Fires again after', quantity(event.recoverTo)],
    ['Measured', minuteText(event.observedAt)],
  ];
}

/** Names and statuses, unsuccessful ones first. */
function statusesText(statuses: Readonly<Record<string, Status>> = {}): string {
  const rank = ([, status]: readonly [string, Status]) => Number(status === 'Successful');
  return mapText(Object.fromEntries(Object.entries(statuses).toSorted((a, b) => rank(a) - rank(b))));
}

const yesOrNo = (value: boolean): string => (value ? 'Yes' : 'No');
const optionalNumber = (value: number | undefined): string => (value === undefined ? '' : numberText(value));
