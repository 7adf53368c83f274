import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../run';
import { isBundlePart } from './shipped-files';

export interface ReleaseState {
  /** `version` of package.json. */
  readonly version: string;
  /** `repository.url` of package.json. Empty if the repository has no address yet. */
  readonly repository: string;
  /** `jsii.targets` of package.json: the names of the packages for other languages. */
  readonly targets: object;
  /** Content of CHANGELOG.md. */
  readonly changelog: string;
  /** Lines of `git status --porcelain`. */
  readonly changes: readonly string[];
  readonly tags: readonly string[];
}

/** Reads the state of the checkout in `root`. */
export function readState(root: string): ReleaseState {
  const lines = (...options: string[]) => run(root, 'git', options).split('\n').filter(Boolean);
  const { version, repository, jsii } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  return {
    version,
    repository: repository?.url ?? '',
    targets: jsii?.targets ?? {},
    changelog: readFileSync(join(root, 'CHANGELOG.md'), 'utf8'),
    changes: lines('status', '--porcelain'),
    tags: lines('tag', '--list'),
  };
}

/** The problems that prevent a release, one message with a fix for each. */
export function releaseProblems({ version, repository, targets, changelog, changes, tags }: ReleaseState): string[] {
  const problems = changelogProblems(changelog, version);
  if (!/^\d+\.\d+\.\d+$/.test(version)) {
    problems.push(`package.json: the version is "${version}": write MAJOR.MINOR.PATCH`);
  }
  if (repository === '') {
    problems.push('package.json: "repository.url" is empty: write the address of the repository');
  }
  const examples = exampleNames(targets);
  if (examples.length > 0) {
    problems.push(
      `package.json: "jsii.targets" has ${examples.join(', ')}: replace example.com by a domain or an account that you own`,
    );
  }
  if (changes.length > 0) {
    problems.push(
      `the checkout has uncommitted changes: commit or remove ${changes.map((line) => line.slice(3)).join(', ')}`,
    );
  }
  if (tags.includes(`v${version}`)) {
    problems.push(`the tag v${version} exists: raise the version in package.json and CHANGELOG.md`);
  }
  return problems;
}

/** The names that contain the domain for examples (RFC 2606), at any depth. */
const exampleNames = (names: unknown): string[] => [
  ...new Set(
    typeof names === 'object' && names !== null
      ? Object.values(names).flatMap(exampleNames)
      : [String(names)].filter((name) => /\b(example\.com|com\.example)\b/.test(name)),
  ),
];

interface Section {
  readonly name: string;
  /** Text after the dash of the heading. */
  readonly date: string;
  readonly hasEntries: boolean;
}

/** The sections of a changelog in the format of Keep a Changelog, in order. */
function sectionsOf(changelog: string): Section[] {
  return changelog
    .split(/^## /m)
    .slice(1)
    .map((text) => {
      const [heading = '', ...body] = text.split('\n');
      const [, name = heading, date = ''] = /^\[(.+)\](?: - (.*))?$/.exec(heading.trim()) ?? [];
      return { name, date, hasEntries: body.some((line) => line.startsWith('- ')) };
    });
}

function changelogProblems(changelog: string, version: string): string[] {
  const [unreleased, ...versions] = sectionsOf(changelog);
  if (unreleased?.name !== 'Unreleased') {
    return ['CHANGELOG.md: the first section is not "## [Unreleased]": add it, empty'];
  }
  const [newest] = versions;
  if (newest?.name !== version) {
    return [
      `CHANGELOG.md: the newest version is ${newest?.name ?? 'missing'}, but package.json says ${version}: write "## [${version}] - YYYY-MM-DD" below "Unreleased", or change the version`,
    ];
  }
  const problems: string[] = [];
  if (unreleased.hasEntries) {
    problems.push(`CHANGELOG.md: "Unreleased" has entries: move them to ${version}`);
  }
  if (!newest.hasEntries) problems.push(`CHANGELOG.md: ${version} has no entries: write what changed for users`);
  if (!isDay(newest.date)) {
    problems.push(
      `CHANGELOG.md: the date of ${version} is "${newest.date}": write the day of the release as YYYY-MM-DD`,
    );
  }
  return problems;
}

/** Whether the text is a date in the format YYYY-MM-DD. */
function isDay(text: string): boolean {
  const time = Date.parse(`${text}T00:00:00.000Z`);
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(text) && text.length === 10;
}

/** The differences between the files of a tarball and the shipped files, one message for each. */
export function tarballProblems(packed: readonly string[], shipped: readonly string[]): string[] {
  const [has, wants] = [new Set(packed), new Set(shipped)];
  return [
    ...shipped.filter((file) => !has.has(file)).map((file) => `the tarball lacks ${file}: see "files" of package.json`),
    ...packed
      .filter((file) => !wants.has(file) && !isBundlePart(file))
      .map((file) => `the tarball has ${file}: remove it, or add it to scripts/release/shipped-files.ts`),
  ];
}
