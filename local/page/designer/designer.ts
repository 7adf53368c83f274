import { type ConnectorFile, type Field, readConnectorFile, type Trigger } from '../../power-automate/connector-file';
import { type ChangeResult, type Flow, type FlowIds, Flows } from '../../power-automate/flows';
import {
  type Connection,
  connectionTestRequest,
  type DropdownItem,
  dropdownItems,
  dropdownRequest,
  errorMessage,
  type FieldValues,
  type HttpClient,
  nextPageRequest,
} from '../../power-automate/requests';
import { readValues } from '../../power-automate/values';
import { UserError } from '../../shared/user-error';

/** Prefix of the form's inputs for the fields of a trigger. */
export const FIELD_PREFIX = 'field.';

/** What the designer shows. */
export interface DesignerView {
  /** The connector's title. */
  readonly title: string;
  readonly triggers: readonly Trigger[];
  /** Undefined: no trigger is chosen. */
  readonly form?: DesignerForm;
}

/** The form of a new flow or of an existing one. */
export interface DesignerForm {
  readonly trigger: Trigger;
  /** Undefined: a new flow. */
  readonly flow?: Flow;
  readonly name: string;
  /** Texts of the fields by name. A list has several. */
  readonly texts: Readonly<Record<string, readonly string[]>>;
  /** Why the flow was not saved, as sentences. */
  readonly problems: readonly string[];
}

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
/** Pages that a dropdown loads. */
const MAX_PAGES = 10;

/** Creates the connection, and tests it as Power Automate does. Throws a UserError if the API refuses it. */
export async function startDesigner(options: DesignerOptions): Promise<Designer> {
  const file = readConnectorFile(options.document);
  const connection: Connection = { headers: { [options.keyHeader]: await options.createKey() } };
  const test = connectionTestRequest(file, connection);
  const response = test && (await options.send(test));
  if (response && response.status !== 200) {
    throw new UserError(`the designer cannot connect to the connector's API: ${errorMessage(response)}`);
  }
  const { send, callbackBase, ids } = options;
  const flows = new Flows({ file, connection, send, callbackBase, ids, clock: Date.now, maxRuns: MAX_RUNS });
  return new Designer(file, connection, flows, options);
}

/** The flow designer of Power Automate for one connector and one connection, and the flows that it saved. */
export class Designer {
  constructor(
    private readonly file: ConnectorFile,
    private readonly connection: Connection,
    private readonly flows: Flows,
    private readonly options: Pick<DesignerOptions, 'send' | 'onChange'>,
  ) {}

  /** Newest first. */
  list(): Flow[] {
    return this.flows.list().reverse();
  }

  /** @param query `flow`: the flow to edit; `trigger`: the trigger of a new flow. */
  view(query: URLSearchParams): DesignerView {
    const flow = this.flows.find(query.get('flow') ?? '');
    if (flow) return this.viewOf({ flow, trigger: flow.trigger, name: flow.name, texts: textsOf(flow.values) });
    const trigger = this.trigger(query.get('trigger'));
    return this.viewOf(trigger && { trigger, name: trigger.summary, texts: defaultsOf(trigger.fields) });
  }

  /** Saves a new flow or an existing one. Returns the view with the problems if nothing was saved. */
  async save(form: URLSearchParams): Promise<{ readonly saved: Flow } | { readonly view: DesignerView }> {
    const flow = this.flows.find(form.get('flow') ?? '');
    const trigger = flow?.trigger ?? this.trigger(form.get('trigger'));
    if (!trigger) return { view: this.viewOf(undefined) };
    const name = flow?.name ?? (form.get('name')?.trim() || trigger.summary);
    const typed = { ...(flow && { flow }), trigger, name, texts: typedTexts(trigger.fields, form) };
    const read = readValues(trigger.fields, (field) => typed.texts[field] ?? []);
    if ('mistakes' in read) return { view: this.viewOf(typed, read.mistakes) };
    const result = await this.changed(
      flow ? this.flows.save(flow.id, read.values) : this.flows.create(name, trigger, read.values),
    );
    // Without a response, the flow is saved and its registration can be repeated.
    const isSaved = result.flow && (result.problem === undefined || result.flow.registration === 'unconfirmed');
    return result.flow && isSaved
      ? { saved: result.flow }
      : { view: this.viewOf({ ...typed, ...(result.flow && { flow: result.flow }) }, [result.problem ?? '']) };
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

  /** Loads the values of a field's dropdown. The problem is a sentence, as the designer shows it. */
  async dropdown(
    form: URLSearchParams,
    name: string,
  ): Promise<{ readonly items: readonly DropdownItem[] } | { readonly problem: string }> {
    const trigger = this.trigger(form.get('trigger'));
    const dropdown = trigger?.fields.find((field) => field.name === name)?.dropdown;
    if (!trigger || !dropdown) return { problem: 'The field has no list of values.' };
    // The author can still be filling in the other fields.
    const needed = Object.values(dropdown.arguments).flatMap((argument) =>
      'field' in argument ? [argument.field] : [],
    );
    const fields = trigger.fields.filter((field) => needed.includes(field.name));
    const read = readValues(
      fields.map((field) => ({ ...field, required: false })),
      (field) => form.getAll(FIELD_PREFIX + field),
    );
    if ('mistakes' in read) return { problem: read.mistakes.join(' ') };
    const first = dropdownRequest(this.file, trigger, dropdown, read.values, this.connection);
    if ('missing' in first) return { problem: `Fill in '${first.missing}' first.` };
    const items: DropdownItem[] = [];
    let request = first;
    for (let pages = 0; pages < MAX_PAGES; pages++) {
      const response = await this.options.send(request).catch(() => undefined);
      if (!response) return { problem: 'Could not load the values: the API did not respond.' };
      if (response.status !== 200) return { problem: `Could not load the values. ${errorMessage(response)}` };
      const page = dropdownItems(dropdown, response);
      if (!page) return { problem: 'Could not load the values: the response has no list.' };
      items.push(...page.items);
      if (page.nextLink === undefined) break;
      request = nextPageRequest(page.nextLink, request.url, this.connection);
    }
    return { items };
  }

  /** Answers a call of a flow. */
  receive(...call: Parameters<Flows['receive']>): ReturnType<Flows['receive']> {
    const response = this.flows.receive(...call);
    if (response.status === 202) this.options.onChange();
    return response;
  }

  private viewOf(form: Omit<DesignerForm, 'problems'> | undefined, problems: readonly string[] = []): DesignerView {
    const { title, triggers } = this.file;
    return { title, triggers, ...(form && { form: { ...form, problems } }) };
  }

  private trigger(operationId: string | null): Trigger | undefined {
    return this.file.triggers.find((one) => one.operationId === operationId);
  }

  private async changed(change: Promise<ChangeResult>): Promise<ChangeResult> {
    const result = await change;
    this.options.onChange();
    return result;
  }
}

const textsOf = (values: FieldValues): Record<string, string[]> =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, [value].flat().map(String)]));

const defaultsOf = (fields: readonly Field[]): Record<string, string[]> =>
  textsOf(
    Object.fromEntries(
      fields.flatMap(({ name, default: initial }) => (initial === undefined ? [] : [[name, initial]])),
    ),
  );

const typedTexts = (fields: readonly Field[], form: URLSearchParams): Record<string, string[]> =>
  Object.fromEntries(fields.map(({ name }) => [name, form.getAll(FIELD_PREFIX + name)]));
