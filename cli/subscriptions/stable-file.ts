import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { displayValue } from '../../lambda/subscriptions/core/entry/messages';
import { CommandError, UsageError } from '../shell/exit';
import { TextFileDecoder } from '../shell/text-file';

const BLOCK_BYTES = 32 * 1024;

/**
 * A file that is read several times, block by block, and must not change in between. The first read stores a hash of
 * each block.
 */
export class StableFile {
  private hashes: string[] | undefined;
  /** Blocks of a file that can be read only once, such as a pipe. */
  private kept: Buffer[] | undefined;

  constructor(private readonly path: string) {}

  /**
   * Reads the file from the start. The first read has to end before the next one starts.
   * @throws UsageError if the file cannot be read; CommandError instead of yielding a block that changed.
   */
  async *blocks(): AsyncGenerator<Buffer> {
    const before = this.hashes;
    const hashes: string[] = [];
    for await (const block of this.kept ?? this.read()) {
      const hash = createHash('sha256').update(block).digest('base64');
      if (before && before[hashes.length] !== hash) throw this.changed();
      hashes.push(hash);
      yield block;
    }
    if (before && before.length !== hashes.length) throw this.changed();
    this.hashes = hashes;
  }

  private async *read(): AsyncGenerator<Buffer> {
    try {
      await using file = await open(this.path);
      const isRereadable = (await file.stat()).isFile();
      const all: Buffer[] = [];
      for (let block = await fullBlock(file); block.length > 0; block = await fullBlock(file)) {
        if (!isRereadable) all.push(block);
        yield block;
      }
      if (!isRereadable) this.kept = all;
    } catch (error) {
      throw this.unreadable(error as NodeJS.ErrnoException);
    }
  }

  private changed(): CommandError {
    return new CommandError(`${displayValue(this.path)} changed while apply was running: run apply again`);
  }

  private unreadable({ code }: NodeJS.ErrnoException): UsageError {
    // `shown` hides a flow URL that was passed in place of the file name.
    const what = code === 'ENOENT' ? 'does not exist' : `cannot be read (${code})`;
    return new UsageError(`${displayValue(this.path)} ${what}: use -f FILE`);
  }
}

/** Reads the next block. Only the last block of a file is shorter. */
async function fullBlock(file: FileHandle): Promise<Buffer> {
  const block = Buffer.alloc(BLOCK_BYTES);
  let length = 0;
  while (length < BLOCK_BYTES) {
    const { bytesRead } = await file.read(block, length);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  return block.subarray(0, length);
}

/**
 * Decodes UTF-8 block by block.
 * @throws TextFileError if the file is not UTF-8; UsageError if it contains NUL bytes.
 */
export async function* readUtf8(blocks: AsyncIterable<Buffer>, file: string): AsyncGenerator<string> {
  const decoder = new TextFileDecoder(file);
  const checked = (text: string) => {
    if (!text.includes('\0')) return text;
    throw new UsageError(`${displayValue(file)} is not a text file: use -f with a YAML or JSON file`);
  };
  for await (const block of blocks) yield checked(decoder.write(block));
  yield checked(decoder.end());
}
