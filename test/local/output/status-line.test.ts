import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { StatusLine } from '../../../local/output/status-line';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function statusOn(stream: { isTTY: boolean; columns?: number }) {
  let written = '';
  const write = (text: string) => {
    written += text;
    return true;
  };
  const status = new StatusLine({ ...stream, write } as unknown as NodeJS.WriteStream);
  const flush = () => {
    const flushed = written.replaceAll('\r\x1b[K', '⌫');
    written = '';
    return flushed;
  };
  return { status, flush };
}

it('keeps the status line at the end of a terminal', () => {
  const { status, flush } = statusOn({ isTTY: true, columns: 8 });
  let done = 0;
  status.print('before');
  status.start(() => `${++done} of 3 events`);
  vi.advanceTimersByTime(400);
  status.print('a line');
  status.stop();
  status.print('after');
  vi.advanceTimersByTime(10_000);
  expect(flush()).toBe('⌫before\n⌫1 of 3 ⌫2 of 3 ⌫a line\n2 of 3 ⌫⌫after\n');
});

it('writes a changed status to a file every 10 seconds', () => {
  const { status, flush } = statusOn({ isTTY: false });
  let text = '1 of 3';
  status.start(() => text);
  vi.advanceTimersByTime(9_999);
  status.print('a line');
  expect(flush()).toBe('a line\n');
  vi.advanceTimersByTime(30_000);
  expect(flush()).toBe('1 of 3\n');
  text = '2 of 3';
  vi.advanceTimersByTime(10_000);
  status.stop();
  vi.advanceTimersByTime(60_000);
  expect(flush()).toBe('2 of 3\n');
});
