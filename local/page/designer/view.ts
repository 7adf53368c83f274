import type { Choice, Field, Trigger } from '../../power-automate/connector-file';
import { listedChoices } from '../../power-automate/values';
import { type Html, html } from '../html';
import { DesignerRoute, Route } from '../routes';
import { type DesignerForm, type DesignerView, FIELD_PREFIX } from './designer';

/** The designer. Also works without its script, except for the values of dropdowns. */
export function designerSection({ title, triggers, form }: DesignerView): Html {
  return html`<section id="designer" aria-labelledby="designer-title">
<h2 id="designer-title">Designer</h2>
<p class="small">What a flow author sees of the connector <strong>${title}</strong> in Power Automate. Built from the exported file.</p>
${form ? flowForm(form) : triggerTiles(triggers)}
</section>`;
}

const triggerTiles = (triggers: readonly Trigger[]): Html => html`<h3>Choose a trigger</h3>
<ul class="tiles">${triggers.map(
  ({ operationId, summary, description }) =>
    html`<li><a href="${Route.PAGE}?${new URLSearchParams({ trigger: operationId }).toString()}#designer"><strong>${summary}</strong><span class="small">${description}</span></a></li>`,
)}</ul>`;

function flowForm(form: DesignerForm): Html {
  const { trigger, flow, name, problems } = form;
  const shown = trigger.fields.filter(({ visibility }) => visibility !== 'internal');
  const advanced = shown.filter(({ visibility }) => visibility === 'advanced');
  const fieldOf = (field: Field): Html => fieldInput(field, form.texts[field.name] ?? []);
  return html`<p class="small"><a href="${Route.PAGE}#designer">${flow ? 'Create another flow' : 'Choose another trigger'}</a></p>
<form method="post" action="${DesignerRoute.SAVE}" autocomplete="off">
<input type="hidden" name="trigger" value="${trigger.operationId}">
${flow && html`<input type="hidden" name="flow" value="${flow.id}">`}
<h3>${trigger.summary}</h3>
<p class="small">${trigger.description}</p>
${trigger.hint && html`<p class="small">${trigger.hint}</p>`}
<div class="field"><label for="flow-name">Name of the flow</label>
<input id="flow-name" name="name" value="${name}"${flow ? html` readonly` : html``}></div>
<div class="fields">${shown.filter(({ visibility }) => visibility !== 'advanced').map(fieldOf)}</div>
${
  advanced.length > 0 &&
  html`<details class="field"${isTyped(form, advanced) ? html` open` : html``}><summary>Show advanced (${advanced.length})</summary><div class="fields">${advanced.map(fieldOf)}</div></details>`
}
${problems.length > 0 && html`<div role="alert" class="reason">${problems.map((problem) => html`<p>${problem}</p>`)}</div>`}
<button>Save</button>
</form>`;
}

/** Whether an advanced field has another value than its default. */
const isTyped = ({ texts }: DesignerForm, fields: readonly Field[]): boolean =>
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
  const { name, type, required, dropdown } = field;
  const [text = ''] = texts;
  const listed = listedChoices(field);
  if (listed) {
    return html`<select ${attributes}>${(!required || text === '') && html`<option value=""></option>`}${listed.map(
      (choice) =>
        html`<option value="${String(choice.value)}"${isOneOf(texts, choice, 'selected')}>${choice.title}</option>`,
    )}</select>`;
  }
  const keyboard = type === 'string' ? html`` : html` inputmode="decimal"`;
  if (!dropdown) return html`<input ${attributes}${keyboard} value="${text}" spellcheck="false">`;
  const list = `values-${name}`;
  return html`<input ${attributes}${keyboard} value="${text}" spellcheck="false" list="${list}" data-dropdown="${name}">
<datalist id="${list}"></datalist><p class="small" role="status" data-values="${name}"></p>`;
}

const isOneOf = (texts: readonly string[], { value }: Choice, attribute: 'checked' | 'selected' = 'checked'): Html =>
  texts.includes(String(value)) ? (attribute === 'checked' ? html` checked` : html` selected`) : html``;
