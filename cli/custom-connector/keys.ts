import { Output } from '../../contract/outputs';
import { KeyTable } from '../../lambda/custom-connector/adapters/key-table';
import { isKeyName, parseKey } from '../../lambda/custom-connector/core/api-key';
import type { StoredKey } from '../../lambda/custom-connector/core/ports';
import { displayValue } from '../../lambda/subscriptions/core/entry/messages';
import type { Connector } from '../connector/connector';
import { UsageError } from '../shell/exit';
import { isoTime } from '../shell/time';

/** The keys of the connector's API. */
export const keyTable = ({ clients, output }: Connector): KeyTable =>
  new KeyTable(clients.dynamodb, output(Output.SUBSCRIPTIONS_TABLE_NAME));

/** Validates the name of a key. Throws a UsageError, which never quotes a key. */
export function checkKeyName(text: string): string {
  if (isKeyName(text)) return text;
  const { name } = parseKey(text) ?? {};
  throw new UsageError(
    name === undefined
      ? `${displayValue(text)} is not the name of a key: use 1 to 32 letters, digits and -`
      : `the argument is a key: use its name, ${name}`,
  );
}

/** A key as JSON, without its hash. */
export const keyJson = ({ name, createdAt, lastUsedAt, expiresAt }: StoredKey): object => ({
  name,
  createdAt: isoTime(createdAt),
  lastUsedAt: isoTime(lastUsedAt),
  expiresAt: isoTime(expiresAt),
});
