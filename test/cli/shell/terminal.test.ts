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
