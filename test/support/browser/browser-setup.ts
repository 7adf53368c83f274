import type { TestProject } from 'vitest/node';
import { type BrowserProgram, findBrowser } from './browser';

declare module 'vitest' {
  interface ProvidedContext {
    browser: BrowserProgram | undefined;
  }
}

/**
 * Provides the browser to the tests that use one, `browser.test.ts` and `*.browser.test.ts`. Extracts it once per run, and
 * only if the run has such a test.
 */
export default async function provideBrowser(project: TestProject): Promise<undefined | (() => void)> {
  // Vitest keeps the command line's file filters in a property that its types leave out. Without filters, all files count.
  const { testFiles } = await project.globTestFiles(Reflect.get(project.vitest, 'filenamePattern'));
  const needing = testFiles.filter((file) => /\bbrowser\.test\.ts$/.test(file));
  if (needing.length === 0) return undefined;
  const browser = await findBrowser();
  project.provide('browser', browser);
  if (browser) return undefined;
  const message = `Skipped ${needing.length} test files: no browser was found. Install Chrome, or set CHROMIUM to the path of a Chromium.`;
  return () => console.warn(message);
}
