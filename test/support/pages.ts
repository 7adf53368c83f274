import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Reads a page of docs/. */
export const readPage = (name: string): string => readFileSync(join(__dirname, '../../docs', name), 'utf8');

/** The text of a page after `from`, up to `to`, which by default is the next heading of level 2. */
export function sectionOf(page: string, from: string, to = '\n## '): string {
  const section = page.split(from)[1]?.split(to)[0];
  if (section === undefined) throw new Error(`the page does not have "${from}"`);
  return section;
}

/** The cells of each table row that starts with code. */
export const codeRows = (text: string): string[][] =>
  text
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) => line.split('|').slice(1, -1))
    .map((cells) => cells.map((cell) => cell.trim()));
