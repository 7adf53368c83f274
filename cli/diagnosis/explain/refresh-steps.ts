import { durationText } from '../../../lambda/shared/core/duration';
import { LogMessage } from '../../../lambda/shared/core/log-messages';
import { numberText } from '../../../lambda/shared/core/number-text';
import type { Place } from '../../../lambda/shared/core/place';
import { counted } from '../../../lambda/shared/core/text';
import type { Filter, SubscriptionDefinition } from '../../../lambda/subscriptions/core/subscription';
import { DETAIL_TYPES, detailTypeOf, eventFilter } from '../../connector/logged-event';
import { relativeTime } from '../../shell/time';
import { observedText, quoted } from '../observed-text';
import type { ExplainInput } from './input';
import { rejectedLines, type Step, tally } from './step';

interface LoggedEvent {
  readonly at: number;
  readonly trigger?: string;
  readonly instanceId?: string;
  readonly subject?: string;
  readonly status?: string;
  readonly kind?: string;
  readonly willRetry?: boolean;
  /** Absent for the connector's account and Region. */
  readonly awsAccount?: string;
  readonly awsRegion?: string;
}

const DISPATCHED: readonly string[] = [LogMessage.MATCHED, LogMessage.UNMATCHED];
const DAY = 24 * 60 * 60 * 1000;

/** The steps `received` and `matched` of a trigger without a threshold. */
export function refreshSteps(input: ExplainInput): Step[] {
  const { subscription, log, now, since, deliveries } = input;
  const { definition } = subscription;
  const detailType = DETAIL_TYPES[definition.trigger] as string;
  const rejected = rejectedLines(input);
  if (!log) {
    const query =
      'the log of dispatch is not readable; with access, run this CloudWatch Logs Insights query: ' +
      `${eventFilter(detailType)} | stats count() by message, subject, status`;
    const isKnown = deliveries.length > 0;
    const mark = isKnown ? '✓' : '–';
    const text = isKnown
      ? `${counted(deliveries.length, 'event', 'events')} for this subscription`
      : 'received events are unknown';
    return [
      { name: 'received', mark, text, evidence: [...rejected, ...(isKnown ? [] : [query])] },
      { name: 'matched', mark, text: isKnown ? 'all of these' : 'unknown', evidence: [] },
    ];
  }
  const events = log
    .filter(({ message, details }) => DISPATCHED.includes(message) && detailTypeOf(details) === detailType)
    .map(({ at, details }) => ({ ...details, at }) as LoggedEvent);
  const ms = now - since;
  const period = ms >= 2 * DAY ? `${numberText(Math.round(ms / DAY))} days` : durationText(Math.round(ms / 1000));
  const last = events.at(-1);
  if (!last) {
    const text = `no ${detailType} event was received in the last ${period}`;
    const hint =
      'producers must put events on the connector\'s bus, with its source: see "What producers put on the bus"';
    return [
      { name: 'received', mark: '✗', text, evidence: [...rejected, hint] },
      { name: 'matched', mark: '–', text: 'no event to match', evidence: [] },
    ];
  }
  const count = counted(events.length, `${detailType} event`, `${detailType} events`);
  const text = `${count} in the last ${period}, the newest ${relativeTime(last.at, now)}${placeText(last)}`;
  return [{ name: 'received', mark: '✓', text, evidence: rejected }, matchedStep(events, definition, input.own)];
}

/** `, from 111122223333 in eu-central-1`. Empty for the connector's account and Region. */
const placeText = ({ awsAccount, awsRegion }: LoggedEvent): string =>
  awsAccount === undefined ? '' : `, from ${awsAccount} in ${awsRegion}`;

function matchedStep(events: readonly LoggedEvent[], definition: SubscriptionDefinition, own: Place): Step {
  const name = 'matched';
  const reasons = events.map((event) => mismatchReason(event, definition, own));
  const matching = reasons.filter((reason) => reason === undefined).length;
  const evidence = tally(reasons.filter((reason) => reason !== undefined));
  if (matching > 0) return { name, mark: '✓', text: `${matching} of ${events.length}`, evidence };
  const { dataSource } = definition.filter;
  const here = events.filter(({ instanceId = 'default' }) => instanceId === definition.instanceId);
  const observed = [...new Set(here.map(({ subject }) => subject).filter((subject) => subject !== undefined))];
  if (dataSource !== undefined && here.length > 0 && !observed.includes(dataSource)) {
    const text = `no event names ${quoted(dataSource)}; ${observedText(dataSource, observed)}`;
    return { name, mark: '✗', text, evidence };
  }
  return { name, mark: '✗', text: `no event matches: ${evidence[0]}`, evidence: evidence.slice(1) };
}

type Condition = Pick<SubscriptionDefinition, 'trigger' | 'instanceId'> & { readonly filter: Filter };

/**
 * Why an event does not match, by the same rules as `matches` and the index. Undefined if it matches.
 * @param own account and Region of the connector.
 */
export function mismatchReason(
  event: LoggedEvent,
  { trigger, instanceId, filter }: Condition,
  own: Place,
): string | undefined {
  const { instanceId: instance = 'default', subject = '', status = '', kind } = event;
  if (instance !== instanceId) return `its instance is ${quoted(instance)}, not ${quoted(instanceId)}`;
  if (filter.dataSource !== undefined && filter.dataSource !== subject) {
    return `it names ${quoted(subject)}, not ${quoted(filter.dataSource)}`;
  }
  if (event.trigger !== trigger) return `its status is ${status}, for ${event.trigger ?? 'no trigger'}`;
  if (event.willRetry && !filter.includeRetries) return 'it will be retried, and includeRetries is not set';
  if (filter.kind !== undefined && kind !== filter.kind) return `its kind is ${kind}, not ${filter.kind}`;
  if (filter.status !== undefined && !filter.status.some((one) => one === status)) {
    return `its status is ${status}, not ${filter.status.join(' or ')}`;
  }
  const { awsAccount = own.account, awsRegion = own.region } = event;
  if (filter.awsAccount !== undefined && !filter.awsAccount.includes(awsAccount)) {
    return `its account is ${awsAccount}, not ${filter.awsAccount.join(' or ')}`;
  }
  if (filter.awsRegion !== undefined && !filter.awsRegion.includes(awsRegion)) {
    return `its Region is ${awsRegion}, not ${filter.awsRegion.join(' or ')}`;
  }
  return undefined;
}
