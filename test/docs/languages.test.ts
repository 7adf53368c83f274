import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const ROOT = join(__dirname, '../..');
const read = (file: string) => readFileSync(join(ROOT, file), 'utf8');
const { version, devDependencies, jsii } = JSON.parse(read('package.json'));
const page = read('docs/languages.md');
const row = (language: string) =>
  page
    .split('\n')
    .find((line) => new RegExp(`^\\| \\[?${language}\\b`).test(line))
    ?.split('|')
    .map((cell) => cell.trim()) ?? [];
const { python, java, go, dotnet } = jsii.targets;

test.each([
  ['TypeScript', devDependencies['aws-cdk-lib']],
  ['Python', /^aws-cdk-lib==(.+)$/m.exec(read('examples/languages/python/requirements.txt'))?.[1]],
  ['Java', /<cdk.version>(.+)<\/cdk.version>/.exec(read('examples/languages/java/pom.xml'))?.[1]],
  ['Go', /aws-cdk-go\/awscdk\/v2 v(.+)$/m.exec(read('examples/languages/go/go.mod'))?.[1]],
])('the page has the version of the CDK in the example for %s', (language, cdk) => {
  expect(row(language)[3]).toBe(cdk);
});

test('the page has the names of the packages', () => {
  expect(row('Python')[2]).toBe(`\`${python.distName}\`, module \`${python.module}\``);
  expect(row('Java')[2]).toBe(`\`${java.maven.groupId}:${java.maven.artifactId}\`, package \`${java.package}\``);
  expect(row('Go')[2]).toBe(`\`${go.moduleName}/${go.packageName}\``);
  expect(page).toContain(`\`${dotnet.packageId}\`, namespace \`${dotnet.namespace}\``);
});

test('the examples use this version of the package', () => {
  expect(read('examples/languages/java/pom.xml')).toContain(`<connector.version>${version}</connector.version>`);
  expect(read('examples/languages/go/go.mod')).toContain(`${go.moduleName}/${go.packageName} v${version}\n`);
});
