import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';

export const hasBrowser = existsSync(executablePath);

const NO_BROWSER = `The page's test is skipped: there is no browser at ${executablePath} (apt-get install chromium, or set CHROMIUM)`;

// The reporter shows no names of what is skipped.
if (!hasBrowser) console.warn(NO_BROWSER);

/** Starts a headless Chromium. */
export const startBrowser = (): Promise<Browser> =>
  // Its sandbox needs rights that a container does not give; it opens pages of these tests alone.
  chromium.launch({ executablePath, args: ['--no-sandbox'] });
