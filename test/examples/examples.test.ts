import { spawnSync } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { temporaryFolder } from '../support/temporary-files';

const MINUTES = 60_000;
const ROOT = join(__dirname, '../..');
const EXAMPLES = join(ROOT, 'examples');
const names = globSync('**/app.ts', { cwd: EXAMPLES }).map(dirname).sort();
const { context } = JSON.parse(readFileSync(join(ROOT, 'cdk.json'), 'utf8'));

const folder = temporaryFolder('examples');

/** Synthesizes as `npm run synth` does: a template that CloudFormation would reject is an error. */
function synthesize(files: readonly string[]) {
  return spawnSync(process.execPath, ['--import', 'tsx', join(__dirname, 'synthesize.ts'), folder, ...files], {
    cwd: ROOT,
    encoding: 'utf8',
    env: {
      ...process.env,
      CDK_VALIDATION: 'true',
      CDK_CONTEXT_JSON: JSON.stringify({ ...context, '@aws-cdk/core:strictCfnValidateErrors': true }),
    },
  });
}

interface Artifact {
  readonly type: string;
  readonly metadata?: Record<string, readonly { readonly type: string; readonly data: unknown }[]>;
}

function artifacts(name: string): Artifact[] {
  return Object.values(JSON.parse(readFileSync(join(folder, name, 'manifest.json'), 'utf8')).artifacts);
}

describe('the examples', () => {
  let outcome: ReturnType<typeof synthesize>;
  beforeAll(() => {
    outcome = synthesize(names.map((name) => join('examples', name, 'app.ts')));
  }, 5 * MINUTES);

  test('are at least five, and are validated against the default rules', () => {
    expect(names.length).toBeGreaterThanOrEqual(5);
    expect(context).toEqual({ '@aws-cdk/core:validateAgainstDefaultRules': true });
  });

  test('synthesize, and CloudFormation would accept them', () => {
    expect(outcome.stderr).toBe('');
    expect(outcome.status).toBe(0);
  });

  test.each(names)('%s has stacks without CDK warnings', (name) => {
    const all = artifacts(name);
    expect(all.filter(({ type }) => type === 'aws:cloudformation:stack')).not.toEqual([]);
    const said = all.flatMap(({ metadata = {} }) => Object.values(metadata).flat());
    expect(said.filter(({ type }) => /^aws:cdk:(warning|error)$/.test(type))).toEqual([]);
  });

  test.each(names)('%s describes itself in its first comment', (name) => {
    const code = readFileSync(join(EXAMPLES, name, 'app.ts'), 'utf8');
    expect(/^\/\*\*\n \* (.+)/m.exec(code)?.[1]?.length).toBeGreaterThan(40);
  });
});

test(
  'an example that CloudFormation would reject is found',
  () => {
    const { status, stderr } = synthesize(['test/lib/refused-app.ts']);
    expect(stderr).toContain('VisibilityTimeout');
    expect(status).not.toBe(0);
  },
  MINUTES,
);
