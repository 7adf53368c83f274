import { jsonObject } from '../shared/json';
import type { Action, ConnectorFile, FieldValues } from './model';
import { type Caller, type Pages, readPages } from './pages';
import { errorMessage, type HttpResponse, operationRequest, parsed } from './requests';
import { schemaFaults } from './schema';
import { valueMistakes } from './values';

/** Property of a paged response with its items. */
const ITEMS = 'value';

export interface ActionResult {
  /** Undefined: nothing was sent, or no response arrived. */
  readonly status?: number;
  /** Parsed. Its list has the items of all pages. */
  readonly body?: unknown;
  /** Why the action failed, as sentences. Empty: it succeeded. */
  readonly problems: readonly string[];
  /** Where the response differs from the file, which is a mistake of the API or of the file. */
  readonly faults: readonly string[];
}

/**
 * Runs an action as a flow does: checks the inputs, sends what the file describes, and follows the links to further pages. The
 * check of the response is this stand-in's own: Power Automate ignores what it does not know.
 */
export async function runAction(
  file: Pick<ConnectorFile, 'baseUrl'>,
  action: Action,
  values: FieldValues,
  caller: Caller,
): Promise<ActionResult> {
  const mistakes = valueMistakes(action.fields, values);
  if (mistakes.length > 0) return { problems: mistakes, faults: [] };
  const pages = await readPages(operationRequest(file, action, values, caller.connection), action, caller);
  const last = pages.responses.at(-1);
  const faults = [...new Set(pages.responses.flatMap((response) => responseFaults(action, response)))];
  if (pages.wrongLink) faults.push(`${action.nextLinkName} does not lead to the server of the API`);
  if (!last || pages.isLost) return { problems: ['The API did not respond.'], faults };
  return {
    ...{ status: last.status, body: bodyOf(pages, action), faults },
    problems: last.status >= 200 && last.status <= 299 ? [] : [errorMessage(last)],
  };
}

/** Where a response differs from what the file declares for its status. */
function responseFaults({ responses }: Action, { status, body }: HttpResponse): string[] {
  const declared = responses.get(String(status)) ?? responses.get('default');
  if (!declared) return [`the file does not declare the status ${status}`];
  if (!declared.schema) return [];
  const content = parsed(body);
  return content === undefined ? [`the body of status ${status} is not JSON`] : schemaFaults(declared.schema, content);
}

/**
 * The body of the last response, without the link to a next page. In a list, the items of earlier pages come first.
 */
function bodyOf({ responses }: Pages, { nextLinkName }: Action): unknown {
  const last = parsed(responses.at(-1)?.body ?? '');
  if (nextLinkName === undefined || typeof last !== 'object' || last === null || !(ITEMS in last)) return last;
  const items = responses.flatMap(({ body }) => jsonObject(body)?.[ITEMS] ?? []);
  const { [nextLinkName]: _, ...rest } = last as Readonly<Record<string, unknown>>;
  return { ...rest, [ITEMS]: items };
}
