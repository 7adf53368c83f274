import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { readTextFile } from '../../cli/shell/text-file';
import { UserError } from '../shared/user-error';

/** A CDK app to synthesize. */
export interface AppToSynthesize {
  /** Absolute path of the app. */
  readonly file: string;
  /** Name or id of the only stack to run. */
  readonly stack: string | undefined;
}

/**
 * Synthesizes a CDK app in a child process, like the CDK CLI. Returns the paths of its stacks' templates.
 * @param root the package's folder.
 * @param outdir an empty folder for the cloud assembly.
 */
export async function synthesize(root: string, { file, stack }: AppToSynthesize, outdir: string): Promise<string[]> {
  const app = relative(process.cwd(), file);
  if (!existsSync(join(root, 'dist/lambda'))) throw new UserError('the handlers are not built: run npm run build');
  if (!existsSync(file)) throw new UserError(`${app} does not exist`);
  const project = projectOf(dirname(file));
  // Without validation and stack traces of constructs, because they are slow and CI validates the template.
  const CDK_CONTEXT_JSON = JSON.stringify({ 'aws:cdk:disable-stack-trace': true, ...contextOf(project) });
  const child = spawn(process.execPath, ['--import', pathToFileURL(require.resolve('tsx')).href, file], {
    cwd: project,
    env: { ...process.env, CDK_OUTDIR: outdir, CDK_CONTEXT_JSON, CDK_VALIDATION: 'false' },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let errors = '';
  child.stderr.on('data', (chunk) => {
    errors += chunk;
  });
  const code = await new Promise((resolve) => child.on('close', resolve));
  if (code !== 0) throw new UserError(`${app} could not be synthesized:\n${errors.trim()}`);
  return templatesOf(app, stacksIn(outdir), stack);
}

/** The nearest parent folder with a cdk.json, in which the CDK CLI would run, or the app's own folder. */
function projectOf(folder: string): string {
  for (let at = folder; ; at = dirname(at)) {
    if (existsSync(join(at, 'cdk.json'))) return at;
    if (at === dirname(at)) return folder;
  }
}

function contextOf(project: string): object {
  const file = join(project, 'cdk.json');
  if (!existsSync(file)) return {};
  const text = readTextFile(file);
  try {
    return JSON.parse(text).context ?? {};
  } catch (error) {
    throw new UserError(`${file} is not JSON: ${(error as Error).message}`);
  }
}

interface StackArtifact {
  readonly id: string;
  readonly stackName: string;
  readonly templateFile: string;
}

/** The stacks of a cloud assembly and of its stages. */
function stacksIn(directory: string): StackArtifact[] {
  const file = join(directory, 'manifest.json');
  if (!existsSync(file)) return [];
  interface Artifact {
    readonly type: string;
    readonly displayName?: string;
    readonly properties?: {
      readonly templateFile?: string;
      readonly stackName?: string;
      readonly directoryName?: string;
    };
  }
  const artifacts: Record<string, Artifact> = JSON.parse(readFileSync(file, 'utf8')).artifacts ?? {};
  return Object.entries(artifacts).flatMap(([id, { type, displayName, properties = {} }]) => {
    const { templateFile, stackName = id, directoryName } = properties;
    if (type === 'cdk:cloud-assembly' && directoryName) return stacksIn(join(directory, directoryName));
    if (type !== 'aws:cloudformation:stack' || !templateFile) return [];
    return [{ id: displayName?.replace(/ \(.*\)$/, '') ?? id, stackName, templateFile: join(directory, templateFile) }];
  });
}

function templatesOf(app: string, stacks: readonly StackArtifact[], wanted: string | undefined): string[] {
  const names = stacks.map(({ id }) => id).join(', ');
  if (stacks.length === 0) {
    throw new UserError(`${app} synthesized no stack: it must create an App without "outdir", and a stack in it`);
  }
  if (wanted === undefined) return stacks.map(({ templateFile }) => templateFile);
  const found = stacks.filter(({ id, stackName }) => [id, stackName].includes(wanted));
  const [one] = found;
  if (one && found.length === 1) return [one.templateFile];
  throw new UserError(`${app} has ${one ? 'several stacks' : 'no stack'} ${wanted}: choose one with --stack: ${names}`);
}
