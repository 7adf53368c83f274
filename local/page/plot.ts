import { numberText } from '../../lambda/shared/core/number-text';
import { quantityText } from '../../lambda/shared/core/text';
import type { Point } from './bus-history';
import { type Band, bandOf, changeLevelText } from './change-band';
import { type Html, html } from './html';
import type { Level, PlottedMetric } from './snapshot';

/** Size of the drawing, which is scaled to the available width. */
const WIDTH = 440;
const HEIGHT = 210;
const AREA = { left: 56, right: WIDTH - 84, top: 14, bottom: HEIGHT - 26 } as const;
/** Minimum distance between two labels. */
const LABEL_HEIGHT = 14;
/** Maximum number of levels. The nearest to the last value are drawn. */
const MAX_LEVELS = 12;
const DAY = 24 * 3600 * 1000;

/** A line across the plot. */
interface Line {
  readonly value: number;
  readonly label: string;
  readonly kind: 'threshold' | 'recovery' | 'base';
}

const WORDS: Readonly<Record<Level['operator'], string>> = {
  above: 'above',
  atOrAbove: 'at or above',
  below: 'below',
  atOrBelow: 'at or below',
};

/** Short forms for the drawing. The text below it has the words. */
const SIGNS: Readonly<Record<Level['operator'], string>> = { above: '>', atOrAbove: '≥', below: '<', atOrBelow: '≤' };

/** Such as `above 10,000, recovers at 9,000`. */
const levelText = ({ operator, value, recoverTo }: Level): string =>
  `${WORDS[operator]} ${numberText(value)}${recoverTo === undefined ? '' : `, recovers at ${numberText(recoverTo)}`}`;

/** Draws the values of a metric over time, and its thresholds, as SVG. `label` is the text alternative. */
export function plot({ points, crossings, levels, changes }: PlottedMetric, label: string): Html {
  const counted = points.filter(({ dropped }) => dropped === undefined);
  const bands = changes.flatMap((change) => bandOf(change, counted) ?? []);
  const lines = linesOf(levels, bands, counted.at(-1)?.value);
  const values = [...points.map(({ value }) => value), ...lines.map(({ value }) => value)];
  const y = scale(padded(values), [AREA.bottom, AREA.top]);
  const times = points.map(({ observedAt }) => observedAt);
  const span = [Math.min(...times), Math.max(...times)] as const;
  const x = span[0] < span[1] ? scale(span, [AREA.left + 6, AREA.right - 8]) : () => (AREA.left + AREA.right) / 2;
  return html`<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${label}">
${ticks(padded(values)).map((value) => grid(y(value), value))}
${bands.map(({ base, low = base, high = base }) => html`<rect class="band" x="${AREA.left}" y="${y(high)}" width="${AREA.right - AREA.left}" height="${y(low) - y(high)}"/>`)}
${labelled(lines, y).map((line) => levelLine(line, y(line.value)))}
${curve(counted, x, y)}
${counted.map(({ observedAt, value }) => html`<circle class="value" cx="${x(observedAt)}" cy="${y(value)}" r="2.5"/>`)}
${points.map((point) => dropMark(point, x, y))}
${crossings
  .filter(({ observedAt }) => observedAt >= span[0] && observedAt <= span[1])
  .map(
    ({ observedAt, value, direction, threshold, subscription }) =>
      html`<path class="crossing" d="${triangle(x(observedAt), y(value), direction === 'above')}"><title>${subscription}: crossed ${numberText(threshold)} at ${numberText(value)}</title></path>`,
  )}
${points.length > 0 && timeAxis(span, x)}
</svg>`;
}

/** Lines of thresholds, recovery levels and bases, without duplicates. */
function linesOf(levels: readonly Level[], bands: readonly Band[], last: number | undefined): Line[] {
  const lines = new Map<string, Line>();
  const add = (line: Line) => lines.set(`${line.label} ${line.value}`, line);
  for (const { base, low, high } of bands) {
    if (low !== undefined) add({ value: low, label: `≤ ${tickText(low)}`, kind: 'threshold' });
    if (high !== undefined) add({ value: high, label: `≥ ${tickText(high)}`, kind: 'threshold' });
    add({ value: base, label: `base ${tickText(base)}`, kind: 'base' });
  }
  for (const level of levels) {
    const { value, recoverTo } = level;
    const label = `${SIGNS[level.operator]} ${tickText(value)}`;
    add({ value, label, kind: 'threshold' });
    if (recoverTo === undefined) continue;
    const back = `back ${tickText(recoverTo)}`;
    add({ value: recoverTo, label: back, kind: 'recovery' });
  }
  const distance = ({ value }: Line) => Math.abs(value - (last ?? 0));
  return [...lines.values()].sort((a, b) => distance(a) - distance(b)).slice(0, MAX_LEVELS);
}

/** Removes labels that would overlap. The line nearest to the last value keeps its label. */
function labelled(lines: readonly Line[], y: (value: number) => number): Line[] {
  const taken: number[] = [];
  return lines.map((line) => {
    const at = y(line.value);
    if (taken.some((other) => Math.abs(other - at) < LABEL_HEIGHT)) return { ...line, label: '' };
    taken.push(at);
    return line;
  });
}

/** The range of the values with a margin. Values are below 1e126 (events.ts). */
function padded(values: readonly number[]): readonly [number, number] {
  if (values.length === 0) return [0, 1];
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const room = (high - low) * 0.12 || Math.abs(high) * 0.1 || 1;
  return [low - room, high + room];
}

function scale([from, to]: readonly [number, number], [start, end]: readonly [number, number]) {
  return (value: number): number => Math.round((start + ((value - from) / (to - from)) * (end - start)) * 10) / 10;
}

/** Round values in the range, at distances of 1, 2 or 5 times a power of ten. */
export function ticks([low, high]: readonly [number, number]): number[] {
  const rough = (high - low) / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 5].find((factor) => factor * power >= rough) ?? 10) * power;
  if (!Number.isFinite(step) || step === 0) return [];
  const first = Math.ceil(low / step);
  const count = Math.floor(high / step) - first + 1;
  // The values are too far from zero for a double to represent the steps.
  if (!(count >= 1 && count <= 12)) return [];
  return Array.from({ length: count }, (_, n) => Number(((first + n) * step).toPrecision(12)));
}

const compact = new Intl.NumberFormat('en-US', { notation: 'compact', maximumSignificantDigits: 5 });
const scientific = new Intl.NumberFormat('en-US', { notation: 'scientific', maximumSignificantDigits: 3 });
const tickText = (value: number): string => {
  const size = Math.abs(value);
  if (size !== 0 && (size >= 1e12 || size < 1e-4)) return scientific.format(value);
  return size < 100_000 ? numberText(value) : compact.format(value);
};

const grid = (at: number, value: number): Html =>
  html`<path class="grid" d="M${AREA.left} ${at}H${AREA.right}"/><text class="axis" x="${AREA.left - 6}" y="${at + 4}" text-anchor="end">${tickText(value)}</text>`;

const levelLine = ({ label, kind }: Line, at: number): Html =>
  html`<path class="level ${kind}" d="M${AREA.left} ${at}H${AREA.right}"/>${label && html`<text class="label ${kind}" x="${AREA.right + 6}" y="${at + 4}">${label}</text>`}`;

/** Draws steps, because a value is valid until the next observation. */
function curve(counted: readonly Point[], x: (at: number) => number, y: (value: number) => number): Html | undefined {
  const [first, ...rest] = counted;
  if (!first) return undefined;
  const steps = rest.map(({ observedAt, value }) => `H${x(observedAt)}V${y(value)}`).join('');
  return html`<path class="curve" d="M${x(first.observedAt)} ${y(first.value)}${steps}"/>`;
}

/** Omits duplicates, which have the same position as the original. */
function dropMark(point: Point, x: (at: number) => number, y: (value: number) => number): Html | undefined {
  const { observedAt, value, dropped } = point;
  if (dropped === undefined || dropped === 'duplicate') return undefined;
  const [cx, cy] = [x(observedAt), y(value)];
  return html`<path class="dropped" d="M${cx - 4} ${cy - 4}l8 8m0 -8l-8 8"><title>${dropped}, dropped: ${numberText(value)}</title></path>`;
}

function triangle(cx: number, cy: number, up: boolean): string {
  const tip = up ? -8 : 8;
  return `M${cx - 6} ${cy - tip / 2}L${cx + 6} ${cy - tip / 2}L${cx} ${cy + tip}Z`;
}

function timeAxis([from, to]: readonly [number, number], x: (at: number) => number): Html {
  const text = (at: number) => {
    const iso = new Date(at).toISOString();
    return to - from > 2 * DAY ? iso.slice(0, 10) : `${iso.slice(5, 10)} ${iso.slice(11, 16)}`;
  };
  const label = (at: number, anchor: string) =>
    html`<text class="axis" x="${x(at)}" y="${HEIGHT - 8}" text-anchor="${anchor}">${text(at)}</text>`;
  return from === to ? label(from, 'middle') : html`${label(from, 'start')}${label(to, 'end')}`;
}

/** Describes a plot in words. */
export function plotText({ points, crossings, levels, changes, unit }: PlottedMetric): string {
  const counted = points.filter(({ dropped }) => dropped === undefined);
  const last = counted.at(-1);
  const texts = [...levels.map(levelText), ...changes.map((change) => changeLevelText(change, counted))];
  const watched = [...new Set(texts)].join(', ');
  return [
    last
      ? `${counted.length} ${counted.length === 1 ? 'value' : 'values'}, now ${quantityText(last.value, unit)}`
      : 'no value yet',
    watched ? `thresholds: ${watched}` : 'no threshold',
    crossings.length > 0 && `crossed ${crossings.length === 1 ? 'once' : `${crossings.length} times`}`,
    points.length > counted.length && `${points.length - counted.length} dropped`,
  ]
    .filter(Boolean)
    .join('; ');
}
