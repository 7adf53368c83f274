/** Draws docs/expectations.svg, a processed history. Run: `npx tsx scripts/docs/expectation-picture.ts`. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Firing } from '../../lambda/expectations/core/expecting';
import { expecting, Watch } from '../../test/support/expectations';

export const EXPECTATION_PICTURE = join(__dirname, '..', '..', 'docs', 'expectations.svg');

const HOUR = 60 * 60_000;
const START = Date.parse('2026-11-02T00:00:00Z');
const at = (day: number, hour: number): number => START + ((day - 1) * 24 + hour) * HOUR;

/** `every: 24h, grace: 1h`, `alsoWhenBack`: on time, in the grace, missing, back. */
const REFRESHES = [at(1, 6), at(2, 5), at(3, 5.75), at(5, 2), at(6, 1)];
const END = at(6, 12);

function play(): readonly Firing[] {
  const watch = new Watch(
    expecting({ rhythm: { every: 24 * HOUR }, grace: 3 * HOUR, alsoWhenBack: true, firstRefreshWithin: 12 * HOUR }),
    START,
  );
  for (const refresh of REFRESHES) watch.refresh(refresh);
  watch.runUntil(END);
  return watch.sent;
}

const WIDTH = 960;
const HEIGHT = 250;
const PLOT = { left: 40, right: 930, line: 120 } as const;
const x = (time: number): number =>
  Math.round((PLOT.left + ((PLOT.right - PLOT.left) * (time - START)) / (END - START)) * 10) / 10;

const text = (left: number, top: number, content: string, style = 'label'): string =>
  `<text x="${left}" y="${top}" text-anchor="middle" class="${style}">${content}</text>`;

function refreshMark(time: number): string {
  return `<circle class="refresh" cx="${x(time)}" cy="${PLOT.line}" r="6"/>${text(x(time), PLOT.line + 26, 'refreshed')}`;
}

/** The time until which a refresh may come, after each refresh. */
function window(time: number): string {
  const [due, end] = [x(time + 24 * HOUR), x(time + 27 * HOUR)];
  const right = Math.min(end, PLOT.right);
  if (due >= PLOT.right) return '';
  return `<rect class="grace" x="${due}" y="${PLOT.line - 14}" width="${Math.round((right - due) * 10) / 10}" height="28"/>`;
}

function firingMark({ kind, at: time }: Firing): string {
  const words = kind === 'back' ? 'the flow runs: it is back' : 'the flow runs: overdue';
  const top = kind === 'back' ? 48 : 66;
  return `<path class="${kind}" d="M${x(time)} ${top + 6}V${PLOT.line - 8}"/>${text(x(time), top, words, kind)}`;
}

const days = Array.from({ length: 6 }, (_, n) => n + 1);

/** The picture as SVG. */
export function drawExpectations(): string {
  const sent = play();
  const parts = [
    ...days.map(
      (day) => `<path class="grid" d="M${x(at(day, 0))} 78V168"/>${text(x(at(day, 12)), 192, `day ${day}`, 'axis')}`,
    ),
    `<path class="line" d="M${PLOT.left} ${PLOT.line}H${PLOT.right}"/>`,
    ...REFRESHES.map(window),
    ...REFRESHES.map(refreshMark),
    ...sent.map(firingMark),
  ];
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="Refreshes of a data source over six days, and when the flow runs">
<style>
  .paper { fill: #fff; stroke: #d0d7de; }
  text { font: 13px system-ui, -apple-system, 'Segoe UI', Helvetica, Arial, sans-serif; fill: #1f2328; }
  .heading { font-size: 15px; font-weight: 600; }
  .axis { font-size: 12px; fill: #59636e; }
  .label { font-size: 12px; }
  .grid { stroke: #d0d7de; stroke-width: 0.7; }
  .line { stroke: #59636e; stroke-width: 1.5; }
  .grace { fill: #fff8c5; stroke: #d4a72c; }
  .refresh { fill: #1a7f37; }
  path.missed { stroke: #cf222e; stroke-width: 2; }
  text.missed { fill: #cf222e; font-weight: 600; }
  path.back { stroke: #1a7f37; stroke-width: 2; }
  text.back { fill: #1a7f37; font-weight: 600; }
</style>
<rect class="paper" x="0.5" y="0.5" width="${WIDTH - 1}" height="${HEIGHT - 1}" rx="6"/>
<text x="${PLOT.left}" y="26" class="heading">expect: { every: 24h, grace: 3h }, alsoWhenBack: true</text>
${parts.filter(Boolean).join('\n')}
<rect class="grace" x="${PLOT.left}" y="214" width="22" height="14"/>
<text x="${PLOT.left + 30}" y="226" class="axis">24 hours after a refresh, and the grace. A refresh that ends by then is in time.</text>
</svg>
`;
}

if (require.main === module) writeFileSync(EXPECTATION_PICTURE, drawExpectations());
