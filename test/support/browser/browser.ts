import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';

/** A Chromium that Playwright can start. */
export interface BrowserProgram {
  readonly executablePath: string;
  /** Environment variables for the browser, added to those of this process. */
  readonly env: Readonly<Record<string, string>>;
}

/** Where installers put browsers that are based on Chromium, for systems other than x64 Linux. */
const SYSTEM_BROWSERS: readonly string[] = [
  '/usr/bin/chromium',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
  'C:\\Program Files (x86)\\Microsoft\\Edge\\Application\\msedge.exe',
];

/**
 * Finds the browser: `CHROMIUM`, on x64 Linux the one from npm, elsewhere one of the system. Undefined if no browser
 * is found, which x64 Linux never has.
 */
export async function findBrowser(): Promise<BrowserProgram | undefined> {
  const { CHROMIUM } = process.env;
  if (CHROMIUM) {
    if (!existsSync(CHROMIUM))
      throw new Error(`CHROMIUM is ${CHROMIUM}, where no file is: give the path of a Chromium`);
    return { executablePath: CHROMIUM, env: {} };
  }
  if (process.platform === 'linux' && process.arch === 'x64') return extractBrowser();
  const executablePath = SYSTEM_BROWSERS.find((path) => existsSync(path));
  return executablePath === undefined ? undefined : { executablePath, env: {} };
}

/** Extracts Chromium, the libraries that it links and a font from npm's package to the folder for temporary files. */
async function extractBrowser(): Promise<BrowserProgram> {
  const { inflate } = await import('@sparticuz/chromium');
  const packed = join(__dirname, '../../../node_modules/@sparticuz/chromium/bin');
  const [executablePath = '', fonts = '', libraries = ''] = await Promise.all(
    ['chromium.br', 'fonts.tar.br', 'al2023.tar.br'].map((file) => inflate(join(packed, file))),
  );
  // The package's own fonts.conf names folders of AWS Lambda. Without system fonts, widths are the same on each machine.
  const fontConfiguration = join(fonts, 'connector-fonts.conf');
  writeFileSync(
    fontConfiguration,
    `<?xml version="1.0"?><fontconfig><dir>${fonts}</dir><cachedir>${join(fonts, 'cache')}</cachedir></fontconfig>`,
  );
  return { executablePath, env: { LD_LIBRARY_PATH: join(libraries, 'lib'), FONTCONFIG_FILE: fontConfiguration } };
}

/** Starts a headless Chromium, which reaches loopback addresses only. */
export const startBrowser = ({ executablePath, env }: BrowserProgram): Promise<Browser> =>
  chromium.launch({
    executablePath,
    env: { ...process.env, ...env },
    args: [
      // The sandbox requires privileges that a container does not have. The browser opens only pages of these tests.
      '--no-sandbox',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--no-first-run',
      '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost',
    ],
  });
