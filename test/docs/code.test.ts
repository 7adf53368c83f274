/** Checks the commands and the code of all pages. */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { COMMANDS } from '../../cli/commands';
import { checkArguments, findCommand } from '../../cli/frame/arguments';

const ROOT = join(__dirname, '../..');
const read = (file: string) => readFileSync(join(ROOT, file), 'utf8');
const pages = globSync(['*.md', 'docs/*.md'], { cwd: ROOT }).filter((page) => !/API\.md|CHANGELOG\.md/.test(page));

/** Text of the code blocks of a language, without the indentation of a list. */
const blocks = (page: string, language: string) =>
  [...page.matchAll(new RegExp(`^( *)\`\`\`${language}\n([^]*?)\n *\`\`\``, 'gm'))].map(([, indent = '', text = '']) =>
    text.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
  );

/** Lines that call the CLI, without placeholders such as <id>. */
const commands = pages.flatMap((page) =>
  blocks(read(page), 'sh')
    .flatMap((block) => block.replaceAll(/ *\\\n\s*/g, ' ').split('\n'))
    .flatMap((line) => /^(?:npm run (?:-s )?connector --|power-automate-connector) ([^<]*)$/.exec(line)?.[1] ?? [])
    .map((line) => ({ page, line: line.replace(/ +# .*$/, '') })),
);

test('pages have commands', () => expect(commands.length).toBeGreaterThan(15));

test.each(commands)('$page: the command is valid: $line', ({ line }) => {
  const words = [...line.matchAll(/(?:"[^"]*"|'[^']*'|[^\s"'])+/g)].map(([word]) => word.replaceAll(/["']/g, ''));
  const found = findCommand(words, COMMANDS);
  expect(found.command && checkArguments(found.command, found.rest).help).toBe(false);
});

const copied = pages.flatMap((page) =>
  [...read(page).matchAll(/<!-- from: (\S+) -->\n```ts\n(.*?)\n```/gs)].map(([, file = '', code = '']) => ({
    page,
    file,
    code,
  })),
);

test('code of an example is on a page', () => expect(copied.length).toBeGreaterThan(0));

test.each(copied)('$page: the code is that of $file', ({ file, code }) => expect(read(file)).toContain(code));
