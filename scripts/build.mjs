/**
 * Builds what the package ships.
 *
 *   node scripts/build.mjs --handlers   the handlers' bundles, which the constructs need to synthesize (dist/lambda)
 *   node scripts/build.mjs --lib        the constructs (dist/lib), and what other languages need of them (.jsii)
 *   node scripts/build.mjs --events     the producers' library and its types (dist/events)
 *   node scripts/build.mjs --cli        the CLI (dist/cli)
 *   node scripts/build.mjs              those, and the licences of what is bundled (THIRD-PARTY-LICENSES)
 */
import { spawnSync } from 'node:child_process';
import { existsSync, globSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { bundledPackages, licencesText } from './third-party.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Entry files of the handlers by name: the files directly in each room of `lambda/`. */
const HANDLERS = Object.fromEntries(
  globSync('lambda/*/*.ts', { cwd: root }).map((file) => [basename(file, '.ts'), file]),
);

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
  // A handler of yesterday must not be shipped. The others stay: whoever reads them meanwhile finds them.
  for (const name of existsSync(HANDLERS_FOLDER) ? readdirSync(HANDLERS_FOLDER) : []) {
    if (!(name in HANDLERS)) rmSync(join(HANDLERS_FOLDER, name), { recursive: true });
  }
  const { metafile } = await build({
    ...options,
    target: 'node24',
    entryPoints: Object.entries(HANDLERS).map(([name, file]) => ({ in: file, out: `${name}/index` })),
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

/** One CommonJS bundle, of which `import` finds the names, too: two formats would be two classes of each error. */
async function buildEvents() {
  rmSync(join(root, 'dist/events'), { recursive: true, force: true });
  const { metafile } = await build({
    ...options,
    target: 'node22',
    entryPoints: ['events/index.ts'],
    outfile: 'dist/events/index.js',
  });
  for (const [name, text] of await eventTypes()) writeFileSync(join(root, 'dist/events', name), text);
  return metafile;
}

/** Declarations of the producers' library: the entry's, and those that it names. None may come from elsewhere. */
async function eventTypes() {
  // Here, because the handlers are built often, and without it.
  const { default: ts } = await import('typescript');
  const folder = join(root, 'events');
  const config = ts.readConfigFile(join(root, 'tsconfig.json'), ts.sys.readFile).config;
  const { options } = ts.parseJsonConfigFileContent({ ...config, include: ['events'] }, ts.sys, root);
  const program = ts.createProgram([join(folder, 'index.ts')], {
    ...options,
    noEmit: false,
    declaration: true,
    emitDeclarationOnly: true,
  });
  const written = new Map();
  program.emit(undefined, (file, text) => {
    if (dirname(resolve(file)) === folder) written.set(basename(file), text);
  });
  const found = new Map();
  const take = (name) => {
    const text = written.get(name);
    if (text === undefined || found.has(name)) return;
    found.set(name, text);
    for (const { fileName } of ts.preProcessFile(text).importedFiles) {
      const file = `${fileName.slice(2)}.d.ts`;
      if (!fileName.startsWith('./') || !written.has(file)) fail(`${name} names types of ${fileName}: write its own`);
      take(file);
    }
  };
  take('index.d.ts');
  return found;
}

function buildLib() {
  // What was renamed or deleted must not be shipped.
  for (const folder of ['lib', 'contract']) rmSync(join(root, 'dist', folder), { recursive: true, force: true });
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
  const wants = (part) => only === undefined || only === part;
  const bundles = [];
  if (wants('--handlers')) bundles.push(await buildHandlers());
  if (wants('--events')) bundles.push(await buildEvents());
  if (wants('--cli')) bundles.push(await buildCli());
  const packages = bundledPackages(root, bundles);
  if (only === undefined) writeFileSync(join(root, 'THIRD-PARTY-LICENSES'), licencesText(packages));
  if (wants('--lib')) buildLib();
} catch (error) {
  // esbuild has printed its errors.
  fail(error.errors ? 'the bundles cannot be made: see the errors above' : error.stack);
}
