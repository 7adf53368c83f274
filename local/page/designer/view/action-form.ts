import { type Html, html } from '../../html';
import { badge } from '../../parts';
import { DesignerRoute, Route } from '../../routes';
import type { ActionForm, ShownResult } from '../forms/forms';
import { fieldInputs, problemList } from './fields';
import { outputList } from './output-list';

/** The form that tests an action, and the result of the last test. */
export function actionForm({ action, texts, problems, result }: ActionForm): Html {
  return html`<p class="small"><a href="${Route.PAGE}#designer">Choose another action</a></p>
<form method="post" action="${DesignerRoute.TEST}#result" autocomplete="off">
<input type="hidden" name="action" value="${action.operationId}">
<h3>${action.summary}</h3>
<p class="small">${action.description}</p>
${fieldInputs(action.fields, texts)}
${problemList(problems)}
<button>Test</button>
</form>
${result && resultOf(action, result)}`;
}

function resultOf({ outputs }: ActionForm['action'], { status, body, problems, faults, documents }: ShownResult): Html {
  const hasFailed = problems.length > 0;
  const state = hasFailed
    ? badge('bad', 'Failed')
    : faults.length > 0
      ? badge('warning', 'Does not fit the file')
      : badge('good', 'Succeeded');
  return html`<div class="result" id="result" role="group" aria-labelledby="result-title" tabindex="-1">
<h4 id="result-title"><span>Result</span> ${state} ${status !== undefined && html`<span class="small">Status ${status}</span>`}</h4>
${problemList(problems)}
${faults.length > 0 && html`<div class="faults"><p><strong>The response does not fit the exported file:</strong></p><ul>${faults.map((fault) => html`<li>${fault}</li>`)}</ul></div>`}
${!hasFailed && outputList(outputs, body, documents)}
</div>`;
}
