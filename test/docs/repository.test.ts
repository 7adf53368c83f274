import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';

const ROOT = join(__dirname, '../..');
const GITHUB = join(ROOT, '.github');
const yaml = (file: string) => parse(readFileSync(join(GITHUB, file), 'utf8'), { strict: true, uniqueKeys: true });

describe('the CI workflow', () => {
  const workflow = yaml('workflows/ci.yml');
  const steps: { readonly uses?: string; readonly run?: string; readonly with?: Record<string, unknown> }[] =
    workflow.jobs.ci.steps;

  test('runs .ci/run and nothing else', () => {
    expect(steps.flatMap(({ run }) => run ?? [])).toEqual(['.ci/run']);
    // Executable, or the step fails.
    expect(statSync(join(ROOT, '.ci/run')).mode & 0o111).not.toBe(0);
  });

  test('may only read, and uses actions by their commits', () => {
    expect(workflow.permissions).toEqual({ contents: 'read' });
    for (const { uses } of steps.filter((step) => step.uses)) expect(uses).toMatch(/^actions\/[\w-]+@[0-9a-f]{40}$/);
  });

  test('takes Node.js from package.json', () => {
    const versions = steps.flatMap((step) => step.with?.['node-version-file'] ?? []);
    expect(versions).toEqual(['package.json']);
  });
});

test('updates of dependencies wait, in every ecosystem', () => {
  const { updates } = yaml('dependabot.yml');
  const waits = updates.map((one: Record<string, Record<string, unknown>>) => [
    one['package-ecosystem'],
    one.cooldown?.['default-days'],
  ]);
  expect(waits).toEqual([
    ['npm', 7],
    ['github-actions', 7],
  ]);
});

describe('an issue form', () => {
  const forms = readdirSync(join(GITHUB, 'ISSUE_TEMPLATE')).filter((file) => file !== 'config.yml');

  // GitHub, "Syntax for issue forms" and "Syntax for GitHub's form schema".
  test.each(forms)('%s is one that GitHub takes', (file) => {
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

  test('of a bug asks for what doctor prints', () => {
    const { body } = yaml('ISSUE_TEMPLATE/bug.yml');
    const doctor = body.find(({ id }: { id?: string }) => id === 'doctor');
    expect(doctor.attributes.description).toContain('power-automate-connector doctor');
    expect(doctor.validations.required).toBe(true);
  });
});
