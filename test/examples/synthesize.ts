/**
 * Synthesizes apps one after the other in this process: `synthesize.ts FOLDER FILE…`, each into the folder of its own name
 * in FOLDER. Loading the CDK takes longer than synthesizing, and is done once.
 */
import { basename, dirname, join, resolve } from 'node:path';

const [folder = '', ...files] = process.argv.slice(2);
for (const file of files) {
  // An app takes the place of its assembly when it is made, and synthesizes when the process is about to end.
  process.env.CDK_OUTDIR = join(folder, basename(dirname(file)));
  require(resolve(file));
}
