import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { Mistakes } from '../../../cli/shell/mistakes';
import { readUtf8, StableFile } from '../../../cli/subscriptions/stable-file';
import {
  checkSubscriptionFile,
  readSubscriptionFile,
  SubscriptionFileError,
} from '../../../cli/subscriptions/subscription-file';
import { YamlListReader } from '../../../cli/subscriptions/yaml-list';
import { readEvents } from '../../../local/run/event-file';

const options = { file: 'subs.yaml', environment: {} };
const threshold = (name: string, more = '') =>
  `  - name: ${name}\n    trigger: segment-threshold-crossed\n    segment: All\n    above: 5\n${more}`;
const all = async <T>(items: AsyncIterable<T>): Promise<T[]> => {
  const taken: T[] = [];
  for await (const item of items) taken.push(item);
  return taken;
};
async function* pieces(text: string, size: number): AsyncGenerator<string> {
  for (let at = 0; at < text.length; at += size) yield text.slice(at, at + size);
}
const inPieces = async (text: string, size: number) => {
  const checked = await checkSubscriptionFile(() => pieces(text, size), options);
  return { set: checked.set, warnings: checked.warnings, entries: await all(checked.entries()) };
};

const ANCHORS = `# Ours
set: &team marketing
subscriptions:
  # the first
${threshold('a', '    owners: &owners [kim@example.com]\n')}
${threshold('b', '    owners: *owners\n    link: |2\n      https://example.com/\n')}
  - &base
    name: c
    trigger: segment-threshold-crossed
    segment: 'it''s: - all'
    above: 5
    owners: &owners
      - lee@example.com
${threshold('d', '    owners: *owners\n')}
  -
    <<: *base
    name: e
  - { <<: *base, name: *team }
`;
const JSON_TEXT = JSON.stringify({
  subscriptions: ['a', 'b', 'c', 'd', 'e'].map((name) => ({
    name,
    trigger: 'segment-threshold-crossed',
    segment: 'x, "y": [z]',
    above: 5,
  })),
  set: 'json',
});

describe('a subscription file in pieces', () => {
  it.each([
    ['with anchors', ANCHORS],
    ['with Windows line ends', ANCHORS.replaceAll('\n', '\r\n')],
    ['as JSON', JSON.stringify(JSON.parse(JSON_TEXT), undefined, 2)],
    ['as JSON on one line', JSON_TEXT],
    [
      'with directives',
      `%YAML 1.2\n---\nsubscriptions:\n${['a', 'b', 'c', 'd'].map((name) => threshold(name)).join('')}`,
    ],
  ])('reads the same wherever it is cut: %s', async (_, text) => {
    const whole = readSubscriptionFile(text, options);
    expect(whole.entries.length).toBeGreaterThanOrEqual(4);
    for (const size of [1, 2, 3, 7, 50, 211]) expect(await inPieces(text, size), `${size}`).toEqual(whole);
  });

  it('resolves an anchor to the last one before it, in an earlier item or before the list', () => {
    const { entries } = readSubscriptionFile(ANCHORS, options);
    expect(entries.map(({ definition: { name, owners } }) => [name, owners[0]])).toEqual([
      ['a', 'kim@example.com'],
      ['b', 'kim@example.com'],
      ['c', 'lee@example.com'],
      ['d', 'lee@example.com'],
      ['e', 'lee@example.com'],
      ['marketing', 'lee@example.com'],
    ]);
  });

  it('gives an item before the rest is read, and holds few of them', () => {
    const reader = new YamlListReader('subscriptions');
    const names = (parts: Iterable<{ node: { toJSON(): unknown } }>) =>
      [...parts].map(({ node }) => (node.toJSON() as { name: string }).name);
    expect(names(reader.push('subscriptions:\n'))).toEqual([]);
    let given = 0;
    for (let n = 0; n < 500; n++) {
      given += names(reader.push(threshold(`s${n}`))).length;
      expect(n - given, 'items that are held').toBeLessThanOrEqual(4);
    }
    expect(names(reader.end()).at(-1)).toBe('s499');
  });

  it('names the lines of mistakes, and of names that are far apart', async () => {
    const list = Array.from({ length: 100 }, (_, n) => threshold(`s${n}`)).join('');
    const text = `subscriptions:\n${list}${threshold('s3', '    colour: red\n')}set: no_set\n`;
    const lines = [
      'subs.yaml:402: subscription "s3": the name is already used on line 14; give each subscription its own name',
      'subs.yaml:406: subscription "s3": "colour" is not known; this trigger has the keys',
      'subs.yaml:407: "set" is "no_set"; write',
    ];
    const error = await inPieces(text, 64).catch((thrown) => thrown);
    expect(error).toBeInstanceOf(SubscriptionFileError);
    expect(error.mistakes.map((one: string, n: number) => one.slice(0, lines[n]?.length)).toSorted()).toEqual(
      lines.toSorted(),
    );
  });

  it('tells 20 mistakes at most, by their lines, and how many more there are', () => {
    const text = `subscriptions:\n${Array.from({ length: 1300 }, (_, n) => threshold(`s${n}`, '    colour: red\n')).join('')}`;
    let error: unknown;
    try {
      readSubscriptionFile(text, options);
    } catch (thrown) {
      error = thrown;
    }
    const { mistakes, count } = error as SubscriptionFileError;
    expect(count).toBe(1300);
    expect(mistakes).toHaveLength(21);
    expect(mistakes[0]).toMatch(/^subs\.yaml:6: subscription "s0": "colour"/);
    expect(mistakes[19]).toMatch(/^subs\.yaml:101: subscription "s19": "colour"/);
    expect(mistakes[20]).toBe('… and 1,280 more mistakes');
  });
});

it('keeps the first mistakes by line, in whatever order they come', () => {
  const mistakes = new Mistakes();
  for (let line = 1021; line > 0; line--) mistakes.add(line, 'wrong');
  expect(mistakes.texts('f')).toEqual([
    ...Array.from({ length: 20 }, (_, n) => `f:${n + 1}: wrong`),
    '… and 1,001 more mistakes',
  ]);
});

it('tells 20 mistakes of a file of events at most', () => {
  expect(() => readEvents('[]\n'.repeat(21), 'e.jsonl')).toThrow(/e\.jsonl:20: .*\n… and 1 more mistake$/);
});

describe('a file that is read several times', () => {
  const directory = mkdtempSync(join(tmpdir(), 'stable-file-'));
  afterAll(() => rmSync(directory, { recursive: true }));
  const path = join(directory, 'subs.yaml');
  const before = 'a'.repeat(100_000);

  it.each([
    ['a later block', `${before.slice(0, -1)}b`],
    ['more at its end', `${before}a`],
    ['less at its end', before.slice(0, -1)],
    ['nothing any more', ''],
    ['whole blocks less', before.slice(0, 65_536)],
  ])('is given as it was, or not at all: %s', async (_, after) => {
    writeFileSync(path, before);
    const file = new StableFile(path);
    expect(Buffer.concat(await all(file.blocks())).toString()).toBe(before);
    expect(Buffer.concat(await all(file.blocks())).toString()).toBe(before);
    writeFileSync(path, after);
    let given = '';
    const reading = (async () => {
      for await (const block of file.blocks()) given += block;
    })();
    await expect(reading).rejects.toThrow(/was changed while it was applied: run apply again$/);
    expect(before.startsWith(given), 'nothing of the other text was given').toBe(true);
  });

  it.each([
    ['a NUL byte', Buffer.from('set: a\0b'), /^"subs\.yaml" is not a text file: [^\n]*$/],
    ['bytes that are not UTF-8', Buffer.from([0x73, 0xff, 0xfe]), /^subs\.yaml:1:2: the byte 0xFF is not UTF-8[^\n]*$/],
    ['a character that is cut', Buffer.from('é').subarray(0, 1), /^subs\.yaml:1:1: the byte 0xC3 is not UTF-8[^\n]*$/],
  ])('is refused in one line when it is not text: %s', async (_, bytes, message) => {
    writeFileSync(path, bytes);
    await expect(all(readUtf8(new StableFile(path).blocks(), 'subs.yaml'))).rejects.toThrow(message);
  });

  it('keeps characters whole that lie in two blocks', async () => {
    const text = `a${'é'.repeat(50_000)}`;
    writeFileSync(path, text);
    expect((await all(readUtf8(new StableFile(path).blocks(), 'subs.yaml'))).join('')).toBe(text);
  });
});
