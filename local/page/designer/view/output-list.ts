import { numberText } from '../../../../lambda/shared/core/number-text';
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
  const short = found.filter((one) => !isLong(one));
  return html`<div class="output-list">${
    short.length > 0 &&
    html`<dl class="facts rows outputs">${short.map(({ output, value }) => html`<div><dt>${output.title}</dt><dd>${outputText(value)}</dd></div>`)}</dl>`
  }${found.filter(isLong).map(({ output, value }) => longOutput(output, value, documents))}</div>`;
}

function longOutput({ title, items }: OutputField, value: unknown, documents: ReadonlyMap<string, string>): Html {
  const document = documents.get(String(value));
  if (document !== undefined) {
    return html`<div><h5>${title}</h5><iframe class="document" sandbox src="${document}" title="${title}"></iframe></div>`;
  }
  const rows = value as readonly unknown[];
  return html`<div><h5>${title} <span class="small">(${numberText(rows.length)})</span></h5>${
    rows.length === 0
      ? empty('The list is empty.')
      : items
        ? table(title, items, rows)
        : html`<p class="small">${rows.map(valueText).join(', ')}</p>`
  }</div>`;
}

/** The columns are the fields that an item has. */
function table(title: string, fields: readonly OutputField[], rows: readonly unknown[]): Html {
  const columns = fields
    .map((field) => ({ title: field.title, values: rows.map((row) => outputValue(row, field) ?? undefined) }))
    .filter(({ values }) => values.some((value) => value !== undefined))
    .map((column) => ({ ...column, style: column.values.every(isNumber) ? html` class="number"` : html`` }));
  return html`<div class="scrolled" tabindex="0" role="region" aria-label="${title}"><table><thead><tr>${columns.map(
    (column) => html`<th scope="col"${column.style}>${column.title}</th>`,
  )}</tr></thead>
<tbody>${rows.map(
    (_, n) =>
      html`<tr>${columns.map(({ values, style }) => html`<td${style}>${values[n] !== undefined && outputText(values[n])}</td>`)}</tr>`,
  )}</tbody></table></div>`;
}

const isNumber = (value: unknown): boolean => value === undefined || typeof value === 'number';

const TIME = /^\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:\d\d)$/;

function outputText(value: unknown): Html {
  if (value === '') return html`<span class="muted">empty</span>`;
  const time = typeof value === 'string' && TIME.test(value) ? Date.parse(value) : Number.NaN;
  if (Number.isNaN(time)) return html`${valueText(value)}`;
  return html`<time datetime="${String(value)}">${new Date(time).toISOString().slice(0, 19).replace('T', ' ')}</time>`;
}

function valueText(value: unknown): string {
  if (typeof value === 'number') return numberText(value);
  if (typeof value === 'boolean') return value ? 'Yes' : 'No';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
