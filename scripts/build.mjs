/**
 * Builds what the package ships.
 *
 *   node scripts/build.mjs --handlers   the handlers' bundles, which the constructs need to synthesize (dist/lambda)
 *   node scripts/build.mjs --lib        the constructs (dist/lib), and what other languages need of them (.jsii)
 *   node scripts/build.mjs              those, the CLI (dist/cli), and the licences of what is bundled (THIRD-PARTY-LICENSES)
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { bundledPackages, licencesText } from './third-party.mjs';

const HANDLERS = ['evaluate', 'dispatch', 'deliver', 'sweep', 'collect', 'register', 'measure'];

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const HANDLERS_FOLDER = join(root, 'dist/lambda');

/** Common to all bundles. CommonJS, because `require` of a bundle starts faster than `import` and takes any package. */
const options = {
  absWorkingDir: root,
  bundle: true,
  format: 'cjs',
  platform: 'node',
  // The packages' ES modules where they have them: esbuild drops what is not used of those only.
  mainFields: ['module', 'main'],
  minify: true,
  legalComments: 'external',
  metafile: true,
  logLevel: 'warning',
};

async function buildHandlers() {
  const missing = HANDLERS.map((name) => `lambda/${name}/index.ts`).filter((file) => !existsSync(join(root, file)));
  if (missing.length > 0) fail(`no entry of a handler: write ${missing.join(', ')}`);
  // A handler of yesterday must not be shipped. The others stay: whoever reads them meanwhile finds them.
  for (const name of existsSync(HANDLERS_FOLDER) ? readdirSync(HANDLERS_FOLDER) : []) {
    if (!HANDLERS.includes(name)) rmSync(join(HANDLERS_FOLDER, name), { recursive: true });
  }
  const { metafile } = await build({
    ...options,
    target: 'node24',
    entryPoints: HANDLERS.map((name) => ({ in: `lambda/${name}/index.ts`, out: `${name}/index` })),
    outdir: 'dist/lambda',
  });
  return metafile;
}

async function buildCli() {
  const entry = join(root, 'cli/index.ts');
  const hasShebang = readFileSync(entry, 'utf8').startsWith('#!');
  const { metafile } = await build({
    ...options,
    target: 'node22',
    entryPoints: [entry],
    outfile: 'dist/cli/index.js',
    banner: hasShebang ? {} : { js: '#!/usr/bin/env node' },
  });
  return metafile;
}

function buildLib() {
  // What was renamed or deleted must not be shipped.
  rmSync(join(root, 'dist/lib'), { recursive: true, force: true });
  const jsii = createRequire(import.meta.url).resolve('jsii/bin/jsii');
  const options = [
    '--fail-on-warnings',
    // The peers are the lowest versions that work, what is developed with are the newest.
    '--silence-warnings=metadata/missing-dev-dependency',
  ];
  const { status } = spawnSync(process.execPath, [jsii, ...options], { cwd: root, stdio: 'inherit' });
  if (status !== 0) fail('the constructs do not compile: see the errors above');
}

function fail(message) {
  console.error(`build: ${message}`);
  process.exit(1);
}

try {
  const [only] = process.argv.slice(2);
  const bundles = [];
  if (only !== '--lib') bundles.push(await buildHandlers());
  if (only === undefined) bundles.push(await buildCli());
  const packages = bundledPackages(root, bundles);
  if (only === undefined) writeFileSync(join(root, 'THIRD-PARTY-LICENSES'), licencesText(packages));
  if (only !== '--handlers') buildLib();
} catch (error) {
  // esbuild has printed its errors.
  fail(error.errors ? 'the bundles cannot be made: see the errors above' : error.stack);
}
