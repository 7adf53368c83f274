import {
  MAX_OUTCOME_MESSAGE_LENGTH,
  REPORTED_OUTCOMES,
  type ReportedOutcome,
} from '../../../delivery/core/outcomes/outcome';
import type { Field } from './field';
import { BODY_PROBLEMS, type Operation, SIGN_IN_PROBLEMS } from './operation';
import { OperationId } from './operation-ids';

const TITLES: Readonly<Record<ReportedOutcome, string>> = { succeeded: 'Succeeded', failed: 'Failed' };

/** Fields of a report, also of one by a link. */
export const REPORT_FIELDS: readonly Field[] = [
  {
    name: 'outcome',
    title: 'Outcome',
    description: 'Whether the flow did its work.',
    type: 'string',
    required: true,
    default: 'succeeded',
    choices: REPORTED_OUTCOMES.map((value) => ({ value, title: TITLES[value] })),
  },
  {
    name: 'message',
    title: 'Message',
    description: `Why the flow failed, or what it did, for the operator of the connector. Up to ${MAX_OUTCOME_MESSAGE_LENGTH} characters.`,
    type: 'string',
  },
];

const deliveryId: Field = {
  name: 'deliveryId',
  title: 'Delivery id',
  description: "The field Delivery id of the flow's trigger.",
  type: 'string',
  required: true,
};

export const ACTION_FIELDS: readonly Field[] = [deliveryId, ...REPORT_FIELDS];

/** Operations that report whether a flow finished. */
export const OUTCOME_OPERATIONS: readonly Operation[] = [
  {
    operationId: OperationId.REPORT_OUTCOME,
    route: 'POST /outcomes',
    path: '/outcomes',
    method: 'post',
    summary: 'Report the outcome',
    description:
      'Reports whether this flow did its work. Use it as the last step of a flow that the connector started.',
    parameters: [],
    body: ACTION_FIELDS,
    success: { status: 200, description: 'The report is recorded.', response: 'Outcome' },
    problems: [...BODY_PROBLEMS, 'not-found', ...SIGN_IN_PROBLEMS],
  },
];
