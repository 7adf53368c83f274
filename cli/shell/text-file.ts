import { isUtf8 } from 'node:buffer';
import { readFileSync } from 'node:fs';
import { shown } from '../../lambda/subscriptions/core/entry/messages';

/** A file or input that cannot be read as text. The message names it and says what to do. */
export class TextFileError extends Error {
  override readonly name = 'TextFileError';
}

/**
 * Reads a text file in UTF-8, with or without a byte order mark.
 * @param option the option that takes the file, for the message.
 * @throws TextFileError when there is no such file, or it is in another encoding.
 */
export function readTextFile(file: string, option?: string): string {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // Shown with care: the file's name can be a flow URL in the wrong place.
    const problem = code === 'ENOENT' ? 'does not exist' : `cannot be read (${code})`;
    throw new TextFileError(`${shown(file)} ${problem}${option === undefined ? '' : `: write ${option} FILE`}`);
  }
  const decoder = new TextFileDecoder(file);
  return decoder.write(bytes) + decoder.end();
}

/**
 * Reads a stream of UTF-8 to its end.
 * @param name the stream's name, for the message.
 * @throws TextFileError when it is in another encoding.
 */
export async function readTextStream(stream: AsyncIterable<Uint8Array>, name: string): Promise<string> {
  const decoder = new TextFileDecoder(name);
  let text = '';
  for await (const chunk of stream) text += decoder.write(chunk);
  return text + decoder.end();
}

/** Decodes a UTF-8 text piece by piece, without its byte order mark. */
export class TextFileDecoder {
  /** Bytes that are not decoded yet: the start of the text, or of a character. */
  private pending: Buffer = Buffer.alloc(0);
  private hasBegun = false;
  /** Where the next character stands, from 1. */
  private lineNumber = 1;
  private column = 1;

  /** @param name the file's name, for messages. */
  constructor(private readonly name: string) {}

  /** @throws TextFileError for another encoding than UTF-8. */
  write(bytes: Uint8Array): string {
    const all = Buffer.concat([this.pending, bytes]);
    this.pending = all;
    return this.hasBegun || all.length >= HEAD_BYTES ? this.decode(all, incompleteBytes(all)) : '';
  }

  /** Ends the text. Throws a TextFileError where it ends within a character. */
  end(): string {
    return this.decode(this.pending, 0);
  }

  /** Decodes all but the last `kept` bytes. */
  private decode(bytes: Buffer, kept: number): string {
    const encoding = this.hasBegun ? undefined : otherEncoding(bytes);
    if (encoding) throw new TextFileError(`${this.name} is in ${encoding}: save it as UTF-8`);
    const start = !this.hasBegun && bytes.indexOf(BYTE_ORDER_MARK) === 0 ? BYTE_ORDER_MARK.length : 0;
    this.hasBegun = true;
    const whole = bytes.subarray(start, bytes.length - kept);
    if (!isUtf8(whole)) throw this.wrongByte(whole);
    this.pending = bytes.subarray(bytes.length - kept);
    const text = whole.toString('utf8');
    this.moveOver(text);
    return text;
  }

  private moveOver(text: string): void {
    for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) {
      this.lineNumber++;
      this.column = 1;
    }
    this.column += [...text.slice(text.lastIndexOf('\n') + 1)].length;
  }

  private wrongByte(bytes: Buffer): TextFileError {
    const offset = firstWrong(bytes);
    this.moveOver(bytes.toString('utf8', 0, offset));
    const byte = `0x${bytes.readUInt8(offset).toString(16).toUpperCase()}`;
    return new TextFileError(
      `${this.name}:${this.lineNumber}:${this.column}: the byte ${byte} is not UTF-8, so the encoding is another one, ` +
        'such as Windows-1252: save it as UTF-8',
    );
  }
}

const BYTE_ORDER_MARK = Buffer.from('\u{FEFF}');
/** Bytes that show a file's encoding: the longest byte order mark has 4. */
const HEAD_BYTES = 4;
/** Bytes that are searched for NULs. */
const SAMPLE_BYTES = 256;

/** Byte order marks of other encodings, the longer ones first. */
const OTHER_MARKS: readonly (readonly [mark: string, encoding: string])[] = [
  ['fffe0000', 'UTF-32 (little-endian)'],
  ['0000feff', 'UTF-32 (big-endian)'],
  ['fffe', 'UTF-16 (little-endian)'],
  ['feff', 'UTF-16 (big-endian)'],
];

/** The encoding of a text that is not UTF-8: by its byte order mark, or because every second byte of ASCII text is NUL. */
function otherEncoding(head: Buffer): string | undefined {
  const start = head.toString('hex', 0, HEAD_BYTES);
  const marked = OTHER_MARKS.find(([mark]) => start.startsWith(mark));
  if (marked) return marked[1];
  const sample = head.subarray(0, SAMPLE_BYTES);
  const nuls = [0, 0];
  for (const [at, byte] of sample.entries()) if (byte === 0) nuls[at % 2] = (nuls[at % 2] ?? 0) + 1;
  const [even = 0, odd = 0] = nuls;
  if (even + odd <= sample.length / 4) return undefined;
  return even > odd ? 'UTF-16 (big-endian)' : 'UTF-16 (little-endian)';
}

/** Bytes at the end that start a character and do not end it. */
function incompleteBytes(bytes: Buffer): number {
  const last = bytes.subarray(-3);
  for (let at = last.length - 1; at >= 0; at--) {
    const byte = last.readUInt8(at);
    const size = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    // 0x80 to 0xBF continue a character.
    if (byte < 0x80 || byte >= 0xc0) return at + size > last.length ? last.length - at : 0;
  }
  return 0;
}

/** Offset of the first byte that is no UTF-8. */
function firstWrong(bytes: Buffer): number {
  let offset = 0;
  // Wrong bytes are decoded as U+FFFD, which the text itself may have, too: as these three bytes.
  for (const character of bytes.toString('utf8')) {
    const size = Buffer.byteLength(character);
    if (character === '\u{FFFD}' && bytes.toString('hex', offset, offset + size) !== 'efbfbd') break;
    offset += size;
  }
  return offset;
}
