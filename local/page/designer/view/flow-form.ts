import { type Html, html } from '../../html';
import { DesignerRoute, Route } from '../../routes';
import type { FlowForm, ReportingChoice } from '../forms/forms';
import { REPORTING, type Reporting } from '../forms/reporting';
import { fieldInputs, problemList } from './fields';

/** The form of a flow: its name, the fields of its trigger, and its last step. */
export function flowForm({ trigger, flow, name, texts, reporting, problems }: FlowForm): Html {
  return html`<p class="small"><a href="${Route.PAGE}#designer">${flow ? 'Create another flow' : 'Choose another trigger'}</a></p>
<form method="post" action="${DesignerRoute.SAVE}" autocomplete="off">
<input type="hidden" name="trigger" value="${trigger.operationId}">
${flow && html`<input type="hidden" name="flow" value="${flow.id}">`}
<h3>${trigger.summary}</h3>
<p class="small">${trigger.description}</p>
${trigger.hint && html`<p class="small">${trigger.hint}</p>`}
<div class="field"><label for="flow-name">Name of the flow</label>
<input id="flow-name" name="name" value="${name}"${flow ? html` readonly` : html``}></div>
${fieldInputs(trigger.fields, texts)}
${reporting && lastStep(reporting)}
${problemList(problems)}
<button>Save</button>
</form>`;
}

const REPORTING_TEXTS: Readonly<Record<Reporting, string>> = {
  never: 'No step',
  always: 'Each run reports that it succeeded',
  unreliable: 'One run in five fails, and one in ten never reports',
};

const lastStep = ({ action, chosen }: ReportingChoice): Html =>
  html`<div class="field"><label for="reporting">Last step: ${action.summary}</label>
<select id="reporting" name="reporting" aria-describedby="reporting-hint">${REPORTING.map(
    (one) => html`<option value="${one}"${one === chosen ? html` selected` : html``}>${REPORTING_TEXTS[one]}</option>`,
  )}</select>
<p class="small" id="reporting-hint">The local run simulates the work of the flow before this step.</p></div>`;
