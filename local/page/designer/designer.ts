import { readConnectorFile } from '../../power-automate/connector-file';
import { type DropdownValues, dropdownValues } from '../../power-automate/dropdown-values';
import type { ChangeResult, Flow, FlowIds } from '../../power-automate/flow';
import { Flows } from '../../power-automate/flows';
import type { Action, ConnectorFile, Trigger } from '../../power-automate/model';
import { withoutAddresses } from '../../power-automate/outputs';
import type { Caller } from '../../power-automate/pages';
import { connectionTestRequest, errorMessage, type HttpClient } from '../../power-automate/requests';
import { runAction } from '../../power-automate/run-action';
import { readValues } from '../../power-automate/values';
import { UserError } from '../../shared/user-error';
import { Documents } from './documents';
import type { ActionForm, DesignerForm, DesignerView, FlowForm } from './forms/forms';
import { type Reporting, reportingAction, reportingOf, reportingOfFlow, reportingSteps } from './forms/reporting';
import { defaultTexts, FIELD_PREFIX, textsOf, typedTexts } from './forms/texts';

export interface DesignerOptions {
  /** The exported definition of the connector, parsed. The designer knows nothing else about the connector. */
  readonly document: unknown;
  /** Creates an API key for the designer's connection. */
  readonly createKey: () => Promise<string>;
  /** Header of the key, which the policy of the exported connector sets. */
  readonly keyHeader: string;
  readonly send: HttpClient;
  /** Address that receives the callbacks. */
  readonly callbackBase: string;
  readonly ids: FlowIds;
  /** Called when a flow or its runs changed. */
  readonly onChange: () => void;
}

/** Runs that each flow shows. */
const MAX_RUNS = 50;

/** Creates the connection, and tests it as Power Automate does. Throws a UserError if the API refuses it. */
export async function startDesigner(options: DesignerOptions): Promise<Designer> {
  const { send, callbackBase, ids, onChange } = options;
  const file = readConnectorFile(options.document);
  const caller: Caller = { connection: { headers: { [options.keyHeader]: await options.createKey() } }, send };
  const test = connectionTestRequest(file, caller.connection);
  const response = test && (await send(test));
  if (response && response.status !== 200) {
    throw new UserError(`the designer cannot connect to the connector's API: ${errorMessage(response)}`);
  }
  const flows = new Flows({
    ...{ file, ...caller, callbackBase, ids, clock: Date.now, maxRuns: MAX_RUNS, onRun: onChange },
  });
  return new Designer(file, caller, flows, onChange);
}

/** The flow designer of Power Automate for one connector and one connection, and the flows that it saved. */
export class Designer {
  private readonly documents = new Documents();

  constructor(
    private readonly file: ConnectorFile,
    private readonly caller: Caller,
    private readonly flows: Flows,
    private readonly onChange: () => void,
  ) {}

  /** Newest first. */
  list(): Flow[] {
    return this.flows.list().reverse();
  }

  /** @param query `flow`: the flow to edit; `trigger`: the trigger of a new flow; `action`: the action to test. */
  view(query: URLSearchParams): DesignerView {
    const flow = this.flows.find(query.get('flow') ?? '');
    if (flow) {
      const { trigger, name, content } = flow;
      return this.flowView({ flow, trigger, name, texts: textsOf(content.values) }, reportingOfFlow(content));
    }
    const trigger = this.trigger(query);
    if (trigger) return this.flowView({ trigger, name: trigger.summary, texts: defaultTexts(trigger.fields) });
    const action = this.action(query);
    return this.viewOf(action && { action, texts: defaultTexts(action.fields), problems: [] });
  }

  /** Saves a new flow or an existing one. Returns the view with the problems if nothing was saved. */
  async save(form: URLSearchParams): Promise<{ readonly saved: Flow } | { readonly view: DesignerView }> {
    const flow = this.flows.find(form.get('flow') ?? '');
    const trigger = flow?.trigger ?? this.trigger(form);
    if (!trigger) return { view: this.viewOf() };
    const name = flow?.name ?? (form.get('name')?.trim() || trigger.summary);
    const reporting = reportingOf(form.get('reporting'));
    const typed = { ...(flow && { flow }), trigger, name, texts: typedTexts(trigger.fields, form) };
    const read = readValues(trigger.fields, (field) => typed.texts[field] ?? []);
    if ('mistakes' in read) return { view: this.flowView(typed, reporting, read.mistakes) };
    const content = { values: read.values, ...reportingSteps(reportingAction(this.file, trigger), reporting) };
    const result = await this.changed(
      flow ? this.flows.save(flow.id, content) : this.flows.create(name, trigger, content),
    );
    // Without a response, the flow is saved and its registration can be repeated.
    const isSaved = result.flow && (result.problem === undefined || result.flow.registration === 'unconfirmed');
    if (result.flow && isSaved) return { saved: result.flow };
    const shown = { ...typed, ...(result.flow && { flow: result.flow }) };
    return { view: this.flowView(shown, reporting, [result.problem ?? '']) };
  }

  /** Changes a flow without saving it. An unknown change has no effect. */
  async change(id: string, change: string): Promise<void> {
    const changes: Readonly<Record<string, () => Promise<ChangeResult>>> = {
      off: () => this.flows.switchOff(id),
      on: () => this.flows.switchOn(id),
      retry: () => this.flows.retry(id),
      delete: () => this.flows.delete(id),
    };
    if (Object.hasOwn(changes, change)) await this.changed(changes[change]?.() ?? Promise.resolve({}));
  }

  /** Runs an action with the typed inputs. Returns the view with its result. */
  async test(form: URLSearchParams): Promise<DesignerView> {
    const action = this.action(form);
    if (!action) return this.viewOf();
    const typed: ActionForm = { action, texts: typedTexts(action.fields, form), problems: [] };
    const read = readValues(action.fields, (field) => typed.texts[field] ?? []);
    if ('mistakes' in read) return this.viewOf({ ...typed, problems: read.mistakes });
    const result = await runAction(this.file, action, read.values, this.caller);
    // What an action changes can appear elsewhere on the page.
    this.onChange();
    const body = withoutAddresses(result.body, this.file.baseUrl);
    return this.viewOf({ ...typed, result: { ...result, body, documents: this.documents.add(body) } });
  }

  /** The HTML document of a result. Undefined: there is no such document any more. */
  document(path: string): string | undefined {
    return this.documents.find(path);
  }

  /** Loads the values of a field's dropdown. The problem is a sentence, as the designer shows it. */
  async dropdown(form: URLSearchParams, name: string): Promise<DropdownValues> {
    const { fields = [] } = this.trigger(form) ?? this.action(form) ?? {};
    const dropdown = fields.find((field) => field.name === name)?.dropdown;
    if (!dropdown) return { problem: 'The field has no list of values.' };
    // The author can still be filling in the other fields.
    const needed = Object.values(dropdown.arguments).flatMap((argument) =>
      'field' in argument ? [argument.field] : [],
    );
    const read = readValues(
      fields.filter((field) => needed.includes(field.name)).map((field) => ({ ...field, required: false })),
      (field) => form.getAll(FIELD_PREFIX + field),
    );
    if ('mistakes' in read) return { problem: read.mistakes.join(' ') };
    return dropdownValues(this.file, fields, dropdown, read.values, this.caller);
  }

  /** Answers a call of a flow. */
  receive(...call: Parameters<Flows['receive']>): ReturnType<Flows['receive']> {
    return this.flows.receive(...call);
  }

  private flowView(
    form: Omit<FlowForm, 'problems' | 'reporting'>,
    chosen: Reporting = 'never',
    problems: readonly string[] = [],
  ): DesignerView {
    const action = reportingAction(this.file, form.trigger);
    return this.viewOf({ ...form, ...(action && { reporting: { action, chosen } }), problems });
  }

  private viewOf(form?: DesignerForm): DesignerView {
    const { title, triggers, actions } = this.file;
    return { title, triggers, actions, ...(form && { form }) };
  }

  private trigger(form: URLSearchParams): Trigger | undefined {
    return this.file.triggers.find(({ operationId }) => operationId === form.get('trigger'));
  }

  private action(form: URLSearchParams): Action | undefined {
    return this.file.actions.find(({ operationId }) => operationId === form.get('action'));
  }

  private async changed(change: Promise<ChangeResult>): Promise<ChangeResult> {
    const result = await change;
    this.onChange();
    return result;
  }
}
