import { REJECTION_REASON_ATTRIBUTE } from '../../contract/shared';
import { ApiMessage } from '../../lambda/custom-connector/core/api';
import { OutcomeMessage } from '../../lambda/custom-connector/core/outcomes/report-outcome';
import { SignInMessage } from '../../lambda/custom-connector/core/sign-in';
import { deliveryKeyOf } from '../../lambda/delivery/core/delivery-id';
import { RegistrationMessage } from '../../lambda/registration/core/flow-registration';
import { LogMessage } from '../../lambda/shared/core/log-messages';
import type { BusEvent } from '../bus/event-bus';
import { type Refusal, refusalText } from '../bus/refusal';
import type { DeadLetter, LocalStack } from '../stack';
import type { LocalConnector } from '../stack/connector';
import type { Summary } from './report';

const color = (code: number) => (text: string) => (process.stdout.hasColors?.() ? `\x1b[${code}m${text}\x1b[0m` : text);
export const bold = color(1);
const dim = color(2);
const red = color(31);
const green = color(32);
const yellow = color(33);

const number = new Intl.NumberFormat('en-US', { maximumFractionDigits: 20 });
const time = (instant: number | string) => new Date(instant).toISOString().slice(11, 19);

interface LogRecord {
  readonly message?: string;
  readonly timestamp?: string;
  readonly level?: string;
  readonly [detail: string]: unknown;
}

/**
 * Formats a log line of a handler for the console. Returns undefined if the user does not need it.
 * @param functionId the function's logical id.
 */
export function logLine(functionId: string, line: string): string | undefined {
  if (line.startsWith('{"_aws":')) return undefined;
  let record: LogRecord;
  try {
    record = JSON.parse(line);
  } catch {
    return dim(`${functionId}: ${line}`);
  }
  if (record === null || typeof record !== 'object' || '_aws' in record) return undefined;
  const at = dim(time(record.timestamp ?? Date.now()));
  const { trigger, subject, subscription, status, error, problem } = record;
  const what = `${String(trigger).padEnd(29)} ${String(subject).padEnd(22)} → ${String(subscription).padEnd(22)}`;
  switch (record.message) {
    case LogMessage.DELIVERED:
      return `${at} ${green('delivered')} ${what} ${status} ${dim(`run ${record.runId ?? 'unknown'}`)}`;
    case LogMessage.ATTEMPT_FAILED:
      return `${at} ${yellow('failed   ')} ${what} ${responseText(status, error)}${problem ? `: ${problem}` : ''} ${dim(`again in ${record.waitSeconds} s`)}`;
    case LogMessage.DEAD:
      return `${at} ${red('dead     ')} ${what} ${responseText(status, error)}`;
    case LogMessage.HELD:
      return `${at} ${yellow('held     ')} ${what}`;
    case OutcomeMessage.REPORTED:
      return `${at} ${(record.outcome === 'failed' ? red : green)('reported ')} ${reportText(record)} ${dim(String(record.deliveryId))}`;
    case LogMessage.UNCONFIRMED:
      return `${at} ${yellow('overdue  ')} ${what} no report by ${time(String(record.dueAt))}`;
    case LogMessage.FAILING:
      return `${at} ${red('failing  ')} ${subscription}: its flow fails repeatedly (${responseText(status, error)}). Its deliveries wait; one is tried from time to time`;
    case LogMessage.PAUSED:
      return `${at} ${red('paused   ')} ${subscription}: ${record.reason}`;
    case LogMessage.RESUMED:
      return `${at} ${green('resumed  ')} ${subscription}: ${record.reason}`;
    case LogMessage.REJECTED:
      return `${at} ${yellow('rejected ')} ${record.reason}`;
    case LogMessage.OBSERVATION_DROPPED:
      return `${at} ${dim('dropped  ')} ${record.outcome} observation of ${metricText(record.metric)} (${record.observedAt})`;
    case LogMessage.DECLARED:
      return `${at} ${green('declared ')} ${subscription}`;
    case LogMessage.NORMALIZED:
      return `${at} ${dim('source   ')} ${record.source}: ${record.put} ${status ?? ''} ${dim(String(record.runId ?? ''))}`;
    case LogMessage.RECONCILED:
      return `${at} ${dim('recovered')} ${record.source}: ${record.put} ${status ?? ''} ${dim(String(record.runId ?? ''))}`;
    case LogMessage.RECONCILIATION_FAILED:
      return `${at} ${red('unchecked')} ${record.source}: ${record.failure}: ${record.reason}`;
    case RegistrationMessage.REGISTERED:
      return `${at} ${green('register ')} ${subscription} by ${record.by} (${record.host})`;
    case RegistrationMessage.UNREGISTERED:
      return `${at} ${yellow('end      ')} ${subscription} by ${record.by}: its deliveries are held until it is removed`;
    case RegistrationMessage.ENDED:
    case RegistrationMessage.RETIRED:
      return `${at} ${yellow('removed  ')} ${subscription}: ${record.message}`;
    case ApiMessage.REFUSED:
    case SignInMessage.REFUSED:
      return `${at} ${yellow('refused  ')} ${record.by ?? 'a caller'}: ${record.reason}`;
    case LogMessage.MATCHED:
    case LogMessage.UNMATCHED:
      return undefined;
    default:
      return `${at} ${String(record.level ?? '').toLowerCase()} ${functionId}: ${record.message} ${dim(String(error ?? ''))}`;
  }
}

/** An event that a bus of another account or Region refused, for the console. */
export const refusedLine = (event: BusEvent, { code, message }: Refusal): string =>
  `${dim(time(Date.now()))} ${yellow('refused  ')} ${event['detail-type']} of account ${event.account}: ${code}: ${message}`;

const reportText = ({ deliveryId, outcome, reason }: Readonly<Record<string, unknown>>): string => {
  const flow = `${deliveryKeyOf(String(deliveryId))?.subscription}: its flow ${outcome}`;
  return reason === undefined ? flow : `${flow}: ${reason}`;
};

const responseText = (status: unknown, error: unknown): string =>
  [status, error].filter((part) => part !== undefined).join(' ');

/** `default#segment#VIP customers` as `segment VIP customers`. */
const metricText = (key: unknown): string => String(key).split('#').slice(1).join(' ');

/** The reasons of rejected events, and a line for each other dead letter. */
export function deadLetterLines(deadLetters: readonly DeadLetter[]): { rejected: string[]; failed: string[] } {
  const rejected: string[] = [];
  const failed: string[] = [];
  for (const { messageAttributes, queueLogicalId } of deadLetters) {
    const reason = messageAttributes[REJECTION_REASON_ATTRIBUTE] ?? refusalText(messageAttributes);
    if (reason) rejected.push(reason);
    else {
      const { ERROR_MESSAGE: error } = messageAttributes;
      const what = error === undefined ? 'a message whose handler failed each time' : `an undelivered event: ${error}`;
      failed.push(`the dead-letter queue ${queueLogicalId} has ${what}`);
    }
  }
  return { rejected, failed };
}

/** Formats the summary for the console. */
export function summaryText(summary: Summary, rejected: readonly string[], problems: readonly string[]): string {
  const { events, crossings, deliveries } = summary;
  const lines = [
    '',
    bold(
      `${count(events.put, 'event', 'events')} put, ${events.rejected} rejected, ${count(crossings.length, 'crossing', 'crossings')}, ${count(deliveries.length, 'delivery', 'deliveries')}`,
    ),
  ];
  if (rejected.length > 0)
    lines.push(
      '',
      'Rejected events, kept in a dead-letter queue with the reason',
      ...rejected.map((reason) => `  ${reason}`),
    );
  if (crossings.length > 0) {
    lines.push('', 'Thresholds crossed');
    for (const { subject, direction, threshold, previousValue, value, observedAt } of crossings) {
      const at = observedAt.slice(0, 16).replace('T', ' ');
      const arrow = direction === 'above' ? '↑' : '↓';
      const before = previousValue === null ? 'already beyond' : number.format(previousValue);
      const values = `${before} → ${number.format(value)}`;
      lines.push(`  ${at}  ${subject.padEnd(20)} ${arrow} ${number.format(threshold).padEnd(9)} ${dim(values)}`);
    }
  }
  const counts = new Map<string, number>();
  for (const { trigger, status } of deliveries) {
    const key = `${trigger.padEnd(29)} ${status}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  if (counts.size > 0)
    lines.push('', 'Deliveries by trigger', ...[...counts].map(([key, count]) => `  ${key} ${count}`));
  const outcomes = Object.entries(summary.outcomes ?? {});
  if (outcomes.length > 0)
    lines.push('', 'Flow runs by outcome', ...outcomes.map(([state, n]) => `  ${state.padEnd(29)} ${n}`));
  if (problems.length > 0) lines.push('', red('Problems'), ...problems.map((problem) => `  ${problem}`));
  return `${lines.join('\n')}\n`;
}

/** Everything that prevents a successful run. Equal lines are counted. */
export function problemsOf(summary: Summary, failed: readonly string[]): string[] {
  const open = summary.deliveries
    .filter(({ status }) => status !== 'delivered')
    .map(({ subscription, trigger, status, attempts, httpStatus }) => {
      const tried =
        attempts === 0
          ? 'no attempt'
          : `${count(attempts, 'attempt', 'attempts')}, last response ${httpStatus ?? 'none'}`;
      return `${status}: ${trigger} → ${subscription} (${tried})`;
    });
  const counts = new Map<string, number>();
  for (const problem of [...open, ...failed]) counts.set(problem, (counts.get(problem) ?? 0) + 1);
  return [...counts].map(([problem, count]) => (count === 1 ? problem : `${count} × ${problem}`));
}

/** The limit that ended the run, and the work that remains. */
export function stalledText(seconds: number, { deliveries }: Summary, messages: number): string {
  const pending = deliveries.filter(({ status }) => status === 'pending').length;
  const open =
    pending > 0
      ? `${count(pending, 'delivery is', 'deliveries are')} still pending`
      : `${count(messages, 'message is', 'messages are')} still in the queues`;
  return `No progress for ${seconds} s: ${open} (use --wait SECONDS to wait longer)`;
}

const count = (n: number, one: string, many: string): string => `${number.format(n)} ${n === 1 ? one : many}`;

/** Explains how to put more events, start real flows and stop the run. */
export function nextSteps(
  stack: LocalStack,
  { busName, eventSource }: Pick<LocalConnector, 'busName' | 'eventSource'>,
  subscriptions: string | undefined,
): string {
  const detail = JSON.stringify({ dataSource: 'Orders', status: 'Failed', runId: 'my-run-1', error: 'No space left' });
  const entry = { EventBusName: busName, Source: eventSource, DetailType: 'DataSourceRefreshed', Detail: detail };
  const entries = JSON.stringify([entry]);
  return `
${bold('The connector keeps running.')} Put your own event:

  AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local aws events put-events --region ${stack.region} \\
    --endpoint-url ${stack.endpoint} --entries '${entries}'

or, without the AWS CLI:

  curl -s ${stack.endpoint} -H 'X-Amz-Target: AWSEvents.PutEvents' \\
    -H 'Content-Type: application/x-amz-json-1.1' -d '{"Entries":${entries}}'

${subscriptions === undefined ? OWN_FLOW_OF_APP : ownFlow(subscriptions)}
Press Ctrl-C to stop.
`;
}

const ownFlow = (
  subscriptions: string,
): string => `To start your own flow, copy ${subscriptions} to my-subscriptions.yaml, paste the URL of the flow's trigger
"When an HTTP request is received" as a flowUrl (in quotes), and run

  npm start -- --subscriptions my-subscriptions.yaml
`;

const OWN_FLOW_OF_APP = `To start your own flow, set an environment variable to the URL of the flow's trigger "When an HTTP request is
received", and use it as the value of the secret that the stack's subscription references:

  npm start -- --app FILE --secret NAME=VARIABLE
`;
