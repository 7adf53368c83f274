import { Token } from 'aws-cdk-lib';
import { ACCOUNT_ID } from '../../contract/organization';

/** Whether the text is an account ID. Tokens are accepted. */
export const isAccount = (text: string): boolean => Token.isUnresolved(text) || ACCOUNT_ID.test(text);

/** Whether the text can be the code of a Region. Tokens are accepted. */
export const isRegion = (text: string): boolean => Token.isUnresolved(text) || /^[a-z]{2,}(-[a-z]+)+-\d$/.test(text);

/** Partitions between which no event can be sent. */
const PARTITIONS: readonly [prefix: string, partition: string][] = [
  ['cn-', 'aws-cn'],
  ['us-gov-', 'aws-us-gov'],
];

/** The partition of a Region. Undefined for a token. */
export function partitionOf(region: string): string | undefined {
  if (Token.isUnresolved(region)) return undefined;
  return PARTITIONS.find(([prefix]) => region.startsWith(prefix))?.[1] ?? 'aws';
}
