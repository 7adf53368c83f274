/** Draws docs/thresholds.svg, an evaluated history. Run: `npx tsx scripts/docs/threshold-picture.ts`. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Threshold } from '../../lambda/subscriptions/core/subscription';
import { Evaluator, segment } from '../../test/support/evaluation';

export const PICTURE_FILE = join(__dirname, '..', '..', 'docs', 'thresholds.svg');

const THRESHOLD = { operator: 'above', value: 10_000, recoverTo: 9_000 } as const satisfies Threshold;

interface Given {
  readonly day: number;
  readonly value: number;
  /** Label of a point that does not fire. */
  readonly note?: string;
  /** Position of the label relative to the point. */
  readonly label?: readonly [dx: number, dy: number, anchor: 'start' | 'middle' | 'end'];
}

/** In order of arrival. */
const HISTORY: readonly Given[] = [
  { day: 1, value: 8_600, note: 'first value:\nonly the baseline', label: [2, 17, 'start'] },
  { day: 2, value: 10_000, note: 'exactly 10,000\nis not above', label: [-6, -32, 'middle'] },
  { day: 3, value: 11_200, label: [0, -30, 'middle'] },
  { day: 4, value: 9_500, note: 'not back at 9,000', label: [-6, 19, 'start'] },
  { day: 5, value: 10_700, note: 'does not fire:\nnot armed', label: [4, -28, 'middle'] },
  { day: 6, value: 9_000, note: 'exactly 9,000:\narmed again', label: [2, 19, 'start'] },
  { day: 7, value: 9_600 },
  { day: 8, value: 11_600, label: [0, -30, 'middle'] },
  { day: 6.5, value: 11_000, label: [-4, -30, 'middle'] },
  { day: 8, value: 11_600, label: [34, 26, 'start'] },
  { day: 9, value: 11_600, note: 'same value:\nnothing', label: [8, -26, 'start'] },
  { day: 10, value: 8_300, note: 'armed again', label: [0, 16, 'start'] },
  { day: 11, value: 12_000, label: [0, -30, 'middle'] },
];

/** A point and its evaluation. */
interface Point extends Given {
  /** The crossing event. */
  readonly fired?: { readonly previousValue: number; readonly value: number };
  /** Why the observation was dropped. */
  readonly dropped?: string;
  /** Whether the threshold can fire after it. */
  readonly armed: boolean;
}

async function evaluateHistory(): Promise<Point[]> {
  const evaluator = new Evaluator();
  await evaluator.subscribe('vip-over-10k', { segment: 'VIP customers' }, THRESHOLD);
  const points: Point[] = [];
  for (const given of HISTORY) {
    const [events, lines] = [evaluator.bus.published.length, evaluator.telemetry.lines.length];
    await evaluator.evaluate([segment(given.value, given.day)]);
    const [crossing] = evaluator.bus.published.slice(events);
    const [line] = evaluator.telemetry.lines.slice(lines);
    const [flag] = evaluator.tables.flags.values();
    if (given.note !== undefined && (crossing || line)) throw new Error(`day ${given.day} is not "${given.note}"`);
    points.push({
      ...given,
      fired: crossing?.detail as Point['fired'],
      dropped: line && /"outcome":"(\w+)"/.exec(line)?.[1],
      armed: flag?.armed ?? true,
    });
  }
  return points;
}

const WIDTH = 960;
const HEIGHT = 452;
const PLOT = { left: 74, right: 814, top: 64, bottom: 376 } as const;
const DAYS = { first: 1, last: 12 } as const;
const VALUES = { lowest: 7_500, highest: 12_500 } as const;
const STRIP = { top: 412, height: 22 } as const;

export const round = (n: number): number => Math.round(n * 10) / 10;
const x = (day: number): number =>
  round(PLOT.left + ((PLOT.right - PLOT.left) * (day - DAYS.first)) / (DAYS.last - DAYS.first));
const y = (value: number): number =>
  round(PLOT.bottom - ((PLOT.bottom - PLOT.top) * (value - VALUES.lowest)) / (VALUES.highest - VALUES.lowest));
export const figure = (value: number): string => value.toLocaleString('en-US');

export type Anchor = 'start' | 'middle' | 'end';

/** Lines of text. `at` is the position of the first line. */
export function text(at: readonly [number, number], content: string, anchor: Anchor, style: string): string[] {
  return content
    .split('\n')
    .map(
      (line, n) =>
        `<text x="${round(at[0])}" y="${round(at[1] + n * 15)}" text-anchor="${anchor}" class="${style}">${line}</text>`,
    );
}

function axes(): string[] {
  const days = Array.from({ length: DAYS.last - DAYS.first }, (_, n) => DAYS.first + n);
  const values = [8_000, 9_000, 10_000, 11_000, 12_000];
  return [
    ...values.map((value) => `<path class="grid" d="M${PLOT.left} ${y(value)}H${PLOT.right}"/>`),
    ...values.flatMap((value) => text([PLOT.left - 10, y(value) + 4], figure(value), 'end', 'axis')),
    ...days.flatMap((day) => text([x(day), PLOT.bottom + 20], `day ${day}`, 'middle', 'axis')),
  ];
}

function levels(): string[] {
  const level = (value: number, name: string, style: string) => [
    `<path class="level ${style}" d="M${PLOT.left} ${y(value)}H${PLOT.right}"/>`,
    ...text([PLOT.right + 8, y(value) + 4], name, 'start', `label ${style}`),
  ];
  return [
    ...level(THRESHOLD.value, `above: ${THRESHOLD.value}`, 'threshold'),
    ...level(THRESHOLD.recoverTo, `recoverTo: ${THRESHOLD.recoverTo}`, 'recovery'),
  ];
}

/** A step curve: each value lasts until the next one. */
function curve(taken: readonly Point[]): string {
  const [first, ...rest] = taken;
  if (!first) return '';
  const steps = rest.map(({ day, value }) => `H${x(day)}V${y(value)}`).join('');
  return `<path class="value" d="M${x(first.day)} ${y(first.value)}${steps}H${x(DAYS.last)}"/>`;
}

function mark({ day, value, note, label, fired, dropped }: Point): string[] {
  const [cx, cy] = [x(day), y(value)];
  const [dx, dy, anchor] = label ?? [0, 0, 'middle'];
  const say = (words: string, style: string) => (label ? text([cx + dx, cy + dy], words, anchor, style) : []);
  if (fired) {
    const words = `fires\n${figure(fired.previousValue)} → ${figure(fired.value)}`;
    return [`<circle class="fired" cx="${cx}" cy="${cy}" r="7"/>`, ...say(words, 'label crossing')];
  }
  if (dropped === 'duplicate') {
    const line = `<path class="dropped thin" d="M${cx + 8} ${cy + 7}L${cx + dx - 4} ${cy + dy - 4}"/>`;
    const ring = `<circle class="dropped" cx="${cx}" cy="${cy}" r="11"/>`;
    return [ring, line, ...say('came twice:\nthe second\nis dropped', 'label drop')];
  }
  if (dropped) {
    const cross = `<path class="dropped" d="M${cx - 6} ${cy - 6}l12 12m0 -12l-12 12"/>`;
    return [cross, ...say('came after day 8:\nlate, dropped', 'label drop')];
  }
  return [`<circle class="point" cx="${cx}" cy="${cy}" r="4"/>`, ...say(note ?? '', 'label')];
}

/** Whether the threshold is armed, over time. */
function strip(taken: readonly Point[]): string[] {
  const ends: { readonly armed: boolean; readonly from: number; to: number }[] = [];
  for (const { day, armed } of taken) {
    const last = ends.at(-1);
    if (last) last.to = day;
    if (last?.armed !== armed) ends.push({ armed, from: day, to: day });
  }
  const last = ends.at(-1);
  if (last) last.to = DAYS.last;
  return ends.flatMap(({ armed, from, to }) => [
    `<rect class="${armed ? 'armed' : 'disarmed'}" x="${x(from)}" y="${STRIP.top}" width="${round(x(to) - x(from))}" height="${STRIP.height}"/>`,
    ...text(
      [(x(from) + x(to)) / 2, STRIP.top + 15],
      armed ? 'armed' : to - from > 1.5 ? 'waits for 9,000' : 'waits',
      'middle',
      'state',
    ),
  ]);
}

export const STYLE = `
  .paper { fill: #fff; stroke: #d0d7de; }
  text { font: 13px system-ui, -apple-system, 'Segoe UI', Helvetica, Arial, sans-serif; fill: #1f2328; }
  .heading { font-size: 15px; font-weight: 600; }
  .axis, .state { font-size: 12px; fill: #59636e; }
  .label { paint-order: stroke; stroke: #fff; stroke-width: 4px; stroke-linejoin: round; }
  .grid { stroke: #d0d7de; stroke-width: 0.7; }
  .level { fill: none; stroke-width: 1.6; stroke-dasharray: 7 4; }
  .level.threshold { stroke: #cf222e; }
  .level.recovery { stroke: #1a7f37; }
  text.threshold, text.crossing { fill: #cf222e; font-weight: 600; }
  text.recovery { fill: #1a7f37; font-weight: 600; }
  text.drop { fill: #8250df; }
  .value { fill: none; stroke: #0969da; stroke-width: 2.2; }
  .point { fill: #0969da; }
  .fired { fill: #cf222e; stroke: #fff; stroke-width: 2; }
  .dropped { fill: none; stroke: #8250df; stroke-width: 2.2; }
  .thin { stroke-width: 1; }
  .armed { fill: #dafbe1; stroke: #fff; }
  .disarmed { fill: #eaeef2; stroke: #fff; }
  @media (prefers-color-scheme: dark) {
    .paper { fill: #0d1117; stroke: #3d444d; }
    text { fill: #f0f6fc; }
    .axis, .state { fill: #9198a1; }
    .label { stroke: #0d1117; }
    .grid { stroke: #2a313c; }
    .level.threshold { stroke: #f85149; }
    .level.recovery { stroke: #3fb950; }
    text.threshold, text.crossing { fill: #ff7b72; }
    text.recovery { fill: #3fb950; }
    text.drop { fill: #d2a8ff; }
    .value { stroke: #4493f8; }
    .point { fill: #4493f8; }
    .fired { fill: #f85149; stroke: #0d1117; }
    .dropped { stroke: #d2a8ff; }
    .armed { fill: #12361d; stroke: #0d1117; }
    .disarmed { fill: #2a313c; stroke: #0d1117; }
  }
`;

/** The picture as SVG text. */
export async function drawPicture(): Promise<string> {
  const points = await evaluateHistory();
  const taken = points.filter(({ dropped }) => dropped === undefined);
  const fires = points.filter(({ fired }) => fired).map(({ day }) => day);
  const title = `The members of a segment over ${DAYS.last - 1} days; the threshold fires on days ${fires.join(', ')}`;
  const body = [
    `<rect class="paper" x="0.5" y="0.5" width="${WIDTH - 1}" height="${HEIGHT - 1}" rx="6"/>`,
    ...text([PLOT.left, 30], 'Members of the segment “VIP customers”', 'start', 'heading'),
    ...axes(),
    ...levels(),
    curve(taken),
    ...points.flatMap(mark),
    ...text([PLOT.left - 10, STRIP.top + 15], 'threshold', 'end', 'axis'),
    ...strip(taken),
  ];
  const open = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" role="img">`;
  return `${[open, `<title>${title}</title>`, `<style>${STYLE}</style>`, ...body, '</svg>'].join('\n')}\n`;
}

if (process.argv[1] === __filename) void drawPicture().then((svg) => writeFileSync(PICTURE_FILE, svg));
