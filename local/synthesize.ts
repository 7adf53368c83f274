import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from './user-error';

/**
 * Synthesizes a CDK app as the CDK CLI does, in a process of its own, and gives its stack's template.
 * @param root the package's folder.
 * @param app the app's file, from the root.
 * @param outdir an empty folder for the cloud assembly.
 */
export async function synthesize(root: string, app: string, outdir: string): Promise<string> {
  if (!existsSync(join(root, 'dist/lambda'))) throw new UserError('the handlers are not built: run npm run build');
  const { context } = JSON.parse(readFileSync(join(root, 'cdk.json'), 'utf8'));
  const child = spawn(process.execPath, ['--import', 'tsx', join(root, app)], {
    cwd: root,
    // CI validates the template; here that would only make everybody wait.
    env: { ...process.env, CDK_OUTDIR: outdir, CDK_CONTEXT_JSON: JSON.stringify(context), CDK_VALIDATION: 'false' },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let errors = '';
  child.stderr.on('data', (chunk) => {
    errors += chunk;
  });
  const code = await new Promise((resolve) => child.on('close', resolve));
  if (code !== 0) throw new UserError(`${app} could not be synthesized:\n${errors.trim()}`);
  const templates = readdirSync(outdir).filter((file) => file.endsWith('.template.json'));
  const [template] = templates;
  if (template === undefined || templates.length > 1) {
    throw new UserError(`${app} has ${templates.length} stacks; the local run takes one`);
  }
  return join(outdir, template);
}
