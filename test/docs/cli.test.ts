import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { CLI_DOCS, cliDocs } from '../../scripts/docs/cli-docs';

it('docs/cli.md matches the help of the commands (if not, run: npm run docs:cli)', () => {
  expect(readFileSync(CLI_DOCS, 'utf8')).toBe(cliDocs());
});
