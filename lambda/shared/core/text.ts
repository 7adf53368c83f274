import { numberText } from './number-text';

/** The text on one line. Replaces control characters and unpaired surrogates, and collapses white space. */
export function oneLine(text: string): string {
  return text
    .toWellFormed()
    .replaceAll(/[\p{Cc}\s]+/gu, ' ')
    .trim();
}

/** The text with `\n` as its only line break. Replaces other control characters by spaces. */
export function manyLines(text: string): string {
  return text
    .toWellFormed()
    .replaceAll(/\r\n?|[\u0085\u2028\u2029]/g, '\n')
    .replaceAll(/[^\P{Cc}\n]/gu, ' ')
    .trim();
}

/** The text in up to `max` characters, with … at the end if it was cut. Never splits a surrogate pair. */
export function cut(text: string, max: number): string {
  if (text.length <= max) return text;
  const kept = text.slice(0, Math.max(0, max - 1));
  return `${/[\ud800-\udbff]$/.test(kept) ? kept.slice(0, -1) : kept}…`;
}

const HTML: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
  '\n': '<br>',
};

/** The text as HTML, for the body of an email. */
export const html = (text: string): string => text.replaceAll(/[&<>"'\n]/g, (character) => HTML[character] ?? '');

/**
 * The text as escaped Markdown, for one line of a card. Teams supports bold, italic, lists and links there (Microsoft,
 * "Format cards in Teams"). All CommonMark syntax is escaped, but nothing else, because some Teams clients show
 * backslashes (MicrosoftDocs/msteams-docs#5793).
 */
export const markdown = (text: string): string =>
  oneLine(text)
    .replaceAll(/[\\`*_~[\]<]|&(?=[#\w]+;)/g, '\\$&')
    // Headings, quotations and lists start at the beginning of the line.
    .replace(/^(#|>|[-+](?!\d))/, '\\$1')
    .replace(/^(\d+)([.)])(?=\s|$)/, '$1\\$2');

/** A number with its unit: `12,345 EUR`, `12.5%`. */
export function quantityText(value: number, unit = ''): string {
  const number = numberText(value);
  if (unit === '') return number;
  return unit === '%' ? `${number}%` : `${number} ${unit}`;
}

/** A percentage for people: `23.5%`, with three digits or all before the decimal point. */
export const percentText = (percent: number): string =>
  quantityText(Math.abs(percent) >= 100 ? Math.round(percent) : Number(percent.toPrecision(3)), '%');

/** The number, with 0 for −0, which JSON lacks. */
export const plain = (value: number): number => (value === 0 ? 0 : value);

/** The difference without rounding noise (0.3 − 0.1 is 0.2), and never infinite. */
export function difference(a: number, b: number): number {
  const rounded = Number((a - b).toPrecision(15));
  return plain(Math.min(Number.MAX_VALUE, Math.max(-Number.MAX_VALUE, rounded)));
}

/** A number and its noun: `1 member`, `10,250 members`. */
export const counted = (count: number, one: string, many: string): string =>
  `${numberText(count)} ${count === 1 ? one : many}`;

/** A number of members: `10,250 members`. */
export const membersText = (count: number): string => counted(count, 'member', 'members');

/** A map as text, `Region: EMEA; Channel: Web`: the flow designer offers texts, but not maps, as dynamic content. */
export function mapText(map: Readonly<Record<string, string>>): string {
  return Object.entries(map)
    .map(([name, value]) => `${name}: ${value}`)
    .join('; ');
}
