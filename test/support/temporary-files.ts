import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Creates an empty folder. It is removed after the test run. */
export const temporaryFolder = (name: string): string => mkdtempSync(join(tmpdir(), `${name}-test-`));

/**
 * Keeps the temporary files of a test run in one folder and removes it afterwards. Each CDK app that is synthesized without
 * an `outdir` leaves a cloud assembly there, some gigabytes in a run of all tests.
 */
export default function keepTemporaryFiles(): undefined | (() => void) {
  // Each project of vitest.config.mts runs this. They share the folder of the first one.
  if (process.env.TEST_RUN_FOLDER) return undefined;
  const folder = mkdtempSync(join(tmpdir(), 'connector-tests-'));
  // Node.js and the child processes read the folder from these variables, on POSIX and on Windows.
  for (const name of ['TMPDIR', 'TEMP', 'TMP']) process.env[name] = folder;
  // Each test file and each child process loads the CDK and the AWS SDK. Compiled code is kept for the next one.
  process.env.NODE_COMPILE_CACHE = join(folder, 'compile-cache');
  process.env.TEST_RUN_FOLDER = folder;
  return () => rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
}
