import { type FileEntry, FileReader, type ReadOptions } from './file-reader';

export type { FileEntry, ReadOptions } from './file-reader';

export interface SubscriptionFile {
  readonly set: string;
  readonly entries: FileEntry[];
  readonly warnings: string[];
  /** Why a connector that accepts no reports of flows cannot have these subscriptions. Undefined: it can. */
  readonly withoutReports?: SubscriptionFileError;
}

/** The first mistakes of a subscription file by line, and the number of all. The message holds no flow URL. */
export class SubscriptionFileError extends Error {
  override readonly name = 'SubscriptionFileError';

  /** @param count number of all mistakes. */
  constructor(
    readonly mistakes: readonly string[],
    readonly count: number,
  ) {
    super(mistakes.join('\n'));
  }
}

/**
 * Reads a subscription file in YAML, of which JSON is a subset.
 * @throws SubscriptionFileError with mistakes in the form `FILE:LINE: subscription "NAME": what is wrong; what to
 * write`.
 */
export function readSubscriptionFile(text: string, options: ReadOptions): SubscriptionFile {
  const reader = new FileReader(options);
  const entries = [...reader.push(text), ...reader.end()];
  return { ...resultOf(reader), entries };
}

/** A valid subscription file that is too long to hold in memory. */
export interface CheckedSubscriptionFile extends Omit<SubscriptionFile, 'entries'> {
  readonly count: number;
  /** Reads the file again. */
  entries(): AsyncGenerator<FileEntry>;
}

/**
 * Validates a subscription file chunk by chunk.
 * @param open starts reading the file. Must return the same text on each call.
 * @throws SubscriptionFileError
 */
export async function checkSubscriptionFile(
  open: () => AsyncIterable<string>,
  options: ReadOptions,
): Promise<CheckedSubscriptionFile> {
  const reader = new FileReader(options);
  let count = 0;
  for await (const _ of readAll(reader, open())) count++;
  return { ...resultOf(reader), count, entries: () => readAll(new FileReader(options), open()) };
}

async function* readAll(reader: FileReader, texts: AsyncIterable<string>): AsyncGenerator<FileEntry> {
  for await (const text of texts) yield* reader.push(text);
  yield* reader.end();
}

function resultOf(reader: FileReader): Omit<SubscriptionFile, 'entries'> {
  const { mistakes, count } = reader.mistakes();
  if (count > 0) throw new SubscriptionFileError(mistakes, count);
  const awaited = reader.awaitedReports();
  return {
    set: reader.set,
    warnings: reader.warnings(),
    ...(awaited.count > 0 && { withoutReports: new SubscriptionFileError(awaited.mistakes, awaited.count) }),
  };
}
