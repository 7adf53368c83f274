/** Checks the commands and the code of all pages. */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { COMMANDS } from '../../cli/commands';
import { checkArguments, findCommand } from '../../cli/frame/arguments';
import { readSubscriptionFile } from '../../cli/subscriptions/subscription-file';

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

const FLOW_URL = 'https://default0.api.powerplatform.com/workflows/0/triggers/manual/paths/invoke';
const SIGNATURE = '0123456789-0123456789-0123456789-0123456789';

const subscriptionFiles = pages.flatMap((page) =>
  blocks(read(page), 'yaml')
    .filter((text) => /^subscriptions:$/m.test(text))
    .map((text) => ({ page, text })),
);

test.each(subscriptionFiles)('$page: the subscriptions are valid: $text', ({ text }) => {
  // The URL of a flow that is called with a token has no signature.
  const url = text.includes('auth:') ? FLOW_URL : `${FLOW_URL}?sig=${SIGNATURE}`;
  const names = [...text.matchAll(/\$\{(\w+)\}/g)].map(([, name]) => [name, url]);
  expect(() => readSubscriptionFile(text, { file: 'a.yaml', environment: Object.fromEntries(names) })).not.toThrow();
});

const copied = pages.flatMap((page) =>
  [...read(page).matchAll(/<!-- from: (\S+) -->\n```ts\n(.*?)\n```/gs)].map(([, file = '', code = '']) => ({
    page,
    file,
    code,
  })),
);

test('pages have subscriptions and code of examples', () => {
  expect(subscriptionFiles.length).toBeGreaterThan(5);
  expect(copied.length).toBeGreaterThan(0);
});

test.each(copied)('$page: the code is that of $file', ({ file, code }) => expect(read(file)).toContain(code));
