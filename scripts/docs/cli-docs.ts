/** Writes docs/cli.md from the commands themselves. Run it by `npm run docs:cli`. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { COMMANDS } from '../../cli/commands';
import { commandHelp, EXIT_STATUSES } from '../../cli/frame/help';

export const CLI_DOCS = join(__dirname, '..', '..', 'docs', 'cli.md');

/** The page. */
export function cliDocs(): string {
  const block = (text: string) => ['```text', text.trimEnd(), '```', ''];
  return `${[
    '# The command line',
    '',
    '`power-automate-connector`, in this repository also `npm run connector --`, looks after the subscriptions of a connector and',
    'their deliveries. This page is made of what `--help` says (`npm run docs:cli`).',
    '',
    'Without `--stack` it takes the only connector in the account and Region, which it knows by the outputs of a',
    '`PowerAutomateConnectorStack`, or of a stack in which `addOutputs()` of the connector was called; to look for it, it may have',
    'to list all stacks. `--local` takes the one that `npm start` runs. It signs in as the AWS CLI does; what it needs is what',
    '`grantManageSubscriptions` gives. It prints no flow URL: only the host and the first 8 characters of the fingerprint, or the',
    "secret's name. Standard output has what was asked for, standard error what went wrong.",
    '',
    '| command | what it does |',
    '|---|---|',
    ...COMMANDS.map(({ meta }) => `| [${meta.name}](#${meta.name}) | ${meta.description} |`),
    '',
    '| exit status | |',
    '|---|---|',
    ...EXIT_STATUSES.map(([status, text]) => `| ${status} | ${text} |`),
    '',
    ...COMMANDS.flatMap((command) => [`## ${command.meta.name}`, '', ...block(commandHelp(command))]),
  ]
    .join('\n')
    .trimEnd()}\n`;
}

if (process.argv[1] === __filename) writeFileSync(CLI_DOCS, cliDocs());
