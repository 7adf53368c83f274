import { describe, expect, it } from 'vitest';
import { readEvents } from '../../../local/run/event-file';

const line = (more: object) => JSON.stringify({ Source: 'a', DetailType: 'b', ...more });
const mistakeOf = (text: string) => {
  try {
    return readEvents(text, 'e.jsonl');
  } catch (error) {
    return (error as Error).message;
  }
};

describe('an event file', () => {
  it('accepts data as an object or as a JSON string', () => {
    const events = readEvents(`${line({ Detail: { c: 1 } })}\n\n${line({ Detail: '{"c":1}' })}\n`, 'e.jsonl');
    expect(events).toHaveLength(2);
    expect([...events]).toMatchObject([
      { Source: 'a', DetailType: 'b', Detail: '{"c":1}' },
      { Source: 'a', DetailType: 'b', Detail: '{"c":1}' },
    ]);
  });

  it.each([
    [undefined, 'is missing'],
    [null, 'is null'],
    [3, 'is 3'],
    [true, 'is true'],
    [[1], 'is [1]'],
    ['[1]', 'is "[1]"'],
    ['"x"', 'is "\\"x\\""'],
    ['null', 'is "null"'],
    ['x', 'is a string that is not JSON'],
    ['', 'is a string that is not JSON'],
  ])('names the line whose data is not an object: %j', (Detail, is) => {
    const text = `${line({ Detail: {} })}\n${line({ Detail })}`;
    expect(mistakeOf(text)).toBe(`e.jsonl:2: "Detail" ${is}; write the event's data as an object`);
  });

  it('names the line of an entry that is too large for EventBridge', () => {
    const text = line({ Detail: { c: 'x'.repeat(1_048_576) } });
    expect(mistakeOf(text)).toMatch(/^e\.jsonl:1: the entry has more than 1048576 bytes/);
  });
});
