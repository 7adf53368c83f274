import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { build } from 'esbuild';
import type { Mutant } from './mutants';

const ROOT = join(__dirname, '../../..');

/** Loads the simulation with a fault planted into the code. */
export async function mutated({ name, file, changes }: Mutant, n: number): Promise<typeof import('../bundle')> {
  const outfile = join(ROOT, `dist/simulation/mutant-${n}.js`);
  let planted = 0;
  await build({
    entryPoints: [join(ROOT, 'test/simulation/bundle.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    packages: 'external',
    plugins: [
      {
        name: 'plant',
        setup: (builder) =>
          builder.onLoad({ filter: /\.ts$/ }, ({ path }) => {
            let contents = readFileSync(path, 'utf8');
            if (relative(ROOT, path) !== file) return { contents, loader: 'ts' };
            for (const [from, to] of changes) {
              if (contents.split(from).length !== 2) throw new Error(`${name}: ${file} does not contain once: ${from}`);
              contents = contents.replace(from, () => to);
              planted++;
            }
            return { contents, loader: 'ts' };
          }),
      },
    ],
  });
  if (planted !== changes.length) throw new Error(`${name}: the simulation does not use ${file}`);
  return require(outfile);
}
