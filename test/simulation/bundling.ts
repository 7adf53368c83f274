import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { build, type Plugin } from 'esbuild';

export const ROOT = join(__dirname, '../..');

/**
 * Bundles a file of the simulation with the code under test. A worker thread cannot load TypeScript, and a planted fault must
 * not change the source files.
 *
 * @param entry the file, relative to the root of the project.
 * @param name name of the bundle in `dist/simulation`.
 * @param edit gets the text and the absolute path of each source file, and returns the text to bundle. Default: unchanged.
 * @returns the path of the bundle.
 */
export async function bundled(
  entry: string,
  name: string,
  edit?: (text: string, path: string) => string,
): Promise<string> {
  const outfile = join(ROOT, 'dist/simulation', `${name}.js`);
  const editing: Plugin = {
    name: 'edit',
    setup: ({ onLoad }) => {
      onLoad({ filter: /\.ts$/ }, ({ path }) => ({
        contents: edit?.(readFileSync(path, 'utf8'), path),
        loader: 'ts',
      }));
    },
  };
  await build({
    entryPoints: [join(ROOT, entry)],
    outfile,
    bundle: true,
    platform: 'node',
    packages: 'external',
    plugins: edit ? [editing] : [],
  });
  return outfile;
}
