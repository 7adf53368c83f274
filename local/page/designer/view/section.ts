import type { Action, Trigger } from '../../../power-automate/model';
import { type Html, html } from '../../html';
import { Route } from '../../routes';
import type { DesignerView } from '../forms/forms';
import { actionForm } from './action-form';
import { flowForm } from './flow-form';

/** The designer. Also works without its script, except for the values of dropdowns. */
export function designerSection({ title, triggers, actions, form }: DesignerView): Html {
  return html`<section id="designer" aria-labelledby="designer-title">
<h2 id="designer-title">Designer</h2>
<p class="small">What a flow author sees of the connector <strong>${title}</strong> in Power Automate. Built from the exported file.</p>
${
  form
    ? 'action' in form
      ? actionForm(form)
      : flowForm(form)
    : html`${tiles('trigger', 'Choose a trigger', triggers)}${actions.length > 0 && tiles('action', 'Or test an action', actions)}`
}
</section>`;
}

const tiles = (kind: 'trigger' | 'action', heading: string, operations: readonly (Trigger | Action)[]): Html =>
  html`<h3>${heading}</h3>
<ul class="tiles">${operations.map(
    ({ operationId, summary, description }) =>
      html`<li><a href="${Route.PAGE}?${new URLSearchParams({ [kind]: operationId }).toString()}#designer"><strong>${summary}</strong><span class="small">${description}</span></a></li>`,
  )}</ul>`;
