import { MAX_REPLAYED, MAX_SPAN_DAYS } from '../flows/limits';
import type { Field } from './field';
import { list, type Operation, PAGING, type Parameter, read, SKIP_TOKEN, write } from './operation';
import { OperationId } from './operation-ids';

const FLOW: Parameter = {
  name: 'flow',
  in: 'path',
  title: 'Flow',
  description: 'One of your registered flows.',
  required: true,
  dropdown: { operationId: OperationId.LIST_FLOWS, parameters: [] },
};

/** Fields of a replay. */
export const REPLAY_FIELDS: readonly Field[] = [
  {
    name: 'from',
    title: 'From',
    description: 'Start of the span of time. Deliveries whose event was accepted at this time or later are sent again.',
    type: 'string',
    format: 'date-time',
    required: true,
  },
  {
    name: 'to',
    title: 'To',
    description: `End of the span of time, which is not included. Empty: now. A span has up to ${MAX_SPAN_DAYS} days.`,
    type: 'string',
    format: 'date-time',
  },
  {
    name: 'state',
    title: 'State',
    description:
      'Which deliveries are sent again: those that failed for good (dead), those that were held while the flow was paused, or both.',
    type: 'string',
    default: 'all',
    choices: [
      { value: 'all', title: 'Dead and held' },
      { value: 'dead', title: 'Dead' },
      { value: 'held', title: 'Held' },
    ],
  },
];

/** Operations that concern the caller's own flows. */
export const FLOW_OPERATIONS: readonly Operation[] = [
  list({
    operationId: OperationId.LIST_FLOWS,
    route: 'GET /flows',
    summary: 'List my flows',
    description: 'Lists the flows that this connection registered, with their state.',
    parameters: PAGING,
    response: 'Flows',
  }),
  read({
    operationId: OperationId.LIST_DELIVERIES,
    route: 'GET /flows/{flow}/deliveries',
    summary: 'List the deliveries of a flow',
    description:
      'Lists the deliveries to one of your flows, newest first: when each was sent, how the flow responded, and the id of the flow run. Of a flow with more than 5,000 deliveries, a page can lack the newest ones.',
    parameters: [FLOW, SKIP_TOKEN],
    success: { status: 200, description: 'One page of the deliveries.', response: 'Deliveries' },
    problems: ['invalid', 'not-found'],
    pageable: true,
  }),
  write({
    operationId: OperationId.SEND_TEST_EVENT,
    route: 'POST /flows/{flow}/test-events',
    summary: 'Send a test event',
    description:
      'Runs one of your flows once with a made-up event that its trigger waits for. The flow receives it with isTest: true. Each call, also a retry, sends another test event.',
    parameters: [FLOW],
    success: { status: 202, description: 'The test event will be sent.', response: 'TestEvent' },
    problems: ['not-found', 'not-active'],
  }),
  write({
    operationId: OperationId.REPLAY_DELIVERIES,
    route: 'POST /flows/{flow}/replays',
    summary: 'Replay the deliveries of a flow',
    description: `Sends the dead and held deliveries of one of your flows again, up to ${MAX_REPLAYED} per call. Each keeps its delivery id. If a call is repeated before a delivery is sent, the flow receives the delivery once.`,
    parameters: [FLOW],
    body: REPLAY_FIELDS,
    success: { status: 202, description: 'The deliveries will be sent.', response: 'Replay' },
    problems: ['not-found', 'not-active'],
  }),
];
