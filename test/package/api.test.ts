import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

interface Docs {
  readonly summary?: string;
  readonly default?: string;
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
const root = join(__dirname, '../..');
const packageJson = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

/** The package's folder once more: what is built here meets no other test. */
let folder: string;
let assembly: Assembly;
let built: { status: number | null; stdout: string; stderr: string };
beforeAll(() => {
  mkdirSync(join(root, 'dist'), { recursive: true });
  folder = mkdtempSync(join(root, 'dist/api-'));
  for (const file of ['package.json', 'README.md', 'tsconfig.json', 'tsconfig.lib.json', 'lib', 'scripts/build.mjs']) {
    cpSync(join(root, file), join(folder, file), { recursive: true });
  }
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
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

describe('the public API', () => {
  test('is one that jsii can give to other languages, without a warning', () => {
    expect(built.status, `${built.stdout}${built.stderr}`).toBe(0);
    expect(assembly).toMatchObject({ name: packageJson.name, version: packageJson.version });
    expect(Object.keys(assembly.dependencies).sort()).toEqual(['aws-cdk-lib', 'constructs']);
  });

  test('has every export of the entry, and nothing private', () => {
    const index = readFileSync(join(root, 'lib/index.ts'), 'utf8');
    const exported = [...index.matchAll(/\b[A-Z]\w+(?=[,\s}])/g)].map(([name]) => name);
    expect(
      types()
        .map(({ name }) => name)
        .sort(),
    ).toEqual(exported.sort());
  });

  test('has no unions and no `any`, which jsii accepts, and other languages know no types of', () => {
    const loose = Object.entries(assembly.types).filter(([, type]) =>
      JSON.stringify(type).match(/"union":|"intersection":|"primitive":"(any|json)"/),
    );
    expect(loose.map(([name]) => name)).toEqual([]);
  });

  test('is documented: each type, each member, each parameter', () => {
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

  test('says what holds where an optional prop is left out, and only there', () => {
    const props = members().filter(({ type }) => type.datatype);
    expect(props.filter(({ member }) => member.optional && !member.docs?.default).map(nameOf)).toEqual([]);
    expect(props.filter(({ member }) => !member.optional && member.docs?.default).map(nameOf)).toEqual([]);
    const defaults = props.map(({ member }) => member.docs?.default).filter((text) => text !== undefined);
    expect(defaults.filter((text) => /undefined/.test(text))).toEqual([]);
  });

  test(
    'is what API.md says: `npm run api` writes it',
    () => {
      const docgen = run(require.resolve('jsii-docgen/bin/jsii-docgen'), '--output', 'API.md');
      expect(docgen.status, docgen.stderr).toBe(0);
      // Compared by hand: a difference of two files of this length is of no use to anybody.
      const same = readFileSync(join(folder, 'API.md'), 'utf8') === readFileSync(join(root, 'API.md'), 'utf8');
      expect(same, 'API.md is not what lib says: run npm run api').toBe(true);
    },
    5 * MINUTES,
  );
});

test('the package exports its entry and what other tools ask for, each of which is there and is shipped', () => {
  const paths = Object.values(packageJson.exports).flatMap((one) =>
    typeof one === 'string' ? [one] : Object.values(one as object),
  );
  expect(Object.keys(packageJson.exports)).toEqual(['.', './package.json', './.jsii']);
  for (const path of paths) expect(existsSync(join(folder, path)), path).toBe(true);
  expect(packageJson.exports['.']).toEqual({
    types: `./${packageJson.types}`,
    default: `./${packageJson.main}`,
  });
  expect(packageJson.files).toEqual(expect.arrayContaining(['.jsii', 'dist/lib']));
  expect(packageJson.dependencies).toBeUndefined();
});
