import { existsSync, globSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';

const ROOT = join(__dirname, '../..');
const GITHUB = join(ROOT, '.github');
const yaml = (file: string) => parse(readFileSync(join(GITHUB, file), 'utf8'), { strict: true, uniqueKeys: true });

describe('the pages', () => {
  const read = (page: string) => readFileSync(join(ROOT, page), 'utf8');
  const pages = globSync(['*.md', 'docs/**/*.md'], { cwd: ROOT }).filter((page) => page !== 'API.md');
  const isPage = (path: string) => path.endsWith('.md');
  /** Anchors as GitHub derives them from headings. */
  const anchors = (page: string) =>
    [...read(page).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
        .replaceAll(' ', '-'),
    );

  test.each(pages)('%s links to existing files and headings', (page) => {
    const links = [...read(page).matchAll(/\]\((?!\w+:)([^)#\s]*)#?([^)\s]*)\)/g)];
    const broken = links.filter(([, path = '', anchor]) => {
      const target = path ? join(dirname(page), path) : page;
      return !existsSync(join(ROOT, target)) || (anchor && isPage(target) && !anchors(target).includes(anchor));
    });
    expect(broken.map(([link]) => link)).toEqual([]);
  });

  test('the README has up to 1,500 words, and the index lists every page', () => {
    expect(read('README.md').split(/\s+/).length).toBeLessThanOrEqual(1500);
    const missing = readdirSync(join(ROOT, 'docs')).filter((file) => isPage(file) && file !== 'README.md');
    expect(missing.filter((file) => !read('docs/README.md').includes(`(${file})`))).toEqual([]);
  });
});

describe('the CI workflow', () => {
  const { jobs, permissions } = yaml('workflows/ci.yml');
  const steps: { readonly uses?: string; readonly run?: string; readonly with?: Record<string, unknown> }[] =
    jobs.ci.steps;

  test('runs .ci/run and nothing else', () => {
    expect(steps.flatMap(({ run }) => run ?? [])).toEqual(['.ci/run']);
    // The step fails if the file is not executable.
    expect(statSync(join(ROOT, '.ci/run')).mode & 0o111).not.toBe(0);
  });

  test('has read permission only, and pins actions to commits', () => {
    expect(permissions).toEqual({ contents: 'read' });
    for (const { uses } of steps.filter((step) => step.uses)) expect(uses).toMatch(/^actions\/[\w-]+@[0-9a-f]{40}$/);
  });

  test('reads the Node.js version from package.json', () => {
    expect(steps.flatMap((step) => step.with?.['node-version-file'] ?? [])).toEqual(['package.json']);
  });
});

test('dependency updates have a cooldown in every ecosystem', () => {
  const updates: Record<string, Record<string, unknown>>[] = yaml('dependabot.yml').updates;
  expect(updates.map((one) => [one['package-ecosystem'], one.cooldown?.['default-days']])).toEqual([
    ['npm', 7],
    ['github-actions', 7],
  ]);
});

describe('an issue form', () => {
  const forms = readdirSync(join(GITHUB, 'ISSUE_TEMPLATE')).filter((file) => file !== 'config.yml');

  // GitHub, "Syntax for issue forms" and "Syntax for GitHub's form schema".
  test.each(forms)('%s is valid for GitHub', (file) => {
    const { name, description, body } = yaml(join('ISSUE_TEMPLATE', file));
    expect([typeof name, typeof description]).toEqual(['string', 'string']);
    const fields: { type: string; id?: string; attributes: Record<string, unknown> }[] = body;
    for (const { type, id, attributes } of fields) {
      expect(['markdown', 'textarea', 'input', 'dropdown', 'checkboxes']).toContain(type);
      expect(typeof (type === 'markdown' ? attributes.value : attributes.label)).toBe('string');
      if (type !== 'markdown') expect(id).toMatch(/^[\w-]+$/);
    }
    const ids = fields.flatMap(({ id }) => id ?? []);
    expect(new Set(ids).size).toBe(ids.length);
  });

  test('for bugs requires the output of doctor', () => {
    const { body } = yaml('ISSUE_TEMPLATE/bug.yml');
    const doctor = body.find(({ id }: { id?: string }) => id === 'doctor');
    expect(doctor.attributes.description).toContain('power-automate-connector doctor');
    expect(doctor.validations.required).toBe(true);
  });
});
