/** Generates docs/cli.md from the commands. Run: `npm run docs:cli`. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { COMMANDS } from '../../cli/commands';
import { allCommands } from '../../cli/frame/command';
import { commandHelp, EXIT_STATUSES } from '../../cli/frame/help';

export const CLI_DOCS = join(__dirname, '..', '..', 'docs', 'cli.md');

export function cliDocs(): string {
  const commands = allCommands(COMMANDS);
  const block = (text: string) => ['```text', text.trimEnd(), '```', ''];
  return `${[
    '# The command line',
    '',
    '`power-automate-connector` manages the subscriptions of a connector and their deliveries. In this repository, you can also',
    'run `npm run connector --`. This page contains the output of `--help` (`npm run docs:cli`).',
    '',
    'Without `--stack`, the CLI uses the only connector in the account and Region. It finds the connector by the outputs of a',
    '`PowerAutomateConnectorStack`, or of a stack that calls `addOutputs()` of the connector. For this it may have to list all',
    'stacks. `--local` uses the connector that `npm start` runs. The CLI reads credentials like the AWS CLI, and needs the',
    'permissions of `grantManageSubscriptions`. It never prints a flow URL, only its host and the first 8 characters of its',
    'fingerprint, or the name of its secret. Results go to standard output, errors to standard error.',
    '',
    '| command | description |',
    '|---|---|',
    ...commands.map(({ meta }) => `| [${meta.name}](#${meta.name.replaceAll(' ', '-')}) | ${meta.description} |`),
    '',
    '| exit status | meaning |',
    '|---|---|',
    ...EXIT_STATUSES.map(([status, text]) => `| ${status} | ${text} |`),
    '',
    ...commands.flatMap((command) => [`## ${command.meta.name}`, '', ...block(commandHelp(command))]),
  ]
    .join('\n')
    .trimEnd()}\n`;
}

if (process.argv[1] === __filename) writeFileSync(CLI_DOCS, cliDocs());
