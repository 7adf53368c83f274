import type { Choice, Field } from '../../../power-automate/model';
import { listedChoices } from '../../../power-automate/values';
import { type Html, html } from '../../html';
import { FIELD_PREFIX, type Texts } from '../forms/texts';

/** The inputs of an operation as the flow designer shows them: the advanced ones behind a switch. */
export function fieldInputs(fields: readonly Field[], texts: Texts): Html {
  const shown = fields.filter(({ visibility }) => visibility !== 'internal');
  const advanced = shown.filter(({ visibility }) => visibility === 'advanced');
  const inputOf = (field: Field): Html => fieldInput(field, texts[field.name] ?? []);
  return html`<div class="fields">${shown.filter(({ visibility }) => visibility !== 'advanced').map(inputOf)}</div>
${
  advanced.length > 0 &&
  html`<details class="field"${isTyped(texts, advanced) ? html` open` : html``}><summary>Show advanced (${advanced.length})</summary><div class="fields">${advanced.map(inputOf)}</div></details>`
}`;
}

/** Why a form was not accepted. */
export const problemList = (problems: readonly string[]): Html | false =>
  problems.length > 0 &&
  html`<div role="alert" class="reason">${problems.map((problem) => html`<p>${problem}</p>`)}</div>`;

/** Whether an advanced field has another value than its default. */
const isTyped = (texts: Texts, fields: readonly Field[]): boolean =>
  fields.some(({ name, default: initial }) =>
    (texts[name] ?? []).some((text) => text !== '' && text !== String(initial ?? '')),
  );

function fieldInput(field: Field, texts: readonly string[]): Html {
  const { name, title, description, required } = field;
  const id = `field-${name}`;
  const mark = required && html` <span class="required" aria-hidden="true">*</span>`;
  const hint = description && html`<p class="small" id="${id}-hint">${description}</p>`;
  if (field.isList && field.choices) {
    return html`<fieldset class="field"><legend>${title}${mark}</legend>${field.choices.map(
      (choice) =>
        html`<label class="check"><input type="checkbox" name="${FIELD_PREFIX}${name}" value="${String(choice.value)}"${isOneOf(texts, choice)}> ${choice.title}</label>`,
    )}${hint}</fieldset>`;
  }
  const attributes = html`id="${id}" name="${FIELD_PREFIX}${name}"${required ? html` aria-required="true"` : html``}${description ? html` aria-describedby="${id}-hint"` : html``}`;
  return html`<div class="field"><label for="${id}">${title}${mark}</label>
${input(field, texts, attributes)}${hint}</div>`;
}

function input(field: Field, texts: readonly string[], attributes: Html): Html {
  const { name, type, format, required, dropdown } = field;
  const [text = ''] = texts;
  const listed = listedChoices(field);
  if (listed) {
    return html`<select ${attributes}>${(!required || text === '') && html`<option value=""></option>`}${listed.map(
      (choice) =>
        html`<option value="${String(choice.value)}"${isOneOf(texts, choice, 'selected')}>${choice.title}</option>`,
    )}</select>`;
  }
  const keyboard = type === 'string' ? html`` : html` inputmode="decimal"`;
  const example = format === 'date-time' ? html` placeholder="yyyy-MM-ddTHH:mm:ssZ"` : html``;
  if (!dropdown) return html`<input ${attributes}${keyboard}${example} value="${text}" spellcheck="false">`;
  const list = `values-${name}`;
  return html`<input ${attributes}${keyboard} value="${text}" spellcheck="false" list="${list}" data-dropdown="${name}">
<datalist id="${list}"></datalist><p class="small" role="status" data-values="${name}"></p>`;
}

const isOneOf = (texts: readonly string[], { value }: Choice, attribute: 'checked' | 'selected' = 'checked'): Html =>
  texts.includes(String(value)) ? (attribute === 'checked' ? html` checked` : html` selected`) : html``;
