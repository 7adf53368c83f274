import { relative } from 'node:path';
import { ROOT } from '../bundling';
import type { Mutant } from './mutant';

/** Edits the source files of a bundle so that they contain a planted fault, and counts its changes. */
export function planting({ name, file, changes }: Mutant) {
  let planted = 0;
  return {
    edit(text: string, path: string): string {
      if (relative(ROOT, path) !== file) return text;
      return changes.reduce((changed, [from, to]) => {
        if (changed.split(from).length !== 2) throw new Error(`${name}: ${file} does not contain once: ${from}`);
        planted++;
        return changed.replace(from, () => to);
      }, text);
    },
    /** @throws Error if the bundle does not contain the file. */
    check(): void {
      if (planted !== changes.length) throw new Error(`${name}: the simulation does not use ${file}`);
    },
  };
}
