import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { findBrowser, startBrowser } from '../../test/support/browser/browser';

/**
 * Runs `work` with a browser, and closes the browser.
 * @throws Error if this machine has no browser.
 */
export async function withBrowser(work: (browser: Browser) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'connector-picture-'));
  // The browser is extracted to this folder.
  process.env.TMPDIR = folder;
  try {
    const program = await findBrowser();
    if (!program) throw new Error('No browser was found. Install Chrome, or set CHROMIUM to the path of a Chromium.');
    const browser = await startBrowser(program);
    try {
      await work(browser);
    } finally {
      await browser.close();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
