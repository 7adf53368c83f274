import {
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { lambdaSdk } from '../../scripts/lambda-sdk.mjs';
import { filesUnder, handlerNames, isBundlePart, shippedFiles } from '../../scripts/release/shipped-files';
import { run } from '../../scripts/run';
import { bundledPackages, licencesText } from '../../scripts/third-party.mjs';

const MINUTES = 60_000;
const ROOT = join(__dirname, '../..');
/** Bytes. The tarball has 2.6 MB, mostly the handlers' bundles. */
const MAX_PACKED = 2_800_000;
const MAX_UNPACKED = 10_000_000;
/** Bytes of a handler's bundle, which every cold start reads. */
const MAX_BUNDLE = 1_000_000;

/** Files and folders that the package is built from. */
const FILES = ['package.json', 'README.md', 'CHANGELOG.md', 'LICENSE', 'tsconfig.json', 'tsconfig.lib.json'];
const FOLDERS = ['contract', 'lib', 'lambda', 'cli', 'events', 'scripts', 'docs'];

const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
const installed = (name: string): string => {
  const { version } = JSON.parse(readFileSync(join(ROOT, 'node_modules', name, 'package.json'), 'utf8'));
  return version;
};
const handlers = handlerNames(ROOT).sort();

/** Without the variables that npm sets for scripts, because a user's shell does not have them. */
const environment = Object.fromEntries(
  Object.entries(process.env).filter(
    ([name]) => !/^npm_(package|lifecycle|config_local_prefix)|^NODE_(?!EXTRA_CA_CERTS$)/.test(name),
  ),
);
const node = (options: readonly string[], cwd: string, env: NodeJS.ProcessEnv = environment) =>
  run(cwd, process.execPath, options, env);

/** Outside the repository, so that apps do not find its node_modules. */
let outside: string;
/** A copy of the repository, so that the build does not affect other tests. */
let copy: string;
let tarball: string;
/** Folder with the tarball's content. */
let content: string;

beforeAll(() => {
  outside = mkdtempSync(join(tmpdir(), 'package-test-'));
  mkdirSync(join(ROOT, 'dist'), { recursive: true });
  copy = mkdtempSync(join(ROOT, 'dist/package-'));
  for (const file of [...FILES, ...FOLDERS]) cpSync(join(ROOT, file), join(copy, file), { recursive: true });
  symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'));
  // Leftovers that must not be shipped.
  writeFileSync(join(copy, 'lib/notes.md'), 'note to self');
  mkdirSync(join(copy, 'dist/lambda/gone'), { recursive: true });
  writeFileSync(join(copy, 'dist/lambda/gone/index.js'), 'an old handler');
  mkdirSync(join(copy, 'dist/lambda/deliver'), { recursive: true });
  writeFileSync(join(copy, 'dist/lambda/deliver/chunk-AAAAAAAA.js'), 'an old part');

  run(copy, 'npm', ['pack', '--pack-destination', outside], environment);
  tarball = join(outside, `${manifest.name}-${manifest.version}.tgz`);
  run(outside, 'tar', ['xzf', tarball, '-C', outside]);
  content = join(outside, 'package');
}, 5 * MINUTES);

afterAll(() => {
  for (const folder of [copy, outside]) rmSync(folder, { recursive: true, force: true });
});

describe('the tarball', () => {
  test('has exactly the files of scripts/release/shipped-files.ts', () => {
    expect(filesUnder(content).filter((file) => !isBundlePart(file))).toEqual(shippedFiles(ROOT));
  });

  test.each(handlers)('has only parts of the bundle of %s that another part loads', (name) => {
    const folder = join(content, 'dist/lambda', name);
    const parts = filesUnder(folder).filter((file) => file.endsWith('.js'));
    const loaded = parts.flatMap((file) =>
      [...readFileSync(join(folder, file), 'utf8').matchAll(/require\("\.\/([^"]+)"\)/g)].map(([, part]) => part),
    );
    expect(parts.length).toBeGreaterThan(1);
    expect([...new Set(['index.js', ...loaded])].sort()).toEqual(parts);
  });

  test('is small', () => {
    const sizes = filesUnder(content).map((file) => statSync(join(content, file)).size);
    expect(statSync(tarball).size).toBeLessThan(MAX_PACKED);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(MAX_UNPACKED);
    for (const name of handlers) {
      const parts = filesUnder(join(content, 'dist/lambda', name));
      const bytes = parts.map((file) => statSync(join(content, 'dist/lambda', name, file)).size);
      expect(
        bytes.reduce((sum, size) => sum + size, 0),
        name,
      ).toBeLessThan(MAX_BUNDLE);
    }
  });

  test('contains no paths of the build machine', () => {
    const places = [ROOT, copy, outside, `${homedir()}/`, 'node_modules/.bin', 'sourceMappingURL='];
    const found = filesUnder(content).flatMap((file) => {
      const text = readFileSync(join(content, file), 'utf8');
      return places.filter((place) => text.includes(place)).map((place) => `${file}: ${place}`);
    });
    expect(found).toEqual([]);
  });

  test('has no dependencies and no install scripts', () => {
    const shipped = JSON.parse(readFileSync(join(content, 'package.json'), 'utf8'));
    for (const field of ['dependencies', 'optionalDependencies', 'bundledDependencies']) {
      expect(shipped[field], field).toBeUndefined();
    }
    for (const script of ['preinstall', 'install', 'postinstall', 'prepare']) {
      expect(shipped.scripts[script], script).toBeUndefined();
    }
    expect(Object.keys(shipped.peerDependencies).sort()).toEqual(['aws-cdk-lib', 'constructs']);
  });
});

describe('the licences of bundled packages', () => {
  /** Bundles an entry without writing the output. */
  const metafileOf = async (entry: string, absWorkingDir: string) => {
    const isFunction = entry.startsWith('lambda/');
    const { metafile } = await build({
      ...(isFunction && { format: 'esm' as const, splitting: true, plugins: [lambdaSdk(absWorkingDir)] }),
      absWorkingDir,
      entryPoints: [entry],
      bundle: true,
      platform: 'node',
      mainFields: ['module', 'main'],
      metafile: true,
      write: false,
      outdir: 'out',
    });
    return metafile;
  };
  /** A folder with a bundle of one package. */
  async function bundleOf(name: string, licence: string, files: Record<string, string>) {
    const folder = join(outside, `bundles-${name}`);
    const place = join(folder, 'node_modules', name);
    mkdirSync(place, { recursive: true });
    writeFileSync(join(folder, 'LICENSE'), 'the text of Apache-2.0');
    writeFileSync(join(folder, 'entry.js'), `console.log(require('${name}'))`);
    const described = { name, version: '1.2.3', license: licence, main: 'index.js' };
    const all = { 'package.json': JSON.stringify(described), 'index.js': 'module.exports = 1', ...files };
    for (const [file, text] of Object.entries(all)) writeFileSync(join(place, file), text);
    return { folder, metafile: await metafileOf('entry.js', folder) };
  }

  test('are shipped, with the version and the text of each package', async () => {
    const shipped = readFileSync(join(content, 'THIRD-PARTY-LICENSES'), 'utf8');
    const entries = [...globSync('lambda/*/*.ts', { cwd: ROOT }), 'cli/index.ts'];
    const metafiles = await Promise.all(entries.map((entry) => metafileOf(entry, ROOT)));
    // Package names come from the paths of the bundled files, not from bundledPackages.
    const files = metafiles.flatMap(({ outputs }) =>
      Object.values(outputs).flatMap(({ inputs }) => Object.entries(inputs)),
    );
    const names = files.flatMap(([file, { bytesInOutput }]) =>
      bytesInOutput > 0 ? (/.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file)?.[1] ?? []) : [],
    );
    expect(names.length).toBeGreaterThan(100);
    for (const name of new Set(names)) expect(shipped).toMatch(new RegExp(`^${name} \\d+\\.\\d+\\.\\d+ \\(`, 'm'));
    for (const { text } of bundledPackages(ROOT, metafiles)) expect(shipped).toContain(text);
    expect(shipped).toContain('Permission is hereby granted, free of charge');
    expect(shipped).not.toMatch(/GENERAL PUBLIC LICENSE/i);
    expect(shipped).not.toContain('iam-simulate');
  });

  test.each(['AGPL-3.0-or-later', 'GPL-2.0', 'SEE LICENSE IN terms.txt', 'undefined'])(
    'reject %s and name the package',
    async (licence) => {
      const { folder, metafile } = await bundleOf('greedy', licence, { LICENSE: 'terms' });
      expect(() => bundledPackages(folder, [metafile])).toThrow(`greedy 1.2.3 has the licence ${licence}, which`);
    },
  );

  test('require a text, unless the licence needs none or is that of this package', async () => {
    const silent = await bundleOf('silent', 'MIT', {});
    expect(() => bundledPackages(silent.folder, [silent.metafile])).toThrow(/silent 1.2.3 has no file with the text/);
    const free = await bundleOf('free', 'MIT-0', {});
    expect(licencesText(bundledPackages(free.folder, [free.metafile]))).toContain(
      'free 1.2.3 (MIT-0)\n\nThis licence asks',
    );
    const apache = await bundleOf('apache', 'Apache-2.0', { NOTICE: 'a notice' });
    const [{ text } = { text: '' }] = bundledPackages(apache.folder, [apache.metafile]);
    expect(text).toBe('the text of Apache-2.0\n\na notice');
  });
});

/** A user's app: a connector stack, and a connector with a rule in a stack of their own. */
const APP = `
const { App, Duration, Stack } = require('aws-cdk-lib');
const { ScheduleExpression } = require('aws-cdk-lib/aws-scheduler');
const {
  ConnectorSignIn, PowerAutomateConnector, PowerAutomateConnectorStack, Segment, Source, Threshold, Trigger, Unification,
} = require('${manifest.name}');
const app = new App({ outdir: 'cdk.out' });
const connector = new PowerAutomateConnector(new Stack(app, 'Own'), 'PowerAutomate');
connector.onThresholdCrossed('Crossed');
for (const one of [connector, new PowerAutomateConnectorStack(app, 'Whole').connector]) {
  const trigger = Trigger.segmentThresholdCrossed({ segment: 'VIP customers', threshold: Threshold.above(10000) });
  one.addSubscription('vip', { trigger });
  const size = Segment.fromCustomerProfiles({ domainName: 'shop', segmentDefinitionName: 'vip' });
  one.addSegment('VipSize', { segment: 'VIP customers', size, schedule: ScheduleExpression.rate(Duration.hours(1)) });
  one.addSource('Orders', Source.glueJob({ jobName: 'load-orders', dataSource: 'Orders' }), { reconciliation: {} });
  one.addUnification('Match', { jobs: Unification.fromEntityResolution('customers') });
  one.addConnectorApi('Api', { signIn: [ConnectorSignIn.keys()] });
}
app.synth();
`;

interface Fn {
  readonly Type: string;
  readonly Properties: {
    readonly Code: { readonly S3Key: string };
    readonly Environment: { readonly Variables: Readonly<Record<string, unknown>> };
  };
}

/** Path of a file of the package as installed in an app. */
const inPackage = (app: string, file: string): string => join(app, 'node_modules', manifest.name, file);

/** Tests of an app that has installed the package. */
function worksIn(appOf: () => string): void {
  // Without the repository's tools, such as esbuild.
  const bare = { PATH: '/nowhere', HOME: tmpdir(), CDK_VALIDATION: 'false' };

  test('the app cannot resolve esbuild', () => {
    /** Which of the app and the package can resolve `wanted`. */
    const found = (wanted: string) => {
      const find = `for (const from of ['./app.js', '${manifest.name}']) {
        try { require('node:module').createRequire(require.resolve(from)).resolve('${wanted}'); console.log(from); } catch {}
      }`;
      return node(['-e', find], appOf(), bare).split('\n').filter(Boolean);
    };
    expect(found('aws-cdk-lib')).toEqual(['./app.js', manifest.name]);
    expect(found('esbuild')).toEqual([]);
  });

  test('the app synthesizes, and Node.js can load every handler', () => {
    const app = appOf();
    node(['app.js'], app, bare);
    const assembly = join(app, 'cdk.out');
    for (const stack of ['Whole', 'Own']) {
      const { Resources } = JSON.parse(readFileSync(join(assembly, `${stack}.template.json`), 'utf8'));
      const functions = (Object.values(Resources) as Fn[]).filter(({ Type }) => Type === 'AWS::Lambda::Function');
      const names = functions.map(({ Properties }) => Properties.Environment.Variables.POWERTOOLS_SERVICE_NAME);
      expect([...new Set(names)].sort(), stack).toEqual(handlers);
      // Both stacks have the same bundles.
      if (stack === 'Own') continue;
      for (const { Properties } of functions) {
        const variables = Object.entries(Properties.Environment.Variables).map(
          // A deployment resolves references.
          ([name, value]) => [name, typeof value === 'string' ? value : '1'],
        );
        const env = { ...bare, AWS_REGION: 'us-east-1', ...Object.fromEntries(variables) };
        const load = "console.log(typeof require('./index.js').handler); process.exit()";
        const asset = join(assembly, `asset.${Properties.Code.S3Key.replace(/\.zip$/, '')}`);
        const name = Properties.Environment.Variables.POWERTOOLS_SERVICE_NAME as string;
        expect(filesUnder(asset), asset).toEqual(filesUnder(join(content, 'dist/lambda', name)));
        expect(node(['-e', load], asset, env).trim(), name).toBe('function');
      }
    }
  });

  test('the command runs', () => {
    const command = join(appOf(), 'node_modules/.bin/power-automate-connector');
    const help = run(appOf(), command, ['--help'], { ...bare, PATH: `${dirname(process.execPath)}:/usr/bin:/bin` });
    for (const word of ['power-automate-connector', 'apply']) expect(help).toContain(word);
  });
}

function newApp(name: string, dependencies: Readonly<Record<string, string>>): string {
  const app = join(outside, name);
  mkdirSync(app);
  writeFileSync(join(app, 'package.json'), JSON.stringify({ name, version: '1.0.0', private: true, dependencies }));
  writeFileSync(join(app, 'app.js'), APP);
  return app;
}

describe('in an app with npm', () => {
  let app: string;
  beforeAll(() => {
    // These versions are in npm's cache since the repository's `npm ci`.
    const versions = { 'aws-cdk-lib': installed('aws-cdk-lib'), constructs: installed('constructs') };
    app = newApp('with-npm', { [manifest.name]: `file:${tarball}`, ...versions });
    run(app, 'npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', '--ignore-scripts'], environment);
  }, 5 * MINUTES);

  worksIn(() => app);

  test('the package has no dependencies of its own', () => {
    const all = readdirSync(join(app, 'node_modules')).filter((name) => !name.startsWith('.'));
    expect(all.filter((name) => !name.startsWith('@'))).toContain(manifest.name);
    const { packages } = JSON.parse(readFileSync(join(app, 'node_modules/.package-lock.json'), 'utf8'));
    expect(packages[`node_modules/${manifest.name}`]).not.toHaveProperty('dependencies');
    expect(existsSync(inPackage(app, 'node_modules'))).toBe(false);
  });
});

describe('in an app with pnpm, where a package can load only its declared dependencies', () => {
  let app: string;
  beforeAll(() => {
    const link = (name: string) => `link:${join(ROOT, 'node_modules', name)}`;
    app = newApp('with-pnpm', {
      [manifest.name]: `file:${tarball}`,
      'aws-cdk-lib': link('aws-cdk-lib'),
      constructs: link('constructs'),
    });
    const pnpm = join(ROOT, 'node_modules/pnpm/bin/pnpm.cjs');
    const places = [`--store-dir=${join(outside, 'store')}`, `--cache-dir=${join(outside, 'cache')}`];
    node([pnpm, 'install', '--offline', '--ignore-scripts', ...places], app);
  }, 5 * MINUTES);

  worksIn(() => app);

  test('the package can load only its peers', () => {
    const folder = dirname(realpathSync(inPackage(app, '.')));
    expect(readdirSync(folder).sort()).toEqual(['aws-cdk-lib', manifest.name, 'constructs']);
  });
});
