import { relative } from 'node:path';
import { bundled, ROOT } from '../bundling';
import type { Mutant } from './mutant';

/** Loads the simulation with a fault planted into the code. */
export async function mutated({ name, file, changes }: Mutant, n: number): Promise<typeof import('../bundle')> {
  let planted = 0;
  const bundle = await bundled('test/simulation/bundle.ts', `mutant-${n}`, (text, path) => {
    if (relative(ROOT, path) !== file) return text;
    return changes.reduce((changed, [from, to]) => {
      if (changed.split(from).length !== 2) throw new Error(`${name}: ${file} does not contain once: ${from}`);
      planted++;
      return changed.replace(from, () => to);
    }, text);
  });
  if (planted !== changes.length) throw new Error(`${name}: the simulation does not use ${file}`);
  return require(bundle);
}
