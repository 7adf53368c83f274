import { outcomeName, responseText } from '../../cli/diagnosis/delivery-text';
import type { ExpectationStatus } from '../../cli/subscriptions/expectation-text';
import { flowText } from '../../cli/subscriptions/subscription-text';
import { DELIVERY_STATUSES, type DeliveryRow, type DeliveryStatus } from '../../lambda/delivery/core/delivery';
import { deliveryId } from '../../lambda/delivery/core/delivery-id';
import type { Outcome, OutcomeState } from '../../lambda/delivery/core/outcomes/outcome';
import { type Metric, metricKey } from '../../lambda/shared/core/metric';
import { numberText } from '../../lambda/shared/core/number-text';
import { mapText } from '../../lambda/shared/core/text';
import { filterText } from '../../lambda/subscriptions/core/condition-text';
import type { Subscription } from '../../lambda/subscriptions/core/subscription';
import type { RecordedEvent } from './bus-history';
import { deliveryContent } from './delivery-content';
import { flowList } from './designer/view/flow-list';
import { type Html, html } from './html';
import { badge, empty, MAX_LISTED, more, type Tone, time } from './parts';
import { plot, plotText } from './plot';
import { type PlottedMetric, plottedMetrics, type Rejected, type Rule, type Snapshot } from './snapshot';

/** A part of the page that updates independently. */
export interface Section {
  readonly id: string;
  readonly title: string;
  readonly content: Html;
}

const MAX_PLOTS = 24;

/** Every section in the order of the page. */
export function sections(snapshot: Snapshot): Section[] {
  return [
    { id: 'overview', title: 'Overview', content: overview(snapshot) },
    ...(snapshot.flows
      ? [{ id: 'flows', title: 'Flows of the designer', content: flowList(snapshot.flows, snapshot.now) }]
      : []),
    { id: 'metrics', title: 'Metrics and thresholds', content: metrics(snapshot) },
    { id: 'deliveries', title: 'Deliveries', content: deliveries(snapshot) },
    { id: 'subscriptions', title: 'Subscriptions', content: subscriptions(snapshot) },
    { id: 'events', title: 'Events on the bus', content: events(snapshot) },
    { id: 'rules', title: 'Rules', content: rules(snapshot) },
    { id: 'rejected', title: 'Rejected', content: rejected(snapshot) },
  ];
}

const TONES: Readonly<Record<DeliveryStatus, Tone>> = {
  pending: 'warning',
  delivered: 'good',
  held: 'warning',
  dead: 'bad',
  canceled: 'neutral',
};

const OUTCOME_TONES: Readonly<Record<OutcomeState, Tone>> = {
  awaited: 'neutral',
  unconfirmed: 'warning',
  failed: 'bad',
  succeeded: 'good',
};

const isPaused = ({ health }: Subscription): boolean => health?.state === 'paused';
function overview(snapshot: Snapshot): Html {
  const { eventCounts, deliveryCounts, outcomeCounts, rejected: rejectedEvents, subscriptions: all } = snapshot;
  const paused = all.filter(isPaused).length;
  const figure = (value: number, what: string, tone: Tone = 'neutral') =>
    html`<li class="${value > 0 ? tone : 'neutral'}"><strong>${numberText(value)}</strong> ${what}</li>`;
  const count = (status: DeliveryStatus) => deliveryCounts[status] ?? 0;
  return html`<ul class="figures">
${figure(eventCounts.put, eventCounts.put === 1 ? 'event put' : 'events put')}
${figure(eventCounts.crossings, eventCounts.crossings === 1 ? 'crossing published' : 'crossings published')}
${figure(count('delivered'), 'delivered', 'good')}
${figure(count('pending') + count('held'), 'waiting', 'warning')}
${figure(count('dead'), 'dead', 'bad')}
${
  Object.keys(outcomeCounts).length > 0 &&
  html`${figure(outcomeCounts.unconfirmed ?? 0, 'unconfirmed', 'warning')}
${figure(outcomeCounts.failed ?? 0, 'failed in the flow', 'bad')}
`
}${figure(paused, 'paused', 'bad')}
${figure(rejectedEvents.length, 'rejected', 'warning')}
</ul>`;
}

function metrics(snapshot: Snapshot): Html {
  const all = plottedMetrics(snapshot);
  if (all.length === 0) return empty('No segments or measures yet.');
  return html`<div class="plots">${all.slice(0, MAX_PLOTS).map((metric) => figureOf(metric, snapshot.now))}</div>${
    all.length > MAX_PLOTS && html`<p class="empty">${all.length - MAX_PLOTS} more are not shown.</p>`
  }`;
}

/** Such as `Measure Revenue (Region: EU)`. Includes the instance unless it is `default`. */
export function metricText({ kind, name, dimensions, instanceId }: Metric): string {
  const members = mapText(dimensions ?? {});
  const where = instanceId === 'default' ? '' : ` in ${instanceId}`;
  return `${kind === 'segment' ? 'Segment' : 'Measure'} ${name}${members && ` (${members})`}${where}`;
}

function figureOf(metric: PlottedMetric, now: number): Html {
  const [name, text] = [metricText(metric.metric), plotText(metric)];
  const crossings = metric.crossings.toReversed().slice(0, MAX_LISTED);
  return html`<figure>
<h3>${name}</h3>
${plot(metric, `${name}: ${text}`)}
<figcaption>${text}.</figcaption>
${
  crossings.length > 0 &&
  html`<details data-key="${metricKey(metric.metric)}"><summary>Crossings</summary><ul class="plain">${crossings.map(
    ({ direction, threshold, previousValue, value, observedAt, subscription }) =>
      html`<li>${time(observedAt, now)} ${direction === 'above' ? '↑' : '↓'} ${numberText(threshold)}: ${previousValue === undefined ? 'already beyond' : numberText(previousValue)} → ${numberText(value)}, for ${subscription}</li>`,
  )}</ul></details>`
}
</figure>`;
}

function deliveries(snapshot: Snapshot): Html {
  const { deliveries: rows, deliveryCounts } = snapshot;
  if (rows.length === 0) return empty('No deliveries yet.');
  const shown = rows.slice(0, MAX_LISTED);
  const all = DELIVERY_STATUSES.reduce((sum, status) => sum + (deliveryCounts[status] ?? 0), 0);
  return html`<ol class="list" tabindex="0">${shown.map((row) => deliveryItem(row, snapshot))}</ol>${more(all, shown.length, 'deliveries')}`;
}

function deliveryItem(row: DeliveryRow, { now, subscriptions: all, triggerOf }: Snapshot): Html {
  const { subscription, eventId, trigger, status, acceptedAt, attempts, outcome } = row;
  const id = deliveryId(subscription, eventId);
  const content = deliveryContent(
    row,
    all.find(({ definition }) => definition.name === subscription),
    triggerOf(eventId),
  );
  return html`<li class="delivery">
<p class="headline">${badge(TONES[status], status)} ${outcome && badge(OUTCOME_TONES[outcome.state], outcomeName(outcome))} <strong class="title">${content?.title ?? trigger}</strong> ${time(acceptedAt, now)}</p>
${content && html`<p>${content.summary}</p>`}
<dl class="facts"><div><dt>Flow</dt><dd>${subscription}</dd></div><div><dt>Response</dt><dd>${responseText(attempts.at(-1))}</dd></div>${outcome && html`<div><dt>Report</dt><dd>${reportText(outcome, now)}</dd></div>`}</dl>
<details data-key="${id}"><summary>Ids, attempts and body</summary>
<dl class="facts rows">
<div><dt>Delivery</dt><dd><code>${id}</code></dd></div>
<div><dt>Event</dt><dd><code>${eventId}</code></dd></div>
<div><dt>Trigger</dt><dd>${trigger}</dd></div>
<div><dt>Attempts</dt><dd>${attempts.length === 0 ? 'none yet' : attemptList(row, now)}</dd></div>
</dl>
${content ? html`<pre tabindex="0" role="group" aria-label="Body">${content.body}</pre>` : empty('The body is no longer available.')}
</details>
</li>`;
}

/** What the flow reported, and when. Without a report: when it was or is due. */
function reportText({ state, by, at, message }: Outcome, now: number): Html {
  if (state === 'awaited') return html`due ${time(by ?? now, now)}`;
  if (state === 'unconfirmed') return html`none by ${time(by ?? at ?? now, now)}`;
  return html`${time(at ?? now, now)}${message !== undefined && `: ${message}`}`;
}

const attemptList = ({ attempts }: DeliveryRow, now: number): Html =>
  html`<ol>${attempts.map(
    (attempt) =>
      html`<li>${time(attempt.at, now)} ${responseText(attempt)} <span class="muted">after ${numberText(attempt.durationMs)} ms</span></li>`,
  )}</ol>`;

/** A rule's name without the hash of the CDK and without the words that all names start with. */
export function ruleName(logicalId: string, all: readonly string[]): string {
  const bare = (id: string) => id.replace(/[0-9A-F]{8}$/, '');
  const words = (id: string) => bare(id).split(/(?=[A-Z])/);
  const own = words(logicalId);
  const shared = own.findIndex((word, n) => !all.every((id) => words(id)[n] === word));
  return (shared > 0 ? own.slice(shared) : own).join('');
}

function events({ events: seen, eventCounts, now, rules: all }: Snapshot): Html {
  if (seen.length === 0) return empty('No events yet. Put one with the form.');
  const ids = all.map(({ logicalId }) => logicalId);
  const shown = seen.slice(0, MAX_LISTED);
  return html`<ol class="list" tabindex="0">${shown.map((one) => eventItem(one, ids, now))}</ol>${more(eventCounts.put + eventCounts.crossings + eventCounts.healthEvents, shown.length, 'events')}`;
}

const eventItem = (
  { id, detailType, about, origin, detail, at, rules: matched }: RecordedEvent,
  ids: readonly string[],
  now: number,
): Html =>
  html`<li>
<p>${time(at, now)} <strong>${detailType}</strong> ${about}${origin && html` <span class="muted">from ${origin}</span>`}</p>
<p class="small">${matched.length === 0 ? 'no rule matched' : `matched by ${matched.map((rule) => ruleName(rule, ids)).join(', ')}`}</p>
<details data-key="${id}"><summary>Detail</summary><pre tabindex="0">${detail}</pre></details>
</li>`;

function rules({ rules: all, now }: Snapshot): Html {
  const ids = all.map(({ logicalId }) => logicalId);
  return html`<ul class="list" tabindex="0">${all.map((rule) => ruleItem(rule, ids, now))}</ul>`;
}

const ruleItem = ({ logicalId, pattern, matched }: Rule, ids: readonly string[], now: number): Html =>
  html`<li>
<p><strong>${ruleName(logicalId, ids)}</strong> ${
    matched
      ? html`<span class="small">matched ${numberText(matched.count)}, last at ${time(matched.lastAt, now)}</span>`
      : html`<span class="small muted">matched none</span>`
  }</p>
<details data-key="${logicalId}"><summary>Pattern</summary><pre tabindex="0">${JSON.stringify(pattern, undefined, 2)}</pre></details>
</li>`;

function subscriptions({ subscriptions: all, heldCounts, expectations, now }: Snapshot): Html {
  if (all.length === 0) return empty('No subscriptions.');
  const sorted = all.toSorted(
    (a, b) => Number(isPaused(b)) - Number(isPaused(a)) || (a.definition.name < b.definition.name ? -1 : 1),
  );
  const shown = sorted.slice(0, MAX_LISTED);
  return html`<ul class="list" tabindex="0">${shown.map((one) => subscriptionItem(one, heldCounts[one.definition.name] ?? 0, expectations?.get(one.definition.name), now))}</ul>${
    all.length > shown.length && html`<p class="empty">${numberText(all.length - shown.length)} more are not shown.</p>`
  }`;
}

function subscriptionItem(
  subscription: Subscription,
  held: number,
  expectation: ExpectationStatus | undefined,
  now: number,
): Html {
  const { definition, flow, health, registration } = subscription;
  const pending = pendingOf(subscription, held, now);
  return html`<li>
<p>${stateBadge(subscription)} <strong>${definition.name}</strong> ${definition.trigger}</p>
<p class="small">${filterText(definition)}, format ${definition.format}; flow ${flowText(flow)}</p>
${expectation && expectationOf(expectation, now)}
${registration && html`<p class="small">Registered by ${registration.by} at ${time(registration.at, now)}.</p>`}
${pending.length > 0 && html`<p class="small pending">${pending}</p>`}
${
  isPaused(subscription) &&
  html`<p class="reason">Paused since ${time(health?.since ?? now, now)}: ${health?.reason}. ${
    health?.nextProbe === undefined ? 'No further attempts.' : html`Next attempt at ${time(health.nextProbe, now)}.`
  }</p>`
}
</li>`;
}

/** The expected time, or since when the refresh is overdue. */
function expectationOf({ success, expecting }: ExpectationStatus, now: number): Html {
  const last = success ? html`Last refreshed ${time(success.endedAt, now)}.` : html`No refresh is known.`;
  const { missed, next } = expecting ?? {};
  if (missed) return html`<p class="reason">Overdue since ${time(missed.since, now)}. ${last}</p>`;
  return html`<p class="small">${next !== undefined && html`Expected by ${time(next, now)}. `}${last}</p>`;
}

/** What a subscription waits for: held deliveries, and its removal. */
function pendingOf({ health }: Subscription, held: number, now: number): Html[] {
  const { endsAt, retireAt } = health ?? {};
  return [
    held > 0 ? html`${numberText(held)} ${held === 1 ? 'delivery is' : 'deliveries are'} held. ` : html``,
    endsAt === undefined
      ? html``
      : html`The flow unregistered: removed at ${time(endsAt, now)} unless it registers again. `,
    retireAt === undefined ? html`` : html`The flow refuses all deliveries: removed at ${time(retireAt, now)}.`,
  ].filter(({ text }) => text !== '');
}

function stateBadge(subscription: Subscription): Html {
  const { health } = subscription;
  if (health?.endsAt !== undefined) return badge('warning', 'unregistered');
  if (isPaused(subscription)) return badge('bad', 'paused');
  if (health?.failures || health?.refusals) return badge('warning', 'failing');
  return badge('good', 'active');
}

function rejected({ rejected: all, now }: Snapshot): Html {
  if (all.length === 0) return empty('No rejected events.');
  const shown = all.toSorted((a, b) => b.at - a.at).slice(0, MAX_LISTED);
  return html`<ol class="list" tabindex="0">${shown.map((one, n) => rejectedItem(one, all.length - n, now))}</ol>${more(all.length, shown.length, 'rejected')}`;
}

const rejectedItem = ({ at, reason, body }: Rejected, number: number, now: number): Html =>
  html`<li>
<p>${time(at, now)} <span class="reason">${reason}</span></p>
<details data-key="rejected-${number}"><summary>Message</summary><pre tabindex="0">${body}</pre></details>
</li>`;
