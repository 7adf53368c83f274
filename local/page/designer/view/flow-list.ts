import type { Flow, FlowRun, StepResult } from '../../../power-automate/flow';
import { outputValue } from '../../../power-automate/outputs';
import { listedChoices } from '../../../power-automate/values';
import { type Html, html } from '../../html';
import { badge, empty, type Tone, time } from '../../parts';
import { DesignerRoute, Route } from '../../routes';
import { outputList } from './output-list';

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
${runs.length === 0 ? empty('No runs yet.') : html`<ol class="runs" aria-label="Runs">${runs.map((run) => runItem(run, flow, now))}</ol>`}
</li>`;
}

/** @param place with it, the focus stays on the button when the list is updated. */
const changeButton = (flow: string, place: string, change: string, text: string): Html =>
  html`<button id="${place}-${flow}" name="change" value="${change}">${text}</button>`;

/** The values of the trigger's fields as the designer shows them, without advanced fields that have their default. */
const settings = ({ trigger, content: { values } }: Flow): (readonly [title: string, text: string])[] =>
  trigger.fields.flatMap((field) => {
    const { name, title, visibility, default: initial } = field;
    const value = values[name];
    if (value === undefined || (visibility === 'advanced' && value === initial)) return [];
    const text = [value]
      .flat()
      .map((one) => listedChoices(field)?.find((choice) => choice.value === one)?.title ?? String(one));
    return [[title, text.join(', ')] as const];
  });

function runItem(run: FlowRun, { trigger: { outputs, summary }, content }: Flow, now: number): Html {
  const { id, at, body, state, steps } = run;
  const title = outputs.find(({ path }) => path.join() === 'title');
  return html`<li class="${TONES[state]}">
<p>${time(at, now)} ${content.steps.length > 0 && badge(TONES[state], state)} <strong>${String((title && outputValue(body, title)) ?? summary)}</strong></p>
${steps.map(stepItem)}
<details data-key="run-${id}"><summary>Outputs</summary>
<p class="small">Run <code>${id}</code></p>
${outputList(outputs, body)}
</details>
</li>`;
}

const TONES: Readonly<Record<FlowRun['state'], Tone>> = { running: 'warning', succeeded: 'good', failed: 'bad' };

/** A step with the choices that its inputs have, such as the outcome. */
function stepItem({ action, values, problems }: StepResult): Html {
  const chosen = action.fields.flatMap((field) =>
    field.choices ? field.choices.filter(({ value }) => value === values[field.name]).map(({ title }) => title) : [],
  );
  return html`<p class="small">${action.summary}${chosen.length > 0 && `: ${chosen.join(', ')}`}</p>
${problems.map((problem) => html`<p class="reason">${problem}</p>`)}`;
}
