import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

/**
 * Licences of packages that a bundle can contain. They only require their text and notices, and neither the same licence
 * for the bundle nor its source.
 */
const PERMISSIVE = new Set([
  '0BSD',
  'Apache-2.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'BlueOak-1.0.0',
  'ISC',
  'MIT',
  'MIT-0',
]);

/** Licences without conditions. Their packages need no licence text. */
const UNCONDITIONAL = new Set(['0BSD', 'MIT-0']);

/** The text of Apache-2.0 is always the same, so this file replaces the missing file of a package. */
const APACHE_FILE = 'LICENSE';

/** Files of a package that its licence requires to ship. */
const LICENCE_FILE = /^(licen[cs]e|copying)\b/i;
const NOTICE_FILE = /^notice\b/i;

/**
 * The packages whose code is in bundles, by name and version.
 * @param {string} root the folder that the metafiles' paths are relative to
 * @param {import('esbuild').Metafile[]} metafiles of the bundles
 * @returns {{ name: string, version: string, licence: string, text: string }[]} text: licence and notices
 * @throws {Error} names every package without a licence, without its text, or with a licence that is not permissive
 */
export function bundledPackages(root, metafiles) {
  const folders = new Set();
  for (const { outputs } of metafiles) {
    for (const { inputs } of Object.values(outputs)) {
      for (const [file, { bytesInOutput }] of Object.entries(inputs)) {
        // esbuild dropped the code of files without bytes.
        if (bytesInOutput > 0 && file.includes('node_modules/')) folders.add(resolve(root, folderOf(file)));
      }
    }
  }
  const packages = [...folders].map((folder) => readPackage(folder, root));
  const problems = packages.flatMap(({ name, version, licence, text }) => {
    if (!PERMISSIVE.has(licence)) {
      return [
        `${name} ${version} has the licence ${licence}, which scripts/third-party.mjs does not know as permissive`,
      ];
    }
    return text === '' && !UNCONDITIONAL.has(licence)
      ? [`${name} ${version} has no file with the text of its licence (${licence})`]
      : [];
  });
  if (problems.length > 0) throw new Error(`these packages cannot be bundled:\n${problems.sort().join('\n')}`);
  // Several folders can contain the same version.
  const distinct = new Map(packages.map((one) => [`${one.name} ${one.version}`, one]));
  return [...distinct.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, one]) => one);
}

/** The content of THIRD-PARTY-LICENSES: each text once, with the names of its packages. */
export function licencesText(packages) {
  const byText = new Map();
  for (const one of packages) byText.set(one.text, [...(byText.get(one.text) ?? []), one]);
  const sections = [...byText].map(([text, owners]) =>
    [
      ...owners.map(({ name, version, licence }) => `${name} ${version} (${licence})`),
      '',
      text || 'This licence asks for no text or notice to be passed on.',
    ].join('\n'),
  );
  const head = 'The bundles in dist/ contain code of these packages, under these licences.';
  return `${[head, ...sections].join(`\n\n${'-'.repeat(80)}\n\n`)}\n`;
}

/** `a/node_modules/@scope/name` of `a/node_modules/@scope/name/dist/index.js`. */
function folderOf(file) {
  const start = file.lastIndexOf('node_modules/') + 'node_modules/'.length;
  const [first, second] = file.slice(start).split('/');
  return file.slice(0, start) + (first.startsWith('@') ? `${first}/${second}` : first);
}

function readPackage(folder, root) {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const files = readdirSync(folder).sort();
  const own = files.filter((file) => LICENCE_FILE.test(file)).map((file) => join(folder, file));
  const licences = own.length > 0 ? own : license === 'Apache-2.0' ? [join(root, APACHE_FILE)] : [];
  // Notices only count together with a licence.
  const notices = licences.length > 0 ? files.filter((file) => NOTICE_FILE.test(file)) : [];
  const texts = [...licences, ...notices.map((file) => join(folder, file))].map((file) =>
    readFileSync(file, 'utf8').trim(),
  );
  return { name, version, licence: String(license), text: texts.join('\n\n') };
}
