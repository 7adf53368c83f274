import { isUtf8 } from 'node:buffer';
import { readFileSync } from 'node:fs';
import { displayValue } from '../../lambda/subscriptions/core/entry/messages';

/** A file or stream cannot be read as UTF-8 text. The message names it and says what to do. */
export class TextFileError extends Error {
  override readonly name = 'TextFileError';
}

/**
 * Reads a UTF-8 file, with or without a byte order mark.
 * @param option option that names the file, for the message.
 * @throws TextFileError if the file does not exist, cannot be read, or is not UTF-8.
 */
export function readTextFile(file: string, option?: string): string {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // `shown` hides a flow URL that was passed in place of the file name.
    const problem = code === 'ENOENT' ? 'does not exist' : `cannot be read (${code})`;
    throw new TextFileError(`${displayValue(file)} ${problem}${option === undefined ? '' : `: use ${option} FILE`}`);
  }
  const decoder = new TextFileDecoder(file);
  return decoder.write(bytes) + decoder.end();
}

/**
 * Reads a UTF-8 stream to its end.
 * @param name of the stream, for the message.
 * @throws TextFileError if the stream is not UTF-8.
 */
export async function readTextStream(stream: AsyncIterable<Uint8Array>, name: string): Promise<string> {
  const decoder = new TextFileDecoder(name);
  let text = '';
  for await (const chunk of stream) text += decoder.write(chunk);
  return text + decoder.end();
}

/** Decodes UTF-8 chunk by chunk, without the byte order mark. */
export class TextFileDecoder {
  /** Bytes not yet decoded: the first bytes of the text or of a character. */
  private pending: Buffer = Buffer.alloc(0);
  private hasBegun = false;
  /** Position of the next character, from 1. */
  private lineNumber = 1;
  private column = 1;

  /** @param name of the file, for messages. */
  constructor(private readonly name: string) {}

  /** @throws TextFileError if the text is not UTF-8. */
  write(bytes: Uint8Array): string {
    const all = Buffer.concat([this.pending, bytes]);
    this.pending = all;
    return this.hasBegun || all.length >= HEAD_BYTES ? this.decode(all, incompleteBytes(all)) : '';
  }

  /** Returns the rest of the text. Throws a TextFileError if the text ends within a character. */
  end(): string {
    return this.decode(this.pending, 0);
  }

  /** Decodes all bytes except the last `kept`. */
  private decode(bytes: Buffer, kept: number): string {
    const encoding = this.hasBegun ? undefined : otherEncoding(bytes);
    if (encoding) throw new TextFileError(`${this.name} is in ${encoding}: save it as UTF-8`);
    const start = !this.hasBegun && bytes.indexOf(BYTE_ORDER_MARK) === 0 ? BYTE_ORDER_MARK.length : 0;
    this.hasBegun = true;
    const whole = bytes.subarray(start, bytes.length - kept);
    if (!isUtf8(whole)) throw this.invalidByte(whole);
    this.pending = bytes.subarray(bytes.length - kept);
    const text = whole.toString('utf8');
    this.advance(text);
    return text;
  }

  private advance(text: string): void {
    for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) {
      this.lineNumber++;
      this.column = 1;
    }
    this.column += [...text.slice(text.lastIndexOf('\n') + 1)].length;
  }

  private invalidByte(bytes: Buffer): TextFileError {
    const offset = firstInvalid(bytes);
    this.advance(bytes.toString('utf8', 0, offset));
    const byte = `0x${bytes.readUInt8(offset).toString(16).toUpperCase()}`;
    return new TextFileError(
      `${this.name}:${this.lineNumber}:${this.column}: byte ${byte} is not valid UTF-8; the file probably has another encoding, ` +
        'such as Windows-1252: save it as UTF-8',
    );
  }
}

const BYTE_ORDER_MARK = Buffer.from('\u{FEFF}');
/** Length of the longest byte order mark. */
const HEAD_BYTES = 4;
/** Number of bytes searched for NULs. */
const SAMPLE_BYTES = 256;

/** Byte order marks of other encodings, longest first. */
const OTHER_MARKS: readonly (readonly [mark: string, encoding: string])[] = [
  ['fffe0000', 'UTF-32 (little-endian)'],
  ['0000feff', 'UTF-32 (big-endian)'],
  ['fffe', 'UTF-16 (little-endian)'],
  ['feff', 'UTF-16 (big-endian)'],
];

/** Detects UTF-16 and UTF-32 by their byte order mark, or UTF-16 because every other byte of ASCII text is NUL. */
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

/** Number of trailing bytes that belong to an incomplete character. */
function incompleteBytes(bytes: Buffer): number {
  const last = bytes.subarray(-3);
  for (let at = last.length - 1; at >= 0; at--) {
    const byte = last.readUInt8(at);
    const size = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    // Bytes from 0x80 to 0xBF continue a character.
    if (byte < 0x80 || byte >= 0xc0) return at + size > last.length ? last.length - at : 0;
  }
  return 0;
}

/** Offset of the first byte that is not valid UTF-8. */
function firstInvalid(bytes: Buffer): number {
  let offset = 0;
  // Invalid bytes decode to U+FFFD. A U+FFFD of the text itself is encoded as these three bytes.
  for (const character of bytes.toString('utf8')) {
    const size = Buffer.byteLength(character);
    if (character === '\u{FFFD}' && bytes.toString('hex', offset, offset + size) !== 'efbfbd') break;
    offset += size;
  }
  return offset;
}
