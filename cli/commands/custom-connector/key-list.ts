import { connectorApi } from '../../custom-connector/connector-api';
import { keyJson, keyTable } from '../../custom-connector/keys';
import { connectorCommand, jsonArg } from '../../frame/command';
import { timeText } from '../../shell/time';

export const keyList = connectorCommand({
  name: 'connector key list',
  description: 'list the keys of the API, and when they were last used',
  args: jsonArg,
  notes: ['Prints no key: the connector stores only hashes. The time of the last use is updated up to once a day.'],
  examples: ['connector key list', 'connector key list --json'],
  async run({ json }, { terminal, clock, ...context }) {
    const connector = await context.connector();
    connectorApi(connector);
    const keys = await keyTable(connector).list();
    const now = clock();
    const time = (instant: number | undefined) => (instant === undefined ? 'never' : timeText(instant, now));
    if (json) terminal.json(keys.map(keyJson));
    else if (keys.length === 0) terminal.line('No keys yet. To create one: connector key create NAME.');
    else {
      terminal.table({
        head: ['name', 'created', 'last used', 'expires'],
        rows: keys.map(({ name, createdAt, lastUsedAt, expiresAt }) => [
          name,
          time(createdAt),
          time(lastUsedAt),
          expiresAt !== undefined && expiresAt <= now
            ? terminal.style.red(`expired ${time(expiresAt)}`)
            : time(expiresAt),
        ]),
      });
    }
  },
});
