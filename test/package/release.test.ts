import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type ReleaseState, readState, releaseProblems, tarballProblems } from '../../scripts/release/release-checks';
import { run } from '../../scripts/run';
import { runScript } from '../support/script';

const ROOT = join(__dirname, '../..');
const CHANGELOG = `# Changelog

## [Unreleased]

## [1.2.0] - 2026-11-28

### Added

- A trigger.

## [1.1.0] - 2026-10-01

- The first.
`;
const READY: ReleaseState = {
  version: '1.2.0',
  repository: 'https://git.example/connector.git',
  targets: { java: { package: 'org.connector' } },
  changelog: CHANGELOG,
  changes: [],
  tags: ['v1.1.0'],
};

describe('a release', () => {
  test('has no problem when everything agrees', () => {
    expect(releaseProblems(READY)).toEqual([]);
  });

  const dated = (date: string): Partial<ReleaseState> => ({ changelog: CHANGELOG.replace('2026-11-28', date) });
  test.each<[string, Partial<ReleaseState>, RegExp]>([
    [
      'an uncommitted change',
      { changes: [' M lib/index.ts', '?? notes.md'] },
      /commit or remove lib\/index.ts, notes.md$/,
    ],
    ['a tag that exists', { tags: ['v1.2.0'] }, /^the tag v1.2.0 exists: raise the version/],
    ['a missing repository address', { repository: '' }, /"repository.url" is empty: write the address/],
    [
      'names with the domain for examples',
      {
        targets: {
          java: { package: 'com.example.a', maven: { groupId: 'com.example' } },
          go: { moduleName: 'example.com/b' },
        },
      },
      /"jsii.targets" has com.example.a, com.example, example.com\/b: replace example.com by a domain/,
    ],
    ['a version that is not released yet', dated('Unreleased'), /date of 1.2.0 is "Unreleased": write the day/],
    ['a day that does not exist', dated('2026-11-31'), /date of 1.2.0 is "2026-11-31"/],
    ['a day in another form', dated('28 November 2026'), /date of 1.2.0 is "28 November 2026"/],
    ['a heading without a day', { changelog: CHANGELOG.replace(' - 2026-11-28', '') }, /date of 1.2.0 is ""/],
    [
      'a changelog of another version',
      { version: '1.3.0' },
      /newest version is 1.2.0, but package.json says 1.3.0: write "## \[1.3.0\] - YYYY-MM-DD"/,
    ],
    [
      'a version older than the newest',
      { version: '1.1.0', tags: [] },
      /newest version is 1.2.0, but package.json says 1.1.0/,
    ],
    ['a changelog without versions', { changelog: '## [Unreleased]\n' }, /newest version is missing/],
    ['a changelog without "Unreleased"', { changelog: CHANGELOG.replace('## [Unreleased]\n', '') }, /add it, empty$/],
    [
      'an entry that no version has',
      { changelog: CHANGELOG.replace('[Unreleased]\n', '[Unreleased]\n\n- Something new.\n') },
      /"Unreleased" has entries: move them to 1.2.0/,
    ],
    ['a version without entries', { changelog: CHANGELOG.replace('- A trigger.\n', '') }, /1.2.0 has no entries/],
    [
      'a version that is not MAJOR.MINOR.PATCH',
      { version: '1.2', changelog: CHANGELOG.replace('1.2.0', '1.2') },
      /the version is "1.2": write MAJOR.MINOR.PATCH/,
    ],
  ])('%s is a problem', (_, change, message) => {
    expect(releaseProblems({ ...READY, ...change })).toEqual([expect.stringMatching(message)]);
  });

  test('reports all problems together', () => {
    expect(releaseProblems({ ...READY, repository: '', changes: ['?? a'], tags: ['v1.2.0'] })).toHaveLength(3);
  });

  test('requires a tarball with exactly the shipped files', () => {
    expect(tarballProblems(['a.js', 'b.js'], ['a.js', 'b.js'])).toEqual([]);
    expect(tarballProblems(['a.js', 'notes.md'], ['a.js', 'b.js'])).toEqual([
      expect.stringContaining('lacks b.js'),
      expect.stringContaining('has notes.md'),
    ]);
  });

  test('rejects an unknown option before it builds anything', async () => {
    const { status, out, err } = await runScript('scripts/release/release.ts', ['--publsh']);
    expect([status, out]).toEqual([2, '']);
    expect(err).toBe('release: wrong option --publsh: write one of --dry-run, --publish, or none\n');
  });
});

describe('the state of a checkout', () => {
  let folder: string;
  const git = (...options: string[]) =>
    run(folder, 'git', [
      '-c',
      'user.name=a',
      '-c',
      'user.email=a@example.com',
      '-c',
      'commit.gpgsign=false',
      ...options,
    ]);
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'release-'));
    const repository = { type: 'git', url: READY.repository };
    writeFileSync(
      join(folder, 'package.json'),
      JSON.stringify({ version: '1.2.0', repository, jsii: { targets: READY.targets } }),
    );
    writeFileSync(join(folder, 'CHANGELOG.md'), CHANGELOG);
    git('init', '--quiet');
    git('add', '.');
    git('commit', '--quiet', '--message', 'first');
    git('tag', 'v1.1.0');
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  test('is read from git, package.json and the changelog', () => {
    expect(readState(folder)).toEqual(READY);
  });

  test('has changed and new files', () => {
    writeFileSync(join(folder, 'CHANGELOG.md'), '');
    writeFileSync(join(folder, 'new.ts'), '');
    expect(readState(folder).changes).toEqual([' M CHANGELOG.md', '?? new.ts']);
  });
});

test('the newest version of the changelog is the version of package.json', () => {
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  const changelog = readFileSync(join(ROOT, 'CHANGELOG.md'), 'utf8');
  // Only a release needs a date and an empty "Unreleased".
  const ofRelease = /"Unreleased" has entries|the date of .* is "Unreleased"/;
  const problems = releaseProblems({ ...READY, version, changelog, tags: [] });
  expect(problems.filter((problem) => !ofRelease.test(problem))).toEqual([]);
});
