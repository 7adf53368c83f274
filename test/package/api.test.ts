import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

interface Docs {
  readonly summary?: string;
  readonly default?: string;
  readonly example?: string;
}
interface Member {
  readonly name: string;
  readonly docs?: Docs;
  readonly optional?: boolean;
  readonly overrides?: string;
  readonly parameters?: Member[];
}
interface Type {
  readonly kind: 'class' | 'interface' | 'enum';
  readonly name: string;
  readonly base?: string;
  readonly docs?: Docs;
  readonly datatype?: boolean;
  readonly properties?: Member[];
  readonly methods?: Member[];
  readonly members?: Member[];
}
interface Assembly {
  readonly name: string;
  readonly version: string;
  readonly dependencies: Record<string, string>;
  readonly types: Record<string, Type>;
}

const MINUTES = 60_000;
/** Examples do not use every declared constant. */
const UNUSED = { noUnusedLocals: false };
const root = join(__dirname, '../..');
const packageJson = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

/** A copy of the package, so that the build does not affect other tests. */
let folder: string;
let assembly: Assembly;
let built: { status: number | null; stdout: string; stderr: string };
beforeAll(() => {
  mkdirSync(join(root, 'dist'), { recursive: true });
  folder = mkdtempSync(join(root, 'dist/api-'));
  const copied = ['package.json', 'README.md', 'tsconfig.json', 'tsconfig.lib.json', 'scripts'];
  for (const file of [...copied, 'contract', 'events', 'lambda', 'lib']) {
    cpSync(join(root, file), join(folder, file), { recursive: true });
  }
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  run(join(folder, 'scripts/build.mjs'), '--events');
  built = run(join(folder, 'scripts/build.mjs'), '--lib');
  assembly = JSON.parse(readFileSync(join(folder, '.jsii'), 'utf8'));
}, 5 * MINUTES);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const run = (script: string, ...options: string[]) =>
  spawnSync(process.execPath, [script, ...options], { cwd: folder, encoding: 'utf8' });

const types = () => Object.values(assembly.types);
const members = () =>
  types().flatMap((type) =>
    [...(type.properties ?? []), ...(type.methods ?? []), ...(type.members ?? [])].map((member) => ({ type, member })),
  );
const nameOf = ({ type, member }: { type: Type; member: Member }) => `${type.name}.${member.name}`;

const exported = () =>
  [...readFileSync(join(root, 'lib/index.ts'), 'utf8').matchAll(/\b[A-Z]\w+(?=[,\s}])/g)].map(([name]) => name);

describe('the public API', () => {
  test('compiles with jsii without a warning', () => {
    expect(built.status, `${built.stdout}${built.stderr}`).toBe(0);
    expect(assembly).toMatchObject({ name: packageJson.name, version: packageJson.version });
    expect(Object.keys(assembly.dependencies).sort()).toEqual(['aws-cdk-lib', 'constructs']);
  });

  test('has exactly the exports of lib/index.ts', () => {
    expect(
      types()
        .map(({ name }) => name)
        .sort(),
    ).toEqual(exported().sort());
  });

  test('has no unions and no `any`, which jsii accepts but cannot type in other languages', () => {
    const loose = Object.entries(assembly.types).filter(([, type]) =>
      JSON.stringify(type).match(/"union":|"intersection":|"primitive":"(any|json)"/),
    );
    expect(loose.map(([name]) => name)).toEqual([]);
  });

  test('documents each type, member and parameter', () => {
    const undocumented = [
      ...types().filter(({ docs }) => !docs?.summary),
      ...members()
        .filter(({ member }) => !member.overrides && !member.docs?.summary)
        .map((one) => ({ name: nameOf(one) })),
      ...members().flatMap((one) =>
        (one.member.parameters ?? [])
          .filter(({ docs }) => !docs?.summary)
          .map(({ name }) => ({ name: `${nameOf(one)}(${name})` })),
      ),
    ];
    expect(undocumented.map(({ name }) => name)).toEqual([]);
    expect(members().length).toBeGreaterThan(50);
  });

  test('documents the default of each optional prop, and of no other', () => {
    const props = members().filter(({ type }) => type.datatype);
    expect(props.filter(({ member }) => member.optional && !member.docs?.default).map(nameOf)).toEqual([]);
    expect(props.filter(({ member }) => !member.optional && member.docs?.default).map(nameOf)).toEqual([]);
    const defaults = props.map(({ member }) => member.docs?.default).filter((text) => text !== undefined);
    expect(defaults.filter((text) => /undefined/.test(text))).toEqual([]);
  });

  test(
    'matches API.md',
    () => {
      const docgen = run(require.resolve('jsii-docgen/bin/jsii-docgen'), '--output', 'API.md');
      expect(docgen.status, docgen.stderr).toBe(0);
      // A diff of two files of this length is not readable.
      const same = readFileSync(join(folder, 'API.md'), 'utf8') === readFileSync(join(root, 'API.md'), 'utf8');
      expect(same, 'API.md is out of date: run npm run api').toBe(true);
    },
    5 * MINUTES,
  );
});

describe('the examples', () => {
  /** Declarations that examples rely on. Each example is a stack of its own. */
  const prelude = () => `
    import { App, Duration, Stack } from 'aws-cdk-lib';
    import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
    import * as events from 'aws-cdk-lib/aws-events';
    import * as targets from 'aws-cdk-lib/aws-events-targets';
    import * as lambda from 'aws-cdk-lib/aws-lambda';
    import * as logs from 'aws-cdk-lib/aws-logs';
    import * as s3 from 'aws-cdk-lib/aws-s3';
    import * as scheduler from 'aws-cdk-lib/aws-scheduler';
    import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
    import * as sqs from 'aws-cdk-lib/aws-sqs';
    import * as sfn from 'aws-cdk-lib/aws-stepfunctions';
    import { ${exported().join(', ')} } from './lib';
    const app = new App();
    abstract class Example extends Stack {
      readonly customerDataBus = new events.EventBus(this, 'CustomerData');
      readonly refreshFunction = this.fn('Refresh');
      readonly campaignFunction = this.fn('Campaign');
      readonly flowUrls = new secretsmanager.Secret(this, 'FlowUrls');
      readonly lake = s3.Bucket.fromBucketName(this, 'Lake', 'lake');
      readonly queryResults = s3.Bucket.fromBucketName(this, 'Results', 'results');
      readonly stateMachine = sfn.StateMachine.fromStateMachineName(this, 'Machine', 'nightly');
      private fn(id: string) {
        const code = lambda.Code.fromInline('exports.handler = async () => {}');
        return new lambda.Function(this, id, { code, handler: 'index.handler', runtime: lambda.Runtime.NODEJS_24_X });
      }
    }
    `;
  const given =
    'const { customerDataBus, refreshFunction, campaignFunction, flowUrls, lake, queryResults, stateMachine } = this;';
  /** For examples that use a connector without creating it. */
  const connector = "const connector = new PowerAutomateConnector(this, 'Given');";
  const stackOf = (code: string, n: number) => `
    class Example${n} extends Example { constructor() { super(app, 'Example${n}'); ${given} ${/\bconnector\b/.test(code) && !code.includes('const connector') ? connector : ''}
    ${code.replace(/^import .*$/gm, '')}
    } }
    new Example${n}();`;

  test(
    'of the API and of the pages compile and synthesize',
    () => {
      const inPages = ['README.md', 'docs/constructs.md', 'docs/deploying.md'].flatMap((page) => {
        // An excerpt of an example's app is tested with the example.
        const own = readFileSync(join(root, page), 'utf8').replaceAll(/^<!-- from: .*? -->\n```ts$.*?^```$/gms, '');
        const examples = [...own.matchAll(/^```ts$(.*?)^```$/gms)];
        expect(examples.length, page).toBeGreaterThan(0);
        return examples.map(([, code]) => String(code));
      });
      const all = [...types().flatMap(({ docs }) => (docs?.example ? [docs.example] : [])), ...inPages];
      const constructs = types().filter(({ base }) => /\.(Construct|Stack)$/.test(base ?? ''));
      expect(constructs.filter(({ docs }) => !docs?.example).map(({ name }) => name)).toEqual([]);
      const written = `${prelude()}${all.map(stackOf).join('')}\nconsole.log(app.synth().stacks.length);\n`;
      writeFileSync(join(folder, 'examples.ts'), written);
      const tsconfig = { extends: './tsconfig.json', compilerOptions: UNUSED, include: ['examples.ts'] };
      writeFileSync(join(folder, 'tsconfig.examples.json'), JSON.stringify(tsconfig));

      const compiled = run(require.resolve('typescript/bin/tsc'), '-p', 'tsconfig.examples.json');
      expect(compiled.stdout).toBe('');
      symlinkSync(join(root, 'dist/lambda'), join(folder, 'dist/lambda'));
      const tsx = require.resolve('tsx/cli');
      const synthesized = spawnSync(process.execPath, [tsx, 'examples.ts'], {
        cwd: folder,
        encoding: 'utf8',
        env: { ...process.env, CDK_OUTDIR: join(folder, 'cdk.out'), CDK_VALIDATION: 'false' },
      });
      expect(synthesized.stderr).toBe('');
      // One example is a stack itself.
      expect(synthesized.stdout.trim()).toBe(String(all.length + 1));
    },
    5 * MINUTES,
  );
});

test('the package exports its entries, and the files that tools read, all of which exist and are shipped', () => {
  const paths = Object.values(packageJson.exports).flatMap((one) =>
    typeof one === 'string' ? [one] : Object.values(one as object),
  );
  expect(Object.keys(packageJson.exports)).toEqual(['.', './events', './package.json', './.jsii']);
  for (const path of paths) expect(existsSync(join(folder, path)), path).toBe(true);
  expect(packageJson.exports['.']).toEqual({
    types: `./${packageJson.types}`,
    default: `./${packageJson.main}`,
  });
  expect(packageJson.files).toEqual(expect.arrayContaining(['.jsii', 'dist/lib', 'dist/events']));
  expect(packageJson.dependencies).toBeUndefined();
});
