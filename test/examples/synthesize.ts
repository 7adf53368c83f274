/**
 * Synthesizes apps in order in this process: `synthesize.ts FOLDER FILE…`. Each assembly is a folder in FOLDER with the app's
 * path below `examples`. Loading the CDK takes longer than synthesizing, so the apps share one process.
 */
import { dirname, join, relative, resolve } from 'node:path';

// Each app listens for the end of the process.
process.setMaxListeners(0);
const [folder = '', ...files] = process.argv.slice(2);
// Each app listens to the end of the process, and Node.js warns of more than ten listeners.
process.setMaxListeners(files.length + 10);
for (const file of files) {
  // An app reads CDK_OUTDIR when it is created, and synthesizes before the process exits.
  process.env.CDK_OUTDIR = join(folder, relative('examples', dirname(file)));
  require(resolve(file));
}
