import { randomBytes } from 'node:crypto';
import { API_BASE_PATH, API_KEY_HEADER } from '../../../contract/custom-connector';
import { keyHash, newKey } from '../../../lambda/custom-connector/core/api-key';
import { connectorApi } from '../../custom-connector/connector-api';
import { checkKeyName, keyTable } from '../../custom-connector/keys';
import { connectorCommand } from '../../frame/command';
import { durationOption } from '../../frame/option-values';
import { CommandError } from '../../shell/exit';
import { timeText } from '../../shell/time';

export const keyCreate = connectorCommand({
  name: 'connector key create',
  description: 'create a key for the API of the custom connector, and print it once',
  args: {
    name: {
      type: 'positional',
      valueHint: 'NAME',
      required: true,
      description: 'name of the key: 1 to 32 letters, digits and -; the flows that it registers show it',
    },
    expires: { type: 'string', valueHint: 'DURATION', description: 'time until the key expires (default: never)' },
  },
  notes: [
    'Prints the key on standard output, and everything else on standard error. The connector stores only its hash, so the key cannot be shown again.',
    'Create one key per team or system. Then you can see who registered a flow, and revoke one key without the others.',
  ],
  examples: ['connector key create data-team', 'connector key create data-team --expires 90d > data-team.key'],
  async run(args, { terminal, clock, ...context }) {
    const name = checkKeyName(args.name);
    const expires = args.expires === undefined ? undefined : durationOption('--expires', args.expires, '3650d');
    const connector = await context.connector();
    const { url, signIn } = connectorApi(connector);
    if (!signIn.keys) {
      throw new CommandError(
        'the API does not accept keys: add ConnectorSignIn.keys() to signIn of addConnectorApi(), and deploy it',
      );
    }
    const now = clock();
    const key = newKey(name, randomBytes);
    const expiresAt = expires === undefined ? undefined : now + expires;
    if (!(await keyTable(connector).create({ name, hash: keyHash(key), createdAt: now, expiresAt }))) {
      throw new CommandError(
        `key ${name} exists already: use another name, or revoke it first with connector key revoke ${name}`,
      );
    }
    terminal.line(key);
    terminal.problem(`Store the key now: it is not shown again. It ${expiryText(expiresAt, now)}.`);
    terminal.problem(
      `Anyone who has it can register flows at ${url}${API_BASE_PATH} and read the names of data sources, segments and measures. It cannot read flow URLs.`,
    );
    terminal.problem(
      `Enter it in a connection of the custom connector, or send it in the header ${API_KEY_HEADER}. To revoke it: connector key revoke ${name}.`,
    );
  },
});

const expiryText = (expiresAt: number | undefined, now: number): string =>
  expiresAt === undefined ? 'does not expire' : `expires at ${timeText(expiresAt, now)}`;
