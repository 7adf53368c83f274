import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const IMPORTS = /^import \{([^}]+)\} from '(@aws-sdk\/client-[^']+)';$/gm;

/** Used by the first request of almost every function. Its document client needs the real client. */
const EAGER = '@aws-sdk/client-dynamodb';

/** Replaces the SDK's chain of credential providers, which is half of a bundle. */
const CREDENTIALS = 'lambda/shared/adapters/environment-credentials.ts';

/** Replaces the SDK's SHA-256, of which each signature makes four objects. */
const SHA256 = 'lambda/shared/adapters/fast-sha256.ts';

/** Replaces the reader of `~/.aws/config`, a file that a function does not have. Each cold start would look for it. */
const NO_CONFIG_FILES = `
  export const CONFIG_PREFIX_SEPARATOR = '.';
  export const loadSharedConfigFiles = async () => ({ configFile: {}, credentialsFile: {} });
`;

/**
 * A plugin for esbuild: reduces the AWS SDK to what a cold function needs of it. Lambda gives it credentials and configuration in
 * environment variables only. It loads and creates the client of a service when it sends its first command: a client costs 3 to
 * 8 ms of a cold start, and most first requests need one or two of the up to nine clients of a function.
 *
 * The package of each client is replaced by classes of the same names. A command keeps its input, and a client imports the
 * package and sends the real command. Other exports of a package cannot be imported.
 * @param {string} root the package's folder
 * @returns {import('esbuild').Plugin}
 */
export function lambdaSdk(root) {
  const names = importedNames(root);
  return {
    name: 'lambda-sdk',
    setup(build) {
      build.onResolve({ filter: /^@aws-sdk\/credential-provider-node$/ }, () => ({ path: join(root, CREDENTIALS) }));
      build.onResolve({ filter: /\/Sha256Node$/ }, () => ({ path: join(root, SHA256) }));
      build.onLoad({ filter: /shared-ini-file-loader\/loadSharedConfigFiles\.js$/ }, () => ({
        contents: NO_CONFIG_FILES,
      }));
      build.onResolve({ filter: /^@aws-sdk\/client-/ }, ({ path, importer, namespace }) => {
        if (path === EAGER || namespace !== 'file' || importer.includes('node_modules')) return undefined;
        return { path, namespace: 'lazy', sideEffects: false };
      });
      build.onLoad({ filter: /.*/, namespace: 'lazy' }, ({ path }) => ({
        contents: lazyModule(path, names.get(path)),
        resolveDir: root,
      }));
      build.onResolve({ filter: /^real:/ }, ({ path }) => ({ path: path.slice('real:'.length), namespace: 'real' }));
      // Names the exports, so that esbuild drops the others.
      build.onLoad({ filter: /.*/, namespace: 'real' }, ({ path }) => ({
        contents: `export { ${[...names.get(path)].join(', ')} } from '${path}';`,
        resolveDir: root,
      }));
    },
  };
}

/** Throws if a newer SDK does not import the SHA-256 that the plugin replaces. @param {import('esbuild').Metafile} metafile */
export function checkReplaced({ inputs }) {
  const signs = Object.keys(inputs).some((file) => file.includes('@smithy/signature-v4/'));
  if (signs && !(SHA256 in inputs)) throw new Error(`the AWS SDK no longer imports what ${SHA256} replaces`);
}

/** The names that the functions import from each package, without types. */
function importedNames(root) {
  const names = new Map();
  for (const file of globSync('lambda/**/*.ts', { cwd: root })) {
    for (const [, list, from] of readFileSync(join(root, file), 'utf8').matchAll(IMPORTS)) {
      const values = list.split(',').map((name) => name.trim());
      const known = names.get(from) ?? new Set();
      for (const name of values) {
        if (name === '' || name.startsWith('type ')) continue;
        if (from !== EAGER && !/(Client|Command)$/.test(name)) {
          throw new Error(
            `${file} imports ${name} of ${from}, which is loaded later: import clients, commands and types`,
          );
        }
        known.add(name);
      }
      names.set(from, known);
    }
  }
  return names;
}

const lazyModule = (path, names) => `
  class Client {
    constructor(config) { this.config = config; }
    async send(command, ...options) {
      const real = await import('real:${path}');
      this.client ??= new real[this.name](this.config);
      return this.client.send(new real[command.name](command.input), ...options);
    }
  }
  class Command {
    constructor(input) { this.input = input; }
  }
  ${[...names]
    .map((name) => {
      const base = name.endsWith('Command') ? 'Command' : 'Client';
      return `export class ${name} extends ${base} { get name() { return '${name}'; } }`;
    })
    .join('\n  ')}
`;
