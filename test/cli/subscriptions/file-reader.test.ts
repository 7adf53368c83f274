import { describe, expect, it } from 'vitest';
import {
  checkSubscriptionFile,
  readSubscriptionFile,
  SubscriptionFileError,
} from '../../../cli/subscriptions/subscription-file';
import { YamlListReader } from '../../../cli/subscriptions/yaml-list';

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

describe('a subscription file in chunks', () => {
  it.each([
    ['with anchors', ANCHORS],
    ['with Windows line ends', ANCHORS.replaceAll('\n', '\r\n')],
    ['as JSON', JSON.stringify(JSON.parse(JSON_TEXT), undefined, 2)],
    ['as JSON on one line', JSON_TEXT],
    [
      'with directives',
      `%YAML 1.2\n---\nsubscriptions:\n${['a', 'b', 'c', 'd'].map((name) => threshold(name)).join('')}`,
    ],
  ])('gives the same result for all chunk sizes: %s', async (_, text) => {
    const whole = readSubscriptionFile(text, options);
    expect(whole.entries.length).toBeGreaterThanOrEqual(4);
    for (const size of [1, 2, 3, 7, 50, 211]) expect(await inPieces(text, size), `${size}`).toEqual(whole);
  });

  it('resolves an alias to the last preceding anchor, in an earlier item or before the list', () => {
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

  it('yields items before the end of the file, and holds few of them', () => {
    const reader = new YamlListReader('subscriptions');
    const names = (parts: Iterable<{ node: { toJSON(): unknown } }>) =>
      [...parts].map(({ node }) => (node.toJSON() as { name: string }).name);
    expect(names(reader.push('subscriptions:\n'))).toEqual([]);
    let given = 0;
    for (let n = 0; n < 500; n++) {
      given += names(reader.push(threshold(`s${n}`))).length;
      expect(n - given, 'held items').toBeLessThanOrEqual(4);
    }
    expect(names(reader.end()).at(-1)).toBe('s499');
  });

  it('reports the lines of mistakes and of duplicate names', async () => {
    const list = Array.from({ length: 100 }, (_, n) => threshold(`s${n}`)).join('');
    const text = `subscriptions:\n${list}${threshold('s3', '    colour: red\n')}set: no_set\n`;
    const lines = [
      'subs.yaml:402: subscription "s3": line 14 already uses this name; use unique names',
      'subs.yaml:406: subscription "s3": "colour" is not known; this trigger has the keys',
      'subs.yaml:407: "set" is "no_set"; write',
    ];
    const error = await inPieces(text, 64).catch((thrown) => thrown);
    expect(error).toBeInstanceOf(SubscriptionFileError);
    expect(error.mistakes.map((one: string, n: number) => one.slice(0, lines[n]?.length)).toSorted()).toEqual(
      lines.toSorted(),
    );
  });

  it('reports the first 20 mistakes by line, and the number of further ones', () => {
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
