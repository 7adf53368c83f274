import { spawnSync } from 'node:child_process';
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
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

describe('the pipeline', () => {
  interface Resource {
    readonly Type: string;
    readonly Properties?: Record<string, unknown>;
    readonly DeletionPolicy?: string;
    readonly UpdateReplacePolicy?: string;
  }
  const assembly = () => join(folder, 'pipeline');
  const stage = (name: string): [id: string, resource: Resource][] => {
    const [file, ...more] = globSync(`assembly-${name}/*.template.json`, { cwd: assembly() });
    expect(more).toEqual([]);
    return Object.entries(JSON.parse(readFileSync(join(assembly(), String(file)), 'utf8')).Resources);
  };
  const ofType = (name: string, type: string) => stage(name).filter(([, { Type }]) => Type === type);
  const check = (folder: string, ...options: string[]) =>
    spawnSync(
      process.execPath,
      ['--import', 'tsx', 'examples/pipeline/check-stateful-resources.ts', folder, ...options],
      { cwd: ROOT, encoding: 'utf8' },
    );

  test.each(['Test', 'Production'])('gives the permissions boundary to every role of %s', (name) => {
    const roles = ofType(name, 'AWS::IAM::Role');
    expect(roles.length).toBeGreaterThanOrEqual(5);
    const withoutIt = roles.filter(
      ([, { Properties }]) =>
        !JSON.stringify(Properties?.PermissionsBoundary ?? '').includes('policy/connector-boundary'),
    );
    expect(withoutIt.map(([id]) => id)).toEqual([]);
  });

  test.each(['Test', 'Production'])('tags the tables, queues, functions, keys and roles of %s', (name) => {
    const types = [
      'AWS::DynamoDB::GlobalTable',
      'AWS::SQS::Queue',
      'AWS::Lambda::Function',
      'AWS::KMS::Key',
      'AWS::IAM::Role',
    ];
    const tagged = stage(name).filter(([, { Type }]) => types.includes(Type));
    expect(new Set(tagged.map(([, { Type }]) => Type)).size).toBe(types.length);
    const untagged = tagged.filter(([, { Properties }]) => {
      const text = JSON.stringify(Properties);
      return ![`"${name.toLowerCase()}"`, '"power-automate-connector"'].every((value) =>
        text.includes(`"Value":${value}`),
      );
    });
    expect(untagged.map(([id]) => id)).toEqual([]);
  });

  test('keeps the data of production: every table has deletion protection and point-in-time recovery', () => {
    const tables = ofType('Production', 'AWS::DynamoDB::GlobalTable');
    expect(tables).toHaveLength(4);
    for (const [id, { Properties, DeletionPolicy, UpdateReplacePolicy }] of tables) {
      expect([DeletionPolicy, UpdateReplacePolicy], id).toEqual(['Retain', 'Retain']);
      expect(Properties?.Replicas, id).toEqual([
        expect.objectContaining({
          DeletionProtectionEnabled: true,
          PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
        }),
      ]);
    }
    expect(ofType('Test', 'AWS::DynamoDB::GlobalTable').map(([, { DeletionPolicy }]) => DeletionPolicy)).toEqual(
      Array(4).fill('Delete'),
    );
  });

  test('has its resources with data in the list', () => {
    const { status, stderr } = check(assembly());
    expect(stderr).toBe('');
    expect(status).toBe(0);
  });

  test('fails if a table has another logical id', () => {
    const changed = temporaryFolder('pipeline');
    for (const file of globSync('assembly-*/*.template.json', { cwd: assembly() })) {
      const text = readFileSync(join(assembly(), file), 'utf8');
      writeFileSync(
        join(changed, basename(file)),
        file.includes('Production')
          ? text.replaceAll(/ConnectorDeliveryTable\w{8}/g, 'ConnectorDeliveryTableNEW')
          : text,
      );
    }
    const { status, stderr } = check(changed);
    expect(status).toBe(1);
    expect(stderr).toMatch(
      /^ProductionConnector\w+: ConnectorDeliveryTable\w{8} \(AWS::DynamoDB::GlobalTable\) is missing: a deployment would remove or replace it, with its data$/m,
    );
    expect(stderr).toMatch(
      /^ProductionConnector\w+: ConnectorDeliveryTableNEW \(AWS::DynamoDB::GlobalTable\) is new: review cdk diff/m,
    );
  });
});
