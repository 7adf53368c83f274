import { globSync, readdirSync } from 'node:fs';
import { basename, join, relative } from 'node:path';

/** Sorted paths of the files in a folder and its subfolders, relative to the folder. */
export function filesUnder(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .sort();
}

/** Names of the handlers: the files directly in each room of `lambda/`. */
export const handlerNames = (root: string): string[] =>
  globSync('lambda/*/*.ts', { cwd: root }).map((file) => basename(file, '.ts'));

/** A part of a function's bundle, which esbuild names by its content (scripts/build.mjs), or the licence comments in it. */
export const isBundlePart = (file: string): boolean =>
  /^dist\/lambda\/[^/]+\/[\w-]+-[A-Z\d]{8}\.js(\.LEGAL\.txt)?$/.test(file);

/**
 * Sorted paths of all files that the package ships, without the parts of bundles. Derived from the sources in `root`, not from
 * the build.
 */
export function shippedFiles(root: string): string[] {
  const compiled = ['contract', 'lib'].flatMap((folder) =>
    filesUnder(join(root, folder)).map((file) => `${folder}/${file.replace(/\.ts$/, '')}`),
  );
  return [
    '.jsii',
    'CHANGELOG.md',
    'LICENSE',
    'README.md',
    'THIRD-PARTY-LICENSES',
    'dist/cli/index.js',
    ...compiled.flatMap((file) => [`dist/${file}.d.ts`, `dist/${file}.js`]),
    ...handlerNames(root).map((name) => `dist/lambda/${name}/index.js`),
    'dist/events/index.js',
    ...['connector-events', 'errors', 'index', 'types'].map((file) => `dist/events/${file}.d.ts`),
    ...['docs/events', 'docs/schemas'].flatMap((folder) =>
      filesUnder(join(root, folder)).map((file) => `${folder}/${file}`),
    ),
    'docs/runbook.md',
    'package.json',
  ].sort();
}
