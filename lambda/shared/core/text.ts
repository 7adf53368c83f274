/** Text that people read in a flow's message: numbers as people write them, and what cleans a text. */

import { numberText } from './number-text';

/** A text on one line: control characters and broken surrogates replaced, white space joined. */
export function oneLine(text: string): string {
  return text
    .toWellFormed()
    .replaceAll(/[\p{Cc}\s]+/gu, ' ')
    .trim();
}

/** A text of several lines: only `\n` breaks a line, other control characters are spaces. */
export function manyLines(text: string): string {
  return text
    .toWellFormed()
    .replaceAll(/\r\n?|[\u0085\u2028\u2029]/g, '\n')
    .replaceAll(/[^\P{Cc}\n]/gu, ' ')
    .trim();
}

/** The text in at most `max` characters, with … where it was cut; never cuts a surrogate pair in two. */
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

/** The text as HTML: for the body of a mail. */
export const html = (text: string): string => text.replaceAll(/[&<>"'\n]/g, (character) => HTML[character] ?? '');

/**
 * The text as Markdown that shows it as it is, for one line of a card. Teams knows bold, italic, lists and links there
 * (Microsoft, "Format cards in Teams"); the rest of what CommonMark could read is escaped too, and nothing more, since
 * some of Teams' clients have shown the backslashes (MicrosoftDocs/msteams-docs#5793).
 */
export const markdown = (text: string): string =>
  oneLine(text)
    .replaceAll(/[\\`*_~[\]<]|&(?=[#\w]+;)/g, '\\$&')
    // At the beginning: a heading, a quotation, a list.
    .replace(/^(#|>|[-+](?!\d))/, '\\$1')
    .replace(/^(\d+)([.)])(?=\s|$)/, '$1\\$2');

// 30 digits hold the shortest text of every double from 1e-6 on; smaller and very large ones are written as 1e-7.
/** A number with its unit: `12,345 EUR`, `12.5%`. */
export function quantityText(value: number, unit = ''): string {
  const number = numberText(value);
  if (unit === '') return number;
  return unit === '%' ? `${number}%` : `${number} ${unit}`;
}

/** A number without the sign that −0 has: JSON does not know it. */
export const plain = (value: number): number => (value === 0 ? 0 : value);

/** A difference without the last digits' noise (0.3 − 0.1 is 0.2), never infinite. */
export function difference(a: number, b: number): number {
  const rounded = Number((a - b).toPrecision(15));
  return plain(Math.min(Number.MAX_VALUE, Math.max(-Number.MAX_VALUE, rounded)));
}

/** A number and its noun: `1 member`, `10,250 members`. */
export const counted = (count: number, one: string, many: string): string =>
  `${numberText(count)} ${count === 1 ? one : many}`;

/** A number of members: `10,250 members`. */
export const membersText = (count: number): string => counted(count, 'member', 'members');

/** A map as text, for maps cannot be picked in the flow designer: `Region: EMEA; Channel: Web`. */
export function mapText(map: Readonly<Record<string, string>>): string {
  return Object.entries(map)
    .map(([name, value]) => `${name}: ${value}`)
    .join('; ');
}
