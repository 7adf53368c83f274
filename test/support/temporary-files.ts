import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * Puts all temporary files of a run of the tests in one folder, which goes with it. Each CDK app that is synthesized without
 * an `outdir` makes a cloud assembly there and leaves it: some gigabytes in a run of all tests.
 */
export default function keepTemporaryFiles(): () => void {
  const folder = mkdtempSync(join(tmpdir(), 'connector-tests-'));
  // By these Node.js, and what the tests start, find the folder: POSIX, and Windows.
  for (const name of ['TMPDIR', 'TEMP', 'TMP']) process.env[name] = folder;
  return () => rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
}
