/** Draws docs/changes.svg, an evaluated history. Run: `npx tsx scripts/docs/change-picture.ts`. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { valueAfterChange } from '../../lambda/shared/core/change';
import type { ChangeThreshold } from '../../lambda/subscriptions/core/subscription';
import { Evaluator, measure } from '../../test/support/evaluation';
import { figure, round, STYLE, text } from './threshold-picture';

export const CHANGE_PICTURE_FILE = join(__dirname, '..', '..', 'docs', 'changes.svg');

const THRESHOLD: ChangeThreshold = { change: 'falls', by: 20, unit: 'percent', comparedWith: 'sameTimeLastWeek' };
const WEEK = 7;
const DAY_MINUTES = 24 * 60;

/** The value of each day, and the label of a day that does not fire. */
const HISTORY: readonly (readonly [value: number, note?: string])[] = [
  [10_000],
  [10_400],
  [9_800],
  [10_200],
  [11_000],
  [7_000],
  [6_500, 'nothing to compare\nwith in the first week'],
  [10_100],
  [8_100],
  [7_600, 'still 22% lower:\ndoes not fire again'],
  [9_900, '3% lower:\narmed again'],
  [10_600],
  [6_900],
  [6_300, 'low, but only 3% lower\nthan last week'],
  [8_000],
];

interface Point {
  readonly day: number;
  readonly value: number;
  readonly note?: string;
  readonly base?: number;
  readonly fires: boolean;
}

async function evaluateHistory(): Promise<Point[]> {
  const evaluator = new Evaluator();
  await evaluator.subscribe('revenue-drop', { measure: 'Revenue' }, THRESHOLD);
  const points: Point[] = [];
  for (const [n, [value, note]] of HISTORY.entries()) {
    const events = evaluator.bus.published.length;
    await evaluator.evaluate([measure(value, (n - HISTORY.length) * DAY_MINUTES)]);
    const fires = evaluator.bus.published.length > events;
    if (note !== undefined && fires) throw new Error(`day ${n + 1} is not "${note}"`);
    points.push({ day: n + 1, value, note, base: HISTORY[n - WEEK]?.[0], fires });
  }
  return points;
}

const [WIDTH, HEIGHT] = [960, 400];
const PLOT = { left: 74, right: 930, top: 64, bottom: 350 } as const;
const VALUES = { lowest: 5_000, highest: 12_000 } as const;

const x = (day: number): number => round(PLOT.left + ((PLOT.right - PLOT.left) * (day - 0.5)) / (HISTORY.length + 0.2));
const y = (value: number): number =>
  round(PLOT.bottom - ((PLOT.bottom - PLOT.top) * (value - VALUES.lowest)) / (VALUES.highest - VALUES.lowest));

function axes(): string[] {
  return [
    ...[6_000, 8_000, 10_000, 12_000].flatMap((value) => [
      `<path class="grid" d="M${PLOT.left} ${y(value)}H${PLOT.right}"/>`,
      ...text([PLOT.left - 10, y(value) + 4], figure(value), 'end', 'axis'),
    ]),
    ...HISTORY.flatMap((_, n) => text([x(n + 1), PLOT.bottom + 20], `day ${n + 1}`, 'middle', 'axis')),
  ];
}

/** The value of a week ago, and the value that is changed enough. */
function limits({ day, base }: Point): string[] {
  if (base === undefined) return [];
  const [from, to] = [x(day - 0.4), x(day + 0.4)];
  const low = valueAfterChange(THRESHOLD.unit, base, -THRESHOLD.by);
  return [
    `<rect class="armed" x="${from}" y="${y(base)}" width="${round(to - from)}" height="${round(y(low) - y(base))}"/>`,
    `<path class="level recovery" d="M${from} ${y(base)}H${to}"/>`,
    `<path class="level threshold" d="M${from} ${y(low)}H${to}"/>`,
  ];
}

function mark({ day, value, note, base, fires }: Point): string[] {
  const [cx, cy] = [x(day), y(value)];
  if (!fires)
    return [
      `<circle class="point" cx="${cx}" cy="${cy}" r="4"/>`,
      ...text([cx, cy + 22], note ?? '', 'middle', 'label'),
    ];
  const words = `fires\n${figure(base ?? 0)} → ${figure(value)}`;
  return [
    `<circle class="fired" cx="${cx}" cy="${cy}" r="7"/>`,
    ...text([cx + 10, cy + 26], words, 'end', 'label crossing'),
  ];
}

/** The picture as SVG text. */
export async function drawChangePicture(): Promise<string> {
  const points = await evaluateHistory();
  const fires = points.filter((point) => point.fires).map(({ day }) => day);
  const title = `The value of a measure over ${HISTORY.length} days; the threshold fires on days ${fires.join(' and ')}`;
  const line = points.map(({ day, value }, n) => `${n === 0 ? 'M' : 'L'}${x(day)} ${y(value)}`).join('');
  const body = [
    `<rect class="paper" x="0.5" y="0.5" width="${WIDTH - 1}" height="${HEIGHT - 1}" rx="6"/>`,
    ...text([PLOT.left, 30], 'Measure “Revenue”', 'start', 'heading'),
    ...text([PLOT.left + 170, 30], 'green: last week’s value', 'start', 'recovery'),
    ...text([PLOT.left + 350, 30], 'red: 20% below it, where fallsBy fires', 'start', 'threshold'),
    ...axes(),
    ...points.flatMap(limits),
    `<path class="value" d="${line}"/>`,
    ...points.flatMap(mark),
  ];
  const open = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" role="img">`;
  return `${[open, `<title>${title}</title>`, `<style>${STYLE}</style>`, ...body, '</svg>'].join('\n')}\n`;
}

if (process.argv[1] === __filename) void drawChangePicture().then((svg) => writeFileSync(CHANGE_PICTURE_FILE, svg));
