import { existsSync, renameSync } from 'node:fs';
import { join } from 'node:path';

/** Returns the path of a file in the test run's folder. The first test file that needs it creates it. */
export async function madeOnce(name: string, make: (path: string) => unknown): Promise<string> {
  const folder = process.env.TEST_RUN_FOLDER;
  if (!folder) throw new Error('TEST_RUN_FOLDER is not set: test/support/temporary-files.ts sets it');
  const path = join(folder, name);
  if (!existsSync(path)) {
    // Another worker can create the file at the same time.
    const draft = `${path}.${process.pid}`;
    await make(draft);
    renameSync(draft, path);
  }
  return path;
}
