import { expect, it } from 'vitest';
import { processTerminal } from '../../../cli/shell/terminal';

/** A terminal that records its output. */
function recorded(hasColors: boolean) {
  let text = '';
  const stdout = { write: (part: string) => (text += part), hasColors: () => hasColors, isTTY: false };
  const terminal = processTerminal({ stdin: {}, stdout, stderr: stdout } as unknown as NodeJS.Process);
  return { terminal, text: () => text };
}

it('escapes control characters in names', () => {
  const { terminal, text } = recorded(true);
  terminal.line(`${terminal.style.red('paused')} A\x1b[2J B\0 C\x9b D\x7f\t🎉\nE`);
  expect(text()).toBe('\x1b[31mpaused\x1b[0m A\\u001b[2J B\\u0000 C\\u009b D\\u007f\t🎉\nE\n');
});

it('prints JSON with an unchanged value', () => {
  const { terminal, text } = recorded(false);
  const value = { segment: 'A\x1b[31m B\0 C\x9b D\x7f \u2028 🎉' };
  terminal.json(value);
  expect(JSON.parse(text())).toEqual(value);
  expect(text()).not.toContain('\x9b');
});

it.each([0, 1, 3, 1200])('prints a list of %i objects like the whole list', (length) => {
  const values = Array.from({ length }, (_, n) => ({ name: `s${n}`, owners: ['a\nb'], filter: {} }));
  const { terminal, text } = recorded(false);
  terminal.jsonList(values);
  expect(text()).toBe(`${JSON.stringify(values, undefined, 2)}\n`);
});

it('prints a long table with columns of equal width', () => {
  const { terminal, text } = recorded(false);
  const rows = Array.from({ length: 1200 }, (_, n) => [`name-${n}`, `${n}`]);
  terminal.table({ head: ['name', 'number'], rows });
  const lines = text().split('\n');
  expect(lines).toHaveLength(1202);
  expect(lines[0]).toBe('NAME       NUMBER');
  expect(lines[1]).toBe('name-0     0');
  expect(lines[1200]).toBe('name-1199  1199');
});
