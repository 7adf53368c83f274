import type { OutputField } from '../../../power-automate/model';
import { outputValue } from '../../../power-automate/outputs';
import { type Html, html } from '../../html';
import { empty } from '../../parts';

/**
 * The outputs of an operation with their titles, as the designer offers them to the next steps.
 * @param documents paths of the HTML documents in the body, by their text.
 */
export function outputList(
  outputs: readonly OutputField[],
  body: unknown,
  documents: ReadonlyMap<string, string> = new Map(),
): Html {
  const found = outputs.flatMap((output) => {
    const value = outputValue(body, output);
    return value === undefined || value === null ? [] : [{ output, value }];
  });
  if (found.length === 0) return empty('The response has no outputs.');
  const isLong = ({ value }: { readonly value: unknown }) => Array.isArray(value) || documents.has(String(value));
  return html`<dl class="facts rows outputs">${found
    .filter((one) => !isLong(one))
    .map(({ output, value }) => html`<div><dt>${output.title}</dt><dd>${textOf(value)}</dd></div>`)}</dl>
${found.filter(isLong).map(({ output, value }) => longOutput(output, value, documents))}`;
}

function longOutput({ title, items }: OutputField, value: unknown, documents: ReadonlyMap<string, string>): Html {
  const document = documents.get(String(value));
  if (document !== undefined) {
    return html`<h5>${title}</h5><iframe class="document" sandbox src="${document}" title="${title}"></iframe>`;
  }
  const rows = value as readonly unknown[];
  return html`<h5>${title} <span class="small">(${rows.length})</span></h5>${
    rows.length === 0
      ? empty('The list is empty.')
      : items
        ? table(title, items, rows)
        : html`<p>${rows.map(textOf).join(', ')}</p>`
  }`;
}

/** The columns are the fields that an item has. */
function table(title: string, fields: readonly OutputField[], rows: readonly unknown[]): Html {
  const columns = fields.filter((field) => rows.some((row) => (outputValue(row, field) ?? undefined) !== undefined));
  return html`<div class="scrolled" tabindex="0" role="region" aria-label="${title}"><table><thead><tr>${columns.map((field) => html`<th scope="col">${field.title}</th>`)}</tr></thead>
<tbody>${rows.map((row) => html`<tr>${columns.map((field) => html`<td>${textOf(outputValue(row, field) ?? '')}</td>`)}</tr>`)}</tbody></table></div>`;
}

const textOf = (value: unknown): string => (typeof value === 'object' ? JSON.stringify(value) : String(value));
