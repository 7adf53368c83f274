import { existsSync, readdirSync } from 'node:fs';
import { join, relative } from 'node:path';

/** Paths of the files in a folder and its subfolders, relative to it and sorted. */
export function filesUnder(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .sort();
}

/** Names of the handlers, from their folders in `lambda/`. */
export const handlerNames = (root: string): string[] =>
  readdirSync(join(root, 'lambda')).filter((name) => existsSync(join(root, 'lambda', name, 'index.ts')));

/** Paths of all files that the package ships, sorted. Derived from the sources in `root`, not from what was built. */
export function shippedFiles(root: string): string[] {
  const compiled = filesUnder(join(root, 'lib')).map((file) => file.replace(/\.ts$/, ''));
  return [
    '.jsii',
    'CHANGELOG.md',
    'LICENSE',
    'README.md',
    'THIRD-PARTY-LICENSES',
    'dist/cli/index.js',
    ...compiled.flatMap((file) => [`dist/lib/${file}.d.ts`, `dist/lib/${file}.js`]),
    ...handlerNames(root).flatMap((name) => [`dist/lambda/${name}/index.js`, `dist/lambda/${name}/index.js.LEGAL.txt`]),
    'dist/events/index.js',
    ...['connector-events', 'errors', 'index', 'types'].map((file) => `dist/events/${file}.d.ts`),
    ...['docs/events', 'docs/schemas'].flatMap((folder) =>
      filesUnder(join(root, folder)).map((file) => `${folder}/${file}`),
    ),
    'docs/runbook.md',
    'package.json',
  ].sort();
}
