import type { DesignerView } from './designer/forms/forms';
import { designerSection } from './designer/view/section';
import { DETAIL_TYPES, examples } from './examples';
import { type Html, html } from './html';
import { DesignerRoute, Route } from './routes';
import { type Section, sections } from './sections';
import type { Snapshot } from './snapshot';

/** The fields of the form. */
export interface EventInput {
  readonly detailType: string;
  /** JSON. */
  readonly detail: string;
}

/** The fields of a form whose event was rejected, and the reason. */
export interface RejectedInput extends EventInput {
  readonly problem: string;
}

/** The parts of the page that are not in the snapshot. */
export interface PageInput {
  readonly rejected?: RejectedInput;
  /** Undefined: the connector has no API for Power Automate. */
  readonly designer?: DesignerView;
}

/** The whole page. */
export function pageDocument(snapshot: Snapshot, { rejected, designer }: PageInput = {}): string {
  const [overview, ...others] = sections(snapshot);
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Power Automate connector: the local run</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="${Route.STYLE}">
<script src="${Route.SCRIPT}" defer></script>
${
  designer &&
  html`<link rel="stylesheet" href="${DesignerRoute.STYLE}">
<script src="${DesignerRoute.SCRIPT}" defer></script>`
}
</head>
<body>
<header>
<h1>Power Automate connector</h1>
<p class="small">${snapshot.stackName} on this machine, bus ${snapshot.busName}. Times are UTC. <span id="live">Reload to update.</span></p>
${overview && html`<div data-section="${overview.id}">${overview.content}</div>`}
</header>
<main>
${designer && designerSection(designer)}
${form(snapshot.now, rejected)}
${others.map(sectionElement)}
</main>
</body>
</html>
`.text;
}

const sectionElement = ({ id, title, content }: Section): Html =>
  html`<section id="${id}" aria-labelledby="${id}-title"><h2 id="${id}-title">${title}</h2><div data-section="${id}">${content}</div></section>`;

/** Also works without the script. */
function form(now: number, rejectedInput?: RejectedInput): Html {
  const all = examples(now);
  const [first] = all;
  const { detailType, detail } = rejectedInput ?? {
    detailType: first?.detailType ?? '',
    detail: JSON.stringify(first?.detail, undefined, 2),
  };
  return html`<section id="put" aria-labelledby="put-title">
<h2 id="put-title">Put an event</h2>
<form method="post" action="${Route.EVENTS}">
<div class="field scripted"><label for="example">Example</label>
<select id="example">${all.map(
    (one) =>
      html`<option data-detail-type="${one.detailType}" data-detail="${JSON.stringify(one.detail, undefined, 2)}">${one.name}</option>`,
  )}</select></div>
<div class="field"><label for="detail-type">Detail type</label>
<input id="detail-type" name="detailType" list="detail-types" value="${detailType}" required autocomplete="off" spellcheck="false">
<datalist id="detail-types">${DETAIL_TYPES.map((type) => html`<option value="${type}"></option>`)}</datalist></div>
<div class="field"><label for="detail">Detail (JSON)</label>
<textarea id="detail" name="detail" rows="8" required autocomplete="off" spellcheck="false">
${detail}</textarea></div>
<button>Put event</button>
<p id="outcome" role="status"${rejectedInput ? html` class="problem"` : html``}>${rejectedInput?.problem}</p>
</form>
</section>`;
}
