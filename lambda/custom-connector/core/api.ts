import {
  API_BASE_PATH,
  type ConnectorActionId,
  type ConnectorRoute,
  DEFINITION_VERSION,
} from '../../../contract/custom-connector';
import { TRIGGER_IDS, type TriggerId } from '../../../contract/events';
import type { DeliveryLog, OutcomeStore } from '../../delivery/core/ports';
import type { EventPublisher } from '../../events/core/ports';
import { type CallbackOptions, checkCallback } from '../../registration/core/callback';
import { type FlowRegistrationPorts, registerFlow, unregisterFlow } from '../../registration/core/flow-registration';
import { readBody } from './body';
import { CALLBACK_FIELD } from './definition/operations';
import type { ResponseBody, ResponseName } from './definition/responses';
import { listDeliveries } from './flows/list-deliveries';
import { listFlows } from './flows/list-flows';
import { replayDeliveries, type SendPorts, sendTestEvent } from './flows/send-to-flow';
import { type ApiRequest, type ApiResponse, type Caller, problem } from './http';
import { type OutcomePorts, reportOutcome, reportOutcomeByLink } from './outcomes/report-outcome';
import type { RefreshReader, SignInPorts, SubjectReader } from './ports';
import { getDataSource, listRefreshes } from './reading/data-sources';
import { getMeasure, getSegment, type MetricPorts } from './reading/metrics';
import { getStatus } from './reading/status';
import { REPORTS, reportEvent } from './reports/report';
import { signIn } from './sign-in';
import { listMembers, listSubjects } from './subjects';
import { readTriggerRequest } from './trigger-request';

export interface ApiPorts {
  readonly actions: readonly ConnectorActionId[];
  readonly connectorId: string;
  readonly signIn: SignInPorts;
  readonly registration: FlowRegistrationPorts;
  readonly subjects: SubjectReader;
  readonly refreshes: RefreshReader;
  readonly thresholds: MetricPorts['thresholds'];
  readonly deliveries: Pick<SendPorts, 'kept' | 'send' | 'newId'> & { readonly log: DeliveryLog };
  readonly outcomes: OutcomeStore;
  readonly events: EventPublisher;
  readonly callbacks: CallbackOptions;
  /** Flows that one caller may register. */
  readonly maxFlows: number;
  /** From the unregistration of a flow to the removal of its subscription, milliseconds. */
  readonly endGrace: number;
}

/** Log messages of the API. Each comment lists the message's details. */
export const ApiMessage = {
  /** `by`, `trigger`, `code`, `reason` */
  REFUSED: 'a registration was refused',
} as const;

/** Serves a request that API Gateway routed. */
export async function serve(request: ApiRequest, ports: ApiPorts): Promise<ApiResponse> {
  const route = request.route.replace(` ${API_BASE_PATH}/`, ' /');
  // The id alone authorizes the request: Power Automate sends it without the sign-in of the connection.
  if (route === UNREGISTER) return unregister(request, ports);
  if (route === REPORT_BY_LINK) return reportOutcomeByLink(request, outcomePorts(ports));
  if (!Object.hasOwn(SIGNED_IN, route)) return problem('not-found', 'The API has no such operation.');
  const result = await signIn(request, ports.signIn);
  return 'refusal' in result ? result.refusal : SIGNED_IN[route as SignedInRoute](request, result.caller, ports);
}

const UNREGISTER = 'DELETE /registrations/{id}' satisfies ConnectorRoute;
const REPORT_BY_LINK = 'POST /outcomes/{link}' satisfies ConnectorRoute;
type SignedInRoute = Exclude<ConnectorRoute, typeof UNREGISTER | typeof REPORT_BY_LINK>;

/** The operations of signed-in callers. */
const SIGNED_IN: Readonly<
  Record<SignedInRoute, (request: ApiRequest, caller: Caller, ports: ApiPorts) => Promise<ApiResponse>>
> = {
  'POST /triggers/{trigger}': registerTrigger,
  'GET /me': async (_, { id, name }, { connectorId }) =>
    ok<'Caller'>({ id, name, connector: connectorId, version: DEFINITION_VERSION }),
  'GET /data-sources': (request, _, { subjects }) => listSubjects('data-source', request, subjects),
  'GET /segments': (request, _, { subjects }) => listSubjects('segment', request, subjects),
  'GET /measures': (request, _, { subjects }) => listSubjects('measure', request, subjects),
  'GET /measure-members': (request, _, { thresholds }) => listMembers(request, thresholds),
  'GET /data-source': (request, _, { refreshes }) => getDataSource(request, refreshes),
  'GET /data-source-refreshes': (request, _, { refreshes }) => listRefreshes(request, refreshes),
  'GET /segment': (request, _, ports) => getSegment(request, metricPorts(ports)),
  'GET /measure': (request, _, ports) => getMeasure(request, metricPorts(ports)),
  'GET /status': (request, _, { refreshes, registration }) => getStatus(request, refreshes, registration.clock),
  'GET /flows': (request, caller, { registration }) => listFlows(request, caller, registration),
  'GET /flows/{flow}/deliveries': (request, caller, { registration: { subscriptions }, deliveries: { log } }) =>
    listDeliveries(request, caller, { log, subscriptions }),
  'POST /flows/{flow}/test-events': (request, caller, ports) => sendTestEvent(request, caller, sendPorts(ports)),
  'POST /flows/{flow}/replays': (request, caller, ports) => replayDeliveries(request, caller, sendPorts(ports)),
  'POST /outcomes': (request, caller, ports) => reportOutcome(request, caller, outcomePorts(ports)),
  'POST /refreshes': (request, caller, ports) => report('refresh', request, caller, ports),
  'POST /member-counts': (request, caller, ports) => report('memberCount', request, caller, ports),
  'POST /measure-values': (request, caller, ports) => report('measureValue', request, caller, ports),
};

const outcomePorts = ({ registration: { subscriptions, clock, telemetry }, outcomes }: ApiPorts): OutcomePorts => ({
  subscriptions,
  clock,
  telemetry,
  outcomes,
});

const metricPorts = ({ thresholds, registration }: ApiPorts): MetricPorts => ({
  thresholds,
  subscriptions: registration.subscriptions,
});

const sendPorts = ({ registration: { subscriptions, clock, telemetry }, deliveries }: ApiPorts): SendPorts => ({
  subscriptions,
  clock,
  telemetry,
  ...deliveries,
});

const report = (
  kind: keyof typeof REPORTS,
  request: ApiRequest,
  caller: Caller,
  { events, registration: { clock, telemetry } }: ApiPorts,
): Promise<ApiResponse> => reportEvent(REPORTS[kind], request, caller, { events, clock, telemetry });

const ok = <Name extends ResponseName>(body: ResponseBody<Name>): ApiResponse => ({ status: 200, body });

async function registerTrigger(request: ApiRequest, caller: Caller, ports: ApiPorts): Promise<ApiResponse> {
  const trigger = TRIGGER_IDS.find((id) => id === request.parameters.trigger);
  if (!trigger) return problem('not-found', `The API has no such trigger; the triggers are ${TRIGGER_IDS.join(', ')}.`);
  const response = await registration(trigger, request, caller, ports);
  if (response.status !== 201) {
    const { code, message } = response.body as ResponseBody<'Problem'>;
    ports.registration.telemetry.warn(ApiMessage.REFUSED, { by: caller.id, trigger, code, reason: message });
  }
  return response;
}

async function registration(
  trigger: TriggerId,
  request: ApiRequest,
  caller: Caller,
  { actions, callbacks, maxFlows, registration: ports }: ApiPorts,
): Promise<ApiResponse> {
  const read = readBody(request);
  if ('problem' in read) return read.problem;
  const url = Object.hasOwn(read.body, CALLBACK_FIELD) ? read.body[CALLBACK_FIELD] : undefined;
  if (typeof url !== 'string') {
    return problem('invalid', `Callback URL: "${CALLBACK_FIELD}" is missing; Power Automate fills it in.`);
  }
  const callback = checkCallback(url, callbacks);
  if ('reason' in callback) return problem('invalid', `Callback URL: ${callback.reason}`);
  const checked = readTriggerRequest(trigger, read.body, callback.subscription, actions);
  if ('reason' in checked) return problem('invalid', checked.reason);
  const { definition } = checked;
  const outcome = await registerFlow({ callback, definition, caller: caller.id, limit: maxFlows }, ports);
  if ('code' in outcome) {
    // The dimensions are the only field whose check reads tables.
    return problem(outcome.code, outcome.code === 'invalid' ? `Dimensions: ${outcome.message}.` : outcome.message);
  }
  const location = `${request.origin}${API_BASE_PATH}/registrations/${outcome.location}`;
  const body: ResponseBody<'Registration'> = { subscription: callback.subscription };
  return { status: 201, headers: { location }, body };
}

async function unregister({ parameters }: ApiRequest, { endGrace, registration }: ApiPorts): Promise<ApiResponse> {
  await unregisterFlow(parameters.id ?? '', endGrace, registration);
  return { status: 200 };
}
