import { jsonObject } from '../shared/json';
import { formatCallbackUrl, readCallbackUrl, stepName } from './callback-url';
import type { ChangeResult, Flow, FlowContent, FlowIds, FlowRun, RegistrationState } from './flow';
import { runSteps, workResult } from './flow-steps';
import type { ConnectorFile, Trigger } from './model';
import { withoutAddresses } from './outputs';
import type { Caller } from './pages';
import {
  errorMessage,
  type HttpRequest,
  type HttpResponse,
  registrationRequest,
  unregistrationRequest,
} from './requests';

export interface FlowsOptions extends Caller {
  readonly file: ConnectorFile;
  /** Start of callback URLs, such as `http://127.0.0.1:4000`. */
  readonly callbackBase: string;
  readonly ids: FlowIds;
  /** Epoch milliseconds. */
  readonly clock: () => number;
  /**
   * Order of the two requests when a flow that is on is saved again. The order of Power Automate is not documented.
   *
   * @default 'register-first'
   */
  readonly editOrder?: 'register-first' | 'unregister-first';
  /** Runs that a flow keeps. */
  readonly maxRuns: number;
  /** Called when a run starts or ends. */
  readonly onRun: () => void;
}

/** A request to a callback URL. */
export interface CallbackRequest {
  readonly method: string;
  /** The path with the query. */
  readonly target: string;
  readonly body: string;
}

interface Version {
  readonly number: string;
  readonly signature: string;
  readonly content: FlowContent;
}

interface Registered {
  /** The `Location`. A credential: with it, anyone can end the registration. */
  readonly value: string;
  readonly registrationUrl: string;
}

interface StoredFlow {
  readonly id: string;
  readonly name: string;
  readonly trigger: Trigger;
  version: Version;
  isOn: boolean;
  registration: RegistrationState;
  /** The last registration that the API confirmed and that was not ended. */
  location?: Registered;
  problem?: string;
  runs: readonly FlowRun[];
  /** Number of runs since the flow was created. */
  started: number;
  /** The last change. A flow's changes come one after another. */
  lastChange: Promise<unknown>;
}

/**
 * Flows of Power Automate, as far as the API of a custom connector notices them.
 *
 * - A save or a switch to on registers the trigger, and a removal sends DELETE to the `Location` of the response
 *   (Microsoft training, *Webhook trigger*; *Subscribe and wait for events … using HTTP webhooks* for the switch).
 * - Each save has a new version, and so a new callback URL for the same workflow id.
 * - A callback of an old version is answered with 404 `WorkflowTriggerVersionNotFound`, one of a deleted flow with 404
 *   `WorkflowNotFound`, one of a flow that is off with 400 `WorkflowTriggerIsNotEnabled` (Business Central base
 *   application, codeunit *Workflow Webhook Notification*).
 *
 * Assumptions, because no source describes them: a refused registration leaves the flow as it was; without a response the
 * flow keeps its new version, and the request can be repeated.
 */
export class Flows {
  private readonly flows = new Map<string, StoredFlow>();

  constructor(private readonly options: FlowsOptions) {}

  /** In the order of their creation. */
  list(): Flow[] {
    return [...this.flows.values()].map(shown);
  }

  find(id: string): Flow | undefined {
    const flow = this.flows.get(id);
    return flow && shown(flow);
  }

  /** Saves a new flow, which is on. */
  async create(name: string, trigger: Trigger, content: FlowContent): Promise<ChangeResult> {
    const flow: StoredFlow = {
      ...{ id: this.options.ids.workflow(), name, trigger, version: this.newVersion(content) },
      ...{ isOn: true, registration: 'none', runs: [], started: 0, lastChange: Promise.resolve() },
    };
    // The API can call the flow before the response arrives.
    this.flows.set(flow.id, flow);
    return this.change(flow.id, async () => {
      if ((await this.register(flow)) === 'refused') this.flows.delete(flow.id);
    });
  }

  /** Saves a flow again. */
  save(id: string, content: FlowContent): Promise<ChangeResult> {
    return this.change(id, async (flow) => {
      const { version: previous } = flow;
      flow.version = this.newVersion(content);
      if (!flow.isOn) return;
      if (this.options.editOrder === 'unregister-first') await this.unregister(flow);
      if ((await this.register(flow)) === 'refused') flow.version = previous;
    });
  }

  /** Repeats the registration of a flow that is on and whose registration is not confirmed. */
  retry(id: string): Promise<ChangeResult> {
    return this.change(id, async (flow) => {
      if (flow.isOn && flow.registration !== 'registered') await this.register(flow);
    });
  }

  switchOff(id: string): Promise<ChangeResult> {
    return this.change(id, async (flow) => {
      flow.isOn = false;
      await this.unregister(flow);
    });
  }

  switchOn(id: string): Promise<ChangeResult> {
    return this.change(id, async (flow) => {
      if (flow.isOn) return;
      flow.isOn = true;
      if ((await this.register(flow)) === 'refused') flow.isOn = false;
    });
  }

  delete(id: string): Promise<ChangeResult> {
    return this.change(id, async (flow) => {
      this.flows.delete(id);
      await this.unregister(flow);
    });
  }

  /** Answers a callback. An accepted one is a run of the flow. */
  receive({ method, target, body }: CallbackRequest): HttpResponse {
    const callback = readCallbackUrl(target);
    const flow = callback && this.flows.get(callback.workflow);
    if (!flow) return refusal(404, 'WorkflowNotFound', 'The workflow could not be found.');
    if (method !== 'POST') return refusal(405, 'MethodNotAllowed', 'The trigger accepts only POST requests.');
    const { number: version, signature } = flow.version;
    if (callback.trigger !== stepName(flow.trigger) || callback.version !== version) {
      return refusal(404, 'WorkflowTriggerVersionNotFound', 'The version of the trigger could not be found.');
    }
    if (callback.signature !== signature) {
      return refusal(401, 'DirectApiAuthorizationRequired', 'The URL has no signature, or it was cut.');
    }
    if (!flow.isOn) return refusal(400, 'WorkflowTriggerIsNotEnabled', 'The trigger is not enabled.');
    const content = jsonObject(body);
    if (!content) return refusal(400, 'InvalidRequestContent', 'The request content is not a JSON object.');
    const run = this.startRun(flow, content);
    const headers = {
      'x-ms-workflow-id': flow.id,
      'x-ms-workflow-version': version,
      'x-ms-workflow-run-id': run.id,
      'x-ms-client-tracking-id': run.id,
    };
    return { status: 202, headers, body: '' };
  }

  /** Starts a run. Its steps run after the callback is answered. */
  private startRun(flow: StoredFlow, body: FlowRun['body']): FlowRun {
    const { ids, clock, file, maxRuns, onRun } = this.options;
    const { number: version, content } = flow.version;
    const state = content.steps.length === 0 ? 'succeeded' : 'running';
    const shownBody = withoutAddresses(body, file.baseUrl);
    const run: FlowRun = { id: ids.run(), version, at: clock(), body: shownBody, state, steps: [] };
    flow.runs = [run, ...flow.runs].slice(0, maxRuns);
    const work = workResult(content.work, ++flow.started);
    if (state === 'running' && work !== undefined) {
      void runSteps(file, content.steps, body, work, this.options).then((end) => {
        flow.runs = flow.runs.map((one) => (one.id === run.id ? { ...one, ...end } : one));
        onRun();
      });
    }
    onRun();
    return run;
  }

  private newVersion(content: FlowContent): Version {
    const { ids } = this.options;
    return { number: ids.version(), signature: ids.signature(), content };
  }

  /** Runs a change of a flow after its earlier ones. */
  private change(id: string, act: (flow: StoredFlow) => Promise<void>): Promise<ChangeResult> {
    const flow = this.flows.get(id);
    const last = (flow?.lastChange ?? Promise.resolve()).then(async (): Promise<ChangeResult> => {
      const current = this.flows.get(id);
      if (!current) return { problem: 'The flow does not exist any more.' };
      current.problem = undefined;
      await act(current);
      const { problem } = current;
      return { ...(this.flows.has(id) && { flow: shown(current) }), ...(problem !== undefined && { problem }) };
    });
    if (flow) flow.lastChange = last;
    return last;
  }

  /** Registers the current version, and ends the registration that it replaces. A refusal changes only the problem. */
  private async register(flow: StoredFlow): Promise<'registered' | 'unconfirmed' | 'refused'> {
    const { file, connection, callbackBase } = this.options;
    const { id, trigger, version } = flow;
    const target = { workflow: id, trigger: stepName(trigger), version: version.number, signature: version.signature };
    const callbackUrl = formatCallbackUrl(target, callbackBase);
    const request = registrationRequest(file, trigger, version.content.values, callbackUrl, connection);
    const response = await this.response(request);
    const problem = problemOf(response);
    flow.problem = problem;
    if (response === undefined || response.status === 429 || response.status >= 500) {
      flow.registration = 'unconfirmed';
      return 'unconfirmed';
    }
    if (problem !== undefined) return 'refused';
    const { location: replaced } = flow;
    const value = response.headers.location;
    flow.location = value === undefined ? undefined : { value, registrationUrl: request.url };
    flow.registration = 'registered';
    if (value === undefined) flow.problem = 'The API returned no Location, so the flow cannot unregister.';
    if (replaced) await this.end(replaced);
    return 'registered';
  }

  private async unregister(flow: StoredFlow): Promise<void> {
    const { location } = flow;
    flow.location = undefined;
    flow.registration = 'none';
    if (location) flow.problem = await this.end(location);
  }

  /** Sends DELETE once. Returns the problem, if any: Power Automate only attempts it. */
  private async end({ value, registrationUrl }: Registered): Promise<string | undefined> {
    const request = unregistrationRequest(value, registrationUrl);
    return request ? problemOf(await this.response(request)) : 'The Location of the registration is not an address.';
  }

  private response(request: HttpRequest): Promise<HttpResponse | undefined> {
    return this.options.send(request).catch(() => undefined);
  }
}

/** The problem as a sentence, or undefined if the request succeeded. */
function problemOf(response: HttpResponse | undefined): string | undefined {
  if (!response) return 'The API did not respond.';
  return response.status >= 200 && response.status <= 299 ? undefined : errorMessage(response);
}

const shown = ({ id, name, trigger, version, isOn, registration, problem, runs }: StoredFlow): Flow => ({
  ...{ id, name, trigger, content: version.content, version: version.number },
  ...{ state: isOn ? 'on' : 'off', registration, runs },
  ...(problem !== undefined && { problem }),
});

const refusal = (status: number, code: string, message: string): HttpResponse => ({
  status,
  headers: { 'content-type': 'application/json; charset=utf-8' },
  body: JSON.stringify({ error: { code, message } }),
});
