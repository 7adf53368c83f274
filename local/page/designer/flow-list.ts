import type { FieldValue, OutputField, Trigger } from '../../power-automate/connector-file';
import type { Flow, FlowRun } from '../../power-automate/flows';
import { listedChoices } from '../../power-automate/values';
import { type Html, html } from '../html';
import { badge, empty, time } from '../parts';
import { DesignerRoute, Route } from '../routes';

/** The flows that the designer saved, with the runs that events started. */
export const flowList = (flows: readonly Flow[], now: number): Html =>
  flows.length === 0
    ? empty('No flows yet. Choose a trigger and save a flow.')
    : html`<ul class="list" tabindex="0">${flows.map((flow) => flowItem(flow, now))}</ul>`;

function flowItem(flow: Flow, now: number): Html {
  const { id, name, trigger, state, registration, problem, runs } = flow;
  const isConfirmed = state === 'off' || registration === 'registered';
  return html`<li>
<p class="headline">${badge(state === 'on' ? 'good' : 'neutral', state)} <strong class="title">${name}</strong> ${!isConfirmed && badge('warning', 'not registered')}</p>
<p class="small">${trigger.summary}</p>
<dl class="facts">${settings(flow).map(([title, text]) => html`<div><dt>${title}</dt><dd>${text}</dd></div>`)}</dl>
${problem !== undefined && html`<p class="reason">${problem}</p>`}
<form method="post" action="${DesignerRoute.CHANGE}" class="actions">
<input type="hidden" name="flow" value="${id}">
<a href="${Route.PAGE}?flow=${id}#designer">Edit</a>
${changeButton(id, 'switch', state === 'on' ? 'off' : 'on', state === 'on' ? 'Switch off' : 'Switch on')}
${!isConfirmed && changeButton(id, 'retry', 'retry', 'Register again')}
${changeButton(id, 'delete', 'delete', 'Delete')}
</form>
${runs.length === 0 ? empty('No runs yet.') : html`<ol class="runs" aria-label="Runs">${runs.map((run) => runItem(run, trigger, now))}</ol>`}
</li>`;
}

/** @param place with it, the focus stays on the button when the list is updated. */
const changeButton = (flow: string, place: string, change: string, text: string): Html =>
  html`<button id="${place}-${flow}" name="change" value="${change}">${text}</button>`;

/** The values of the trigger's fields as the designer shows them, without advanced fields that have their default. */
const settings = ({ trigger, values }: Flow): (readonly [title: string, text: string])[] =>
  trigger.fields.flatMap((field) => {
    const { name, title, visibility, default: initial } = field;
    const value = values[name];
    if (value === undefined || (visibility === 'advanced' && value === initial)) return [];
    const text = [value]
      .flat()
      .map((one) => listedChoices(field)?.find((choice) => choice.value === one)?.title ?? String(one));
    return [[title, text.join(', ')] as const];
  });

function runItem({ id, at, body }: FlowRun, { outputs, summary }: Trigger, now: number): Html {
  const fields = outputs.flatMap((output) => {
    const value = valueAt(body, output);
    return value === undefined || value === null ? [] : [{ output, text: textOf(value as FieldValue | object) }];
  });
  const title = fields.find(({ output }) => output.path.join() === 'title')?.text ?? summary;
  return html`<li>
<p>${time(at, now)} <strong>${title}</strong></p>
<details data-key="run-${id}"><summary>Outputs</summary>
<dl class="facts rows outputs"><div><dt>Run</dt><dd><code>${id}</code></dd></div>${fields.map(({ output, text }) => html`<div><dt>${output.title}</dt><dd>${text}</dd></div>`)}</dl>
</details>
</li>`;
}

const valueAt = (body: FlowRun['body'], { path }: OutputField): unknown =>
  path.reduce<unknown>(
    (found, key) =>
      typeof found === 'object' && found !== null && Object.hasOwn(found, key)
        ? (found as FlowRun['body'])[key]
        : undefined,
    body,
  );

const textOf = (value: FieldValue | object): string =>
  typeof value === 'object' ? JSON.stringify(value) : String(value);
