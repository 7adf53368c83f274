/**
 * Tests the package with the lowest and the latest supported versions of its peers: installs it with them in empty
 * folders, then type-checks and synthesizes all examples. Needs the network. Takes 15 seconds for each pair of versions.
 *
 *   npm run test:peers                        the lowest and the latest
 *   npm run test:peers -- 2.240.0 10.5.0      these versions of aws-cdk-lib and constructs
 *
 * Not part of CI, because the latest versions change independently of this repository.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { inTemporaryFolder, run } from '../run';

const ROOT = dirname(dirname(__dirname));
const EXAMPLES = join(ROOT, 'examples');
const { name, version, peerDependencies, devDependencies } = JSON.parse(
  readFileSync(join(ROOT, 'package.json'), 'utf8'),
);
const [CDK, CONSTRUCTS] = ['aws-cdk-lib', 'constructs'] as const;

/** The lowest version of a caret range. */
const lowest = (peer: string): string => peerDependencies[peer].replace(/^\^/, '');
/** The latest version of a caret range. */
const latest = (peer: string): string => peerDependencies[peer];

/** @param isUnsupported whether the versions can be outside the supported range. */
function tryWith(folder: string, tarball: string, cdk: string, constructs: string, isUnsupported: boolean): string {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'app', version: '1.0.0', private: true }));
  const tools = ['typescript', '@types/node'].map((tool) => `${tool}@${devDependencies[tool]}`);
  const wanted = [tarball, `${CDK}@${cdk}`, `${CONSTRUCTS}@${constructs}`, ...tools];
  const quietly = ['--prefer-offline', '--no-audit', '--no-fund', '--ignore-scripts'];
  run(folder, 'npm', ['install', ...quietly, ...(isUnsupported ? ['--legacy-peer-deps'] : []), ...wanted]);
  const installed = [CDK, CONSTRUCTS].map((peer) => {
    const manifest = readFileSync(join(folder, 'node_modules', peer, 'package.json'), 'utf8');
    return `${peer} ${JSON.parse(manifest).version}`;
  });

  const examples = readdirSync(EXAMPLES).filter((one) => existsSync(join(EXAMPLES, one, 'app.ts')));
  for (const one of examples) {
    const code = readFileSync(join(EXAMPLES, one, 'app.ts'), 'utf8');
    writeFileSync(join(folder, `${one}.ts`), code.replace(`'../../lib'`, `'${name}'`));
  }
  // Without skipLibCheck: the package's types must be valid with this version.
  const options = ['--strict', '--module', 'node20', '--target', 'es2023', '--types', 'node', '--outDir', 'out'];
  const files = examples.map((one) => `${one}.ts`);
  run(folder, process.execPath, [join('node_modules', 'typescript', 'bin', 'tsc'), ...options, ...files]);
  for (const one of examples) {
    const CDK_OUTDIR = join(folder, `${one}.out`);
    run(folder, process.execPath, [join('out', `${one}.js`)], { ...process.env, CDK_OUTDIR });
    if (!existsSync(join(CDK_OUTDIR, 'manifest.json'))) throw new Error(`${one} synthesized nothing`);
  }
  return `${installed.join(', ')}: ${examples.length} examples type-check and synthesize`;
}

function main(): boolean {
  const [cdk, constructs, ...rest] = process.argv.slice(2);
  if (rest.length > 0 || (cdk !== undefined && constructs === undefined)) {
    console.error('peers: write a version of aws-cdk-lib and one of constructs, or none');
    return false;
  }
  const pairs =
    cdk !== undefined && constructs !== undefined
      ? [[cdk, constructs] as const]
      : [[lowest(CDK), lowest(CONSTRUCTS)] as const, [latest(CDK), latest(CONSTRUCTS)] as const];
  return inTemporaryFolder('peers', (folder) => {
    run(ROOT, 'npm', ['pack', '--pack-destination', folder]);
    const tarball = join(folder, `${name}-${version}.tgz`);
    for (const [n, pair] of pairs.entries()) {
      console.log(tryWith(join(folder, `app-${n}`), tarball, ...pair, cdk !== undefined));
    }
  });
}

process.exitCode = main() ? 0 : 1;
