import type { Attempt, DeliveryRow } from '../../../lambda/delivery/core/delivery';
import type { Outcome } from '../../../lambda/delivery/core/outcomes/outcome';
import { counted } from '../../../lambda/shared/core/text';
import { isPaused } from '../../../lambda/subscriptions/core/health';
import type { Subscription } from '../../../lambda/subscriptions/core/subscription';
import { relativeTime, timeText } from '../../shell/time';
import { conditionText } from '../../subscriptions/subscription-text';
import { responseText } from '../delivery-text';
import { responseHint } from '../response-hint';
import { expectationSteps } from './expectation-steps';
import type { ExplainInput } from './input';
import { refreshSteps } from './refresh-steps';
import { MAX_LINES, REJECTED, type Step } from './step';
import { thresholdSteps } from './threshold-steps';

export interface Explanation {
  /** One sentence. */
  readonly verdict: string;
  /** Whether the flow accepted the newest event. */
  readonly ran: boolean;
  readonly steps: readonly Step[];
}

/** Explains why a flow ran or did not run. */
export function explain(input: ExplainInput): Explanation {
  const tests = input.deliveries.filter(({ isTest }) => isTest);
  const events = { ...input, deliveries: input.deliveries.filter(({ isTest }) => !isTest) };
  const steps = [subscriptionStep(events), ...triggerSteps(events), queuedStep(events), respondedStep(events, tests)];
  const [newest] = newestFirst(events.deliveries);
  return { verdict: verdictOf(events, newest, steps), ran: newest?.status === 'delivered', steps };
}

function triggerSteps(input: ExplainInput): Step[] {
  const { threshold, expectation } = input.subscription.definition;
  if (expectation) return expectationSteps(input);
  return threshold ? thresholdSteps(input) : refreshSteps(input);
}

function verdictOf(input: ExplainInput, newest: DeliveryRow | undefined, steps: readonly Step[]): string {
  const { subscription, now } = input;
  if (newest) return newestVerdict(newest, subscription, now);
  if (!subscription.flow) return 'The subscription has no flow URL: it puts its events on the bus only.';
  const rejected = steps.find(({ name }) => name === 'received')?.evidence.find((line) => line.startsWith(REJECTED));
  if (rejected) return `The flow did not run because its event could not be read: ${rejected.slice(REJECTED.length)}.`;
  const failed = steps.find(({ mark, name }) => mark === '✗' && name !== 'subscription');
  if (failed) return `The flow did not run because ${failed.text}.`;
  const accepted = steps.find(({ name, mark }) => mark === '✓' && ['matched', 'crossed', 'expected'].includes(name));
  if (accepted) {
    return 'An event matches but has no delivery: the event is older than the subscription, or its delivery is not queued yet.';
  }
  return 'Nothing was delivered, and the received events are unknown: see the step marked –.';
}

function newestVerdict(row: DeliveryRow, subscription: Subscription, now: number): string {
  const { health } = subscription;
  const last = row.attempts.at(-1);
  const response = responseText(last);
  const hint = last && responseHint(last, subscription);
  const remedy = hint ? ` (${hint})` : '';
  switch (row.status) {
    case 'delivered': {
      const accepted = `The flow accepted the newest event ${relativeTime(last?.at ?? row.acceptedAt, now)}: ${response}.`;
      const run = last?.runId ? " The flow's run history shows the result of the run." : '';
      return row.outcome ? `${accepted} ${reportText(row.outcome, now)}` : `${accepted}${run}`;
    }
    case 'held':
      if (health?.endsAt !== undefined) return 'The newest event is held because the flow unregistered.';
      return `The newest event is held because the subscription is paused: ${health?.reason ?? response}${remedy}.`;
    case 'dead':
      return `The newest event could not be delivered: ${response}${remedy}. To send it again, use replay.`;
    case 'canceled':
      return 'The newest event was canceled: it belongs to a deleted subscription of the same name.';
    case 'pending':
      return row.attempts.length === 0
        ? 'The newest event is on its way to the flow.'
        : `The flow has not accepted the newest event yet: ${response}${remedy}; the connector will retry it.`;
  }
}

/** Whether the flow reported that it finished. */
function reportText({ state, by = 0, at = 0, message }: Outcome, now: number): string {
  const details = message === undefined ? '' : `: ${message}`;
  switch (state) {
    case 'awaited':
      return `Its report that it finished is due ${timeText(by, now)}.`;
    case 'unconfirmed':
      return `It did not report that it finished, which was due ${timeText(by, now)}. The flow's run history shows why.`;
    case 'failed':
      return `It reported ${relativeTime(at, now)} that it failed${details}. The flow's run history shows the step.`;
    case 'succeeded':
      return `It reported ${relativeTime(at, now)} that it succeeded${details}.`;
  }
}

function subscriptionStep({ subscription, now }: ExplainInput): Step {
  const { definition, health, flow } = subscription;
  const text = conditionText(definition);
  const name = 'subscription';
  if (health?.endsAt !== undefined) {
    const evidence = [
      `it ends at ${timeText(health.endsAt, now)} unless the flow registers again`,
      'switch the flow on or save it in Power Automate',
    ];
    return { name, mark: '✗', text: `${text}; the flow unregistered`, evidence };
  }
  if (isPaused(subscription)) {
    const since = health?.since === undefined ? '' : ` since ${timeText(health.since, now)}`;
    const resume = `resume ${definition.name}`;
    const action = health?.bySomebody ? `to end the pause: ${resume}` : `fix the flow, then: ${resume}`;
    const evidence = [health?.reason ?? 'the reason is unknown', action];
    return { name, mark: '✗', text: `${text}; paused${since}`, evidence };
  }
  return { name, mark: flow ? '✓' : '–', text: `${text}; ${flow ? 'active' : 'no flow'}`, evidence: [] };
}

const newestFirst = (rows: readonly DeliveryRow[]): DeliveryRow[] =>
  rows.toSorted((a, b) => b.acceptedAt - a.acceptedAt);

function queuedStep({ deliveries }: ExplainInput): Step {
  const name = 'queued';
  if (deliveries.length === 0) return { name, mark: '–', text: 'no delivery', evidence: [] };
  const counts = new Map<string, number>();
  for (const { status } of deliveries) counts.set(status, (counts.get(status) ?? 0) + 1);
  const states = [...counts].map(([status, count]) => `${count} ${status}`).join(', ');
  const text = `${counted(deliveries.length, 'delivery', 'deliveries')}: ${states}`;
  return { name, mark: '✓', text, evidence: [] };
}

/** @param tests deliveries of samples: the newest one shows whether the flow would accept an event. */
function respondedStep({ subscription, deliveries, now }: ExplainInput, tests: readonly DeliveryRow[]): Step {
  const name = 'responded';
  const [test] = newestFirst(tests);
  const testLines = test
    ? [`last test, ${relativeTime(test.acceptedAt, now)}: ${responseText(test.attempts.at(-1))}`]
    : [];
  const rows = newestFirst(deliveries);
  const [newest] = rows;
  if (!newest) return { name, mark: '–', text: 'no delivery to respond to', evidence: testLines };
  const lines = rows.flatMap(({ attempts }) => attempts.toReversed()).map((one) => attemptText(one, now));
  const more = lines.length > MAX_LINES ? [`${lines.length - MAX_LINES} more: deliveries ${newest.subscription}`] : [];
  const evidence = [...lines.slice(0, MAX_LINES), ...more, ...testLines];
  const last = newest.attempts.at(-1);
  if (!last) return { name, mark: '–', text: 'not called yet', evidence };
  const isDelivered = newest.status === 'delivered';
  const hint = isDelivered ? undefined : responseHint(last, subscription);
  const text = hint ? `${responseText(last)}: ${hint}` : responseText(last);
  return { name, mark: isDelivered ? '✓' : '✗', text, evidence };
}

const attemptText = (attempt: Attempt, now: number): string =>
  `${timeText(attempt.at, now)}: ${responseText(attempt)}, after ${attempt.durationMs} ms`;
