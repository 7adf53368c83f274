import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readUtf8, StableFile } from '../../../cli/subscriptions/stable-file';

const all = async <T>(items: AsyncIterable<T>): Promise<T[]> => {
  const taken: T[] = [];
  for await (const item of items) taken.push(item);
  return taken;
};

describe('a file that is read several times', () => {
  const directory = mkdtempSync(join(tmpdir(), 'stable-file-'));
  afterAll(() => rmSync(directory, { recursive: true }));
  const path = join(directory, 'subs.yaml');
  const before = 'a'.repeat(100_000);

  it.each([
    ['a changed last block', `${before.slice(0, -1)}b`],
    ['a longer file', `${before}a`],
    ['a shorter file', before.slice(0, -1)],
    ['an empty file', ''],
    ['fewer blocks', before.slice(0, 65_536)],
  ])('fails instead of yielding a change: %s', async (_, after) => {
    writeFileSync(path, before);
    const file = new StableFile(path);
    expect(Buffer.concat(await all(file.blocks())).toString()).toBe(before);
    expect(Buffer.concat(await all(file.blocks())).toString()).toBe(before);
    writeFileSync(path, after);
    let given = '';
    const reading = (async () => {
      for await (const block of file.blocks()) given += block;
    })();
    await expect(reading).rejects.toThrow(/changed while apply was running: run apply again$/);
    expect(before.startsWith(given), 'yields nothing of the other text').toBe(true);
  });

  it.each([
    ['a NUL byte', Buffer.from('set: a\0b'), /^"subs\.yaml" is not a text file: [^\n]*$/],
    [
      'bytes that are not UTF-8',
      Buffer.from([0x73, 0xff, 0xfe]),
      /^subs\.yaml:1:2: byte 0xFF is not valid UTF-8[^\n]*$/,
    ],
    [
      'an incomplete character',
      Buffer.from('é').subarray(0, 1),
      /^subs\.yaml:1:1: byte 0xC3 is not valid UTF-8[^\n]*$/,
    ],
  ])('is rejected in one line if it is not text: %s', async (_, bytes, message) => {
    writeFileSync(path, bytes);
    await expect(all(readUtf8(new StableFile(path).blocks(), 'subs.yaml'))).rejects.toThrow(message);
  });

  it('decodes characters that span two blocks', async () => {
    const text = `a${'é'.repeat(50_000)}`;
    writeFileSync(path, text);
    expect((await all(readUtf8(new StableFile(path).blocks(), 'subs.yaml'))).join('')).toBe(text);
  });
});
