import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { COMMANDS } from '../../cli/commands';
import { CLI_DOCS, cliDocs } from '../../scripts/docs/cli-docs';

it('docs/cli.md is what the commands say of themselves (npm run docs:cli)', () => {
  expect(readFileSync(CLI_DOCS, 'utf8')).toBe(cliDocs());
});

it('the README names every command', () => {
  const readme = readFileSync(join(__dirname, '../../README.md'), 'utf8');
  for (const { meta } of COMMANDS) expect(readme, meta.name).toContain(`\`${meta.name}`);
});
