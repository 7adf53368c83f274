import { closestWord } from '../../../lambda/subscriptions/core/entry/messages';
import { connectorApi } from '../../custom-connector/connector-api';
import { checkKeyName, keyTable } from '../../custom-connector/keys';
import { connectorCommand } from '../../frame/command';
import { CommandError } from '../../shell/exit';

export const keyRevoke = connectorCommand({
  name: 'connector key revoke',
  description: 'revoke a key of the API',
  args: {
    name: { type: 'positional', valueHint: 'NAME', required: true, description: 'name of the key' },
  },
  notes: [
    'Takes effect at once: the API refuses requests with the key, and flows whose connection has it cannot be saved or switched on.',
    'The flows that it registered still run, and can be switched off. To remove them, use connector end.',
  ],
  examples: ['connector key revoke data-team'],
  async run(args, { terminal, ...context }) {
    const name = checkKeyName(args.name);
    const connector = await context.connector();
    connectorApi(connector);
    const keys = keyTable(connector);
    if (!(await keys.revoke(name))) {
      const names = (await keys.list()).map((key) => key.name);
      const meant = closestWord(name, names);
      throw new CommandError(
        `key ${name} does not exist: ${meant ? `did you mean ${meant}?` : 'run connector key list to see the names'}`,
      );
    }
    terminal.line(`revoked ${name}: the API refuses it from now on`);
    terminal.line('The flows that it registered still run. To see them: connector flows.');
  },
});
