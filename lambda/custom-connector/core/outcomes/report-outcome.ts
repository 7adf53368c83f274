import { Metric as MetricName } from '../../../../contract/metrics';
import { deliveryId, deliveryKeyOf } from '../../../delivery/core/delivery-id';
import {
  afterReport,
  MAX_OUTCOME_MESSAGE_LENGTH,
  type OutcomeReport,
  type OutcomeState,
  REPORTED_OUTCOMES,
} from '../../../delivery/core/outcomes/outcome';
import { LINK_LIFETIME_MS, readOutcomeLink } from '../../../delivery/core/outcomes/outcome-link';
import type { DeliveryKey, OutcomeRow, OutcomeStore } from '../../../delivery/core/ports';
import type { Clock, Telemetry } from '../../../shared/core/ports';
import { redactText } from '../../../shared/core/redact';
import { cut, oneLine } from '../../../shared/core/text';
import { displayValue } from '../../../subscriptions/core/entry/messages';
import type { SubscriptionReader } from '../../../subscriptions/core/ports';
import { type RequestBody, readBody } from '../body';
import type { Field } from '../definition/field';
import { ACTION_FIELDS, REPORT_FIELDS } from '../definition/outcome-operations';
import type { ResponseBody } from '../definition/responses';
import { type ApiRequest, type ApiResponse, type Caller, problem } from '../http';

export interface OutcomePorts {
  readonly outcomes: OutcomeStore;
  readonly subscriptions: SubscriptionReader;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
}

/** Log messages of reports. Each comment lists the message's details. */
export const OutcomeMessage = {
  /** `by`, `deliveryId`, `outcome`; `reason`: the message of the report, because a line has its own `message` */
  REPORTED: 'a flow reported its outcome',
} as const;

/** Reports the outcome of a delivery to a flow that the caller registered. */
export async function reportOutcome(request: ApiRequest, caller: Caller, ports: OutcomePorts): Promise<ApiResponse> {
  const read = readReport(request, ACTION_FIELDS);
  if ('problem' in read) return read.problem;
  const id = read.body.deliveryId;
  const key = typeof id === 'string' ? deliveryKeyOf(id.trim()) : undefined;
  if (!key) {
    const message = `Delivery id: "deliveryId" is ${displayValue(id)}; use the field Delivery id of the flow's trigger.`;
    return problem('invalid', message);
  }
  // The same response for a delivery of another caller as for none, so that callers learn nothing about others.
  const subscription = await ports.subscriptions.read(key.subscription);
  const isOwn = subscription?.registration?.by === caller.id;
  const unknown = problem(
    'not-found',
    'Delivery id: no delivery with this id was made to a flow that this connection registered; use the field Delivery id of the trigger, and the same connection for the trigger and this action.',
  );
  return isOwn ? record(key, read.report, caller.id, () => true, unknown, ports) : unknown;
}

/** Reports the outcome of the delivery that the link belongs to. The link authorizes the request. */
export async function reportOutcomeByLink(request: ApiRequest, ports: OutcomePorts): Promise<ApiResponse> {
  const unknown = problem(
    'not-found',
    'The link is not valid; use the field outcomeUrl of the request that started the flow.',
  );
  const link = readOutcomeLink(request.parameters.link ?? '');
  if (!link) return unknown;
  const read = readReport(request, REPORT_FIELDS);
  if ('problem' in read) return read.problem;
  const isValid = ({ links, attempts }: OutcomeRow) =>
    links.includes(link.hash) && ports.clock() < (attempts.at(-1)?.at ?? ports.clock()) + LINK_LIFETIME_MS;
  return record(link.key, read.report, 'link', isValid, unknown, ports);
}

/** @returns `unknown` if there is no such delivery, or the report is not allowed. */
async function record(
  key: DeliveryKey,
  report: OutcomeReport,
  by: string,
  isAllowed: (row: OutcomeRow) => boolean,
  unknown: ApiResponse,
  { outcomes, clock, telemetry }: OutcomePorts,
): Promise<ApiResponse> {
  const id = deliveryId(key.subscription, key.eventId);
  // Another report, the sweep and the record of the flow's response can write the row between a read and a write. The
  // outcome has four states and is announced once, so there are few of them.
  for (;;) {
    const row = await outcomes.read(key);
    if (!row || row.status === 'canceled' || !isAllowed(row)) return unknown;
    const outcome = afterReport(row.outcome, report, clock());
    if (!outcome) return ok(id, (row.outcome?.state ?? report.state) as OutcomeState);
    if (!(await outcomes.write(key, row, outcome))) continue;
    if (outcome.state === 'failed') telemetry.count(MetricName.FAILED_IN_FLOW);
    telemetry.info(OutcomeMessage.REPORTED, { by, deliveryId: id, outcome: outcome.state, reason: outcome.message });
    return ok(id, outcome.state);
  }
}

const ok = (id: string, state: OutcomeState): ApiResponse => {
  const body: ResponseBody<'Outcome'> = { deliveryId: id, outcome: state };
  return { status: 200, body };
};

type ReadReport = { readonly report: OutcomeReport; readonly body: RequestBody } | { readonly problem: ApiResponse };

function readReport(request: ApiRequest, fields: readonly Field[]): ReadReport {
  const read = readBody(request);
  if ('problem' in read) return read;
  const { outcome, message = '' } = read.body;
  const unknown = Object.keys(read.body).find((key) => !fields.some(({ name }) => name === key));
  if (unknown !== undefined) {
    return invalid('Unknown field', `a report has no field ${displayValue(unknown)}; remove it`);
  }
  // Power Automate's own results begin with a capital letter.
  const state = REPORTED_OUTCOMES.find((one) => typeof outcome === 'string' && one === outcome.trim().toLowerCase());
  if (!state) {
    const problemText = outcome === undefined ? 'is missing' : `is ${displayValue(outcome)}`;
    return invalid('Outcome', `"outcome" ${problemText}; write ${REPORTED_OUTCOMES.join(' or ')}`);
  }
  if (typeof message !== 'string') return invalid('Message', `"message" is ${displayValue(message)}; write a text`);
  const shown = cut(oneLine(redactText(message)).trim(), MAX_OUTCOME_MESSAGE_LENGTH);
  return { report: { state, ...(shown !== '' && { message: shown }) }, body: read.body };
}

const invalid = (title: string, reason: string): ReadReport => ({
  problem: problem('invalid', `${title}: ${reason}.`),
});
