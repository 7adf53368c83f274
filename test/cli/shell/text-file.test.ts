import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readTextFile, readTextStream, TextFileError } from '../../../cli/shell/text-file';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'connector-text-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const TEXT = '{"Source":"a"}\n{"Detail":"Käufer 🚀 \u{FFFD}"}\n';
const utf16le = Buffer.from(TEXT, 'utf16le');
const utf16be = Buffer.from(TEXT, 'utf16le').swap16();
const bytes = (...parts: (string | number)[]) =>
  Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : Buffer.of(part))));

/** Reads the same bytes as a file and as streams with chunks of different sizes. */
async function readEach(content: Buffer): Promise<string[]> {
  const file = join(folder, 'events.jsonl');
  writeFileSync(file, content);
  const streams = [1, 2, 3, 5, 64].map((size) =>
    readTextStream(
      (async function* () {
        for (let at = 0; at < content.length; at += size) yield content.subarray(at, at + size);
      })(),
      file,
    ),
  );
  const reads = [(async () => readTextFile(file, '--events'))(), ...streams];
  return Promise.all(
    reads.map((read) =>
      read.catch((error) => {
        if (!(error instanceof TextFileError)) throw error;
        return error.message.replaceAll(file, 'FILE');
      }),
    ),
  );
}

describe('a text file', () => {
  it.each<[string, Buffer, string]>([
    ['UTF-8', bytes(TEXT), TEXT],
    ['UTF-8 with a byte order mark', bytes('\u{FEFF}', TEXT), TEXT],
    ['a byte order mark inside the text', bytes('a\u{FEFF}b'), 'a\u{FEFF}b'],
    ['no content', bytes(), ''],
    ['only a byte order mark', bytes('\u{FEFF}'), ''],
    ['one character', bytes('ü'), 'ü'],
    ['a NUL', bytes('{"a":"\0 and the rest"}'), '{"a":"\0 and the rest"}'],
  ])('is read with %s', async (_, content, text) => {
    expect(new Set(await readEach(content))).toEqual(new Set([text]));
  });

  it.each<[string, Buffer, string]>([
    ['little-endian, with a mark', Buffer.concat([bytes(0xff, 0xfe), utf16le]), 'FILE is in UTF-16 (little-endian)'],
    ['big-endian, with a mark', Buffer.concat([bytes(0xfe, 0xff), utf16be]), 'FILE is in UTF-16 (big-endian)'],
    ['little-endian, without a mark', utf16le, 'FILE is in UTF-16 (little-endian)'],
    ['big-endian, without a mark', utf16be, 'FILE is in UTF-16 (big-endian)'],
    ['of 32 bits', bytes(0xff, 0xfe, 0, 0, 0x7b, 0, 0, 0), 'FILE is in UTF-32 (little-endian)'],
  ])('is rejected in UTF-16 or UTF-32: %s', async (_, content, message) => {
    expect(new Set(await readEach(content))).toEqual(new Set([`${message}: save it as UTF-8`]));
  });

  it.each<[string, Buffer, string]>([
    ['Windows-1252', bytes('{"a":1}\n{"b":"🚀 K', 0xe4, 'ufer"}\n'), 'FILE:2:10: byte 0xE4'],
    ['at the start', bytes(0x93, 'quoted'), 'FILE:1:1: byte 0x93'],
    ['after a U+FFFD', bytes('ab\u{FFFD}', 0xff), 'FILE:1:4: byte 0xFF'],
    ['inside a character', bytes('a\r\nbc', 0xf0, 0x9f, 'd'), 'FILE:2:3: byte 0xF0'],
    ['an incomplete character at the end', bytes('a\nb', 0xe2, 0x82), 'FILE:2:2: byte 0xE2'],
    ['half of a surrogate pair', bytes('a', 0xed, 0xa0, 0x80, 'b'), 'FILE:1:2: byte 0xED'],
    ['a text longer than one chunk', bytes('x'.repeat(200), '\n', 0xfc), 'FILE:2:1: byte 0xFC'],
  ])('is rejected in another encoding, with the position: %s', async (_, content, place) => {
    const rest = 'is not valid UTF-8; the file probably has another encoding, such as Windows-1252: save it as UTF-8';
    expect(new Set(await readEach(content))).toEqual(new Set([`${place} ${rest}`]));
  });

  it('is rejected if it does not exist or is a directory', () => {
    expect(() => readTextFile('nowhere.jsonl', '--events')).toThrow(
      '"nowhere.jsonl" does not exist: use --events FILE',
    );
    expect(() => readTextFile(folder, '--events')).toThrow('cannot be read (EISDIR): use --events FILE');
  });
});
