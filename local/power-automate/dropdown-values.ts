import type { ConnectorFile, Dropdown, Field, FieldValues } from './model';
import { type Caller, readPages } from './pages';
import { type DropdownItem, dropdownItems, dropdownRequest, errorMessage } from './requests';

/** The values of a dropdown, or why the designer cannot load them, as a sentence. */
export type DropdownValues = { readonly items: readonly DropdownItem[] } | { readonly problem: string };

/**
 * Loads the values of a dropdown.
 * @param fields the fields of the same form.
 * @param values of the fields that the author has filled in so far.
 */
export async function dropdownValues(
  file: Pick<ConnectorFile, 'baseUrl'>,
  fields: readonly Field[],
  dropdown: Dropdown,
  values: FieldValues,
  caller: Caller,
): Promise<DropdownValues> {
  const first = dropdownRequest(file, fields, dropdown, values, caller.connection);
  if ('missing' in first) return { problem: `Fill in '${first.missing}' first.` };
  const { responses, isLost, wrongLink } = await readPages(first, dropdown.operation, caller);
  if (isLost) return { problem: 'Could not load the values: the API did not respond.' };
  const failed = responses.find(({ status }) => status !== 200);
  if (failed) return { problem: `Could not load the values. ${errorMessage(failed)}` };
  if (wrongLink) return { problem: 'Could not load all values: the link to the next page leads to another server.' };
  const pages = responses.map((response) => dropdownItems(dropdown, response));
  return pages.includes(undefined)
    ? { problem: 'Could not load the values: the response has no list.' }
    : { items: pages.flatMap((items) => items ?? []) };
}
