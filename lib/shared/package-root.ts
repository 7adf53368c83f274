import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const PACKAGE_NAME = 'cdk-power-automate-connector';

/** Folder of this package. This module runs from `lib` or, compiled, from `dist/lib`. */
export function packageRoot(): string {
  for (let folder = __dirname; ; folder = dirname(folder)) {
    const file = join(folder, 'package.json');
    if (existsSync(file) && JSON.parse(readFileSync(file, 'utf8')).name === PACKAGE_NAME) return folder;
    if (folder === dirname(folder)) {
      throw new Error(`no package.json of ${PACKAGE_NAME} above ${__dirname}: install the published package unchanged`);
    }
  }
}
