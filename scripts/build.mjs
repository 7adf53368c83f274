/**
 * Builds the shipped files of the package.
 *
 *   node scripts/build.mjs --handlers   the bundles of the handlers, which synthesis needs (dist/lambda)
 *   node scripts/build.mjs --lib        the constructs (dist/lib) and their description for other languages (.jsii)
 *   node scripts/build.mjs --events     the producers' library and its types (dist/events)
 *   node scripts/build.mjs --cli        the CLI (dist/cli)
 *   node scripts/build.mjs              all of them, and the licences of the bundled packages (THIRD-PARTY-LICENSES)
 */
import { spawnSync } from 'node:child_process';
import { existsSync, globSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, transform } from 'esbuild';
import { checkReplaced, lambdaSdk } from './lambda-sdk.mjs';
import { bundledPackages, licencesText } from './third-party.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Entry files of the handlers by name: the files at the top level of each folder in `lambda/`. */
const HANDLERS = Object.fromEntries(
  globSync('lambda/*/*.ts', { cwd: root }).map((file) => [basename(file, '.ts'), file]),
);

const HANDLERS_FOLDER = join(root, 'dist/lambda');

/** Options of all bundles. CommonJS, because a bundle starts faster with `require` than with `import`. */
const options = {
  absWorkingDir: root,
  bundle: true,
  format: 'cjs',
  platform: 'node',
  // Prefers ES modules, because esbuild only drops unused code of ES modules.
  mainFields: ['module', 'main'],
  minify: true,
  // A literal that nothing uses costs nothing, but esbuild writes it as a constructor's call for old targets.
  supported: { 'regexp-unicode-property-escapes': true },
  legalComments: 'external',
  metafile: true,
  logLevel: 'warning',
};

async function buildHandlers() {
  // Removes bundles of deleted handlers. The others stay available during the build.
  for (const name of existsSync(HANDLERS_FOLDER) ? readdirSync(HANDLERS_FOLDER) : []) {
    if (!(name in HANDLERS)) rmSync(join(HANDLERS_FOLDER, name), { recursive: true });
  }
  return Promise.all(Object.entries(HANDLERS).map(([name, file]) => buildHandler(name, file)));
}

/**
 * A bundle of several files: esbuild puts code that runs later into files of its own, so that a cold start does not parse it. It
 * does this for ES modules only, so each file is converted to CommonJS afterwards.
 */
async function buildHandler(name, file) {
  const folder = join(HANDLERS_FOLDER, name);
  const target = 'node24';
  const { metafile, outputFiles } = await build({
    ...options,
    target,
    format: 'esm',
    splitting: true,
    write: false,
    plugins: [lambdaSdk(root)],
    entryPoints: [{ in: file, out: 'index' }],
    outdir: folder,
  });
  checkReplaced(metafile);
  mkdirSync(folder, { recursive: true });
  // esbuild also writes parts whose import it dropped.
  const used = outputFiles.filter(({ path }) => isUsed(basename(path).replace('.LEGAL.txt', ''), outputFiles));
  for (const { path, text } of used) {
    const toCommonJs = {
      format: 'cjs',
      target,
      minify: true,
      supported: { ...options.supported, 'dynamic-import': false },
    };
    writeFileSync(path, path.endsWith('.js') ? (await transform(text, toCommonJs)).code : text);
  }
  const files = used.map(({ path }) => basename(path));
  for (const old of readdirSync(folder)) if (!files.includes(old)) rmSync(join(folder, old));
  return metafile;
}

/** Whether a file is the entry, or another file imports it. */
const isUsed = (name, outputFiles) =>
  name === 'index.js' || outputFiles.some(({ path, text }) => !path.endsWith(name) && text.includes(`"./${name}"`));

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

/** One CommonJS bundle, which `import` also supports. Two formats would have two classes for each error. */
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

/** Declarations of the producers' library: index.d.ts and all files that it imports. They must not import packages. */
async function eventTypes() {
  // Imported here, because `--handlers` does not need it.
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
      if (!fileName.startsWith('./') || !written.has(file))
        fail(`${name} imports types of ${fileName}: define them in events/`);
      take(file);
    }
  };
  take('index.d.ts');
  return found;
}

function buildLib() {
  // Removes files of renamed or deleted sources.
  for (const folder of ['lib', 'contract']) rmSync(join(root, 'dist', folder), { recursive: true, force: true });
  const jsii = createRequire(import.meta.url).resolve('jsii/bin/jsii');
  const options = [
    '--fail-on-warnings',
    // The peers are the lowest supported versions, the development dependencies are the newest.
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
  if (wants('--handlers')) bundles.push(...(await buildHandlers()));
  if (wants('--events')) bundles.push(await buildEvents());
  if (wants('--cli')) bundles.push(await buildCli());
  const packages = bundledPackages(root, bundles);
  if (only === undefined) writeFileSync(join(root, 'THIRD-PARTY-LICENSES'), licencesText(packages));
  if (wants('--lib')) buildLib();
} catch (error) {
  // esbuild prints its own errors.
  fail(error.errors ? 'the bundles cannot be built: see the errors above' : error.stack);
}
