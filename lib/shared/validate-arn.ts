import { Token } from 'aws-cdk-lib';
import { RegionInfo } from 'aws-cdk-lib/region-info';
import { ACCOUNT_ID } from '../../contract/organization';

/** Whether the text is an account ID. Tokens are accepted. */
export const isAccount = (text: string): boolean => Token.isUnresolved(text) || ACCOUNT_ID.test(text);

/** Whether the text can be the code of a Region. Tokens are accepted. */
export const isRegion = (text: string): boolean => Token.isUnresolved(text) || /^[a-z]{2,}(-[a-z]+)+-\d$/.test(text);

/**
 * The partition of a Region, as the CDK knows it. No event can be sent from one partition to another. Undefined for a token.
 * A Region that the CDK does not know is in the partition `aws`.
 */
export function partitionOf(region: string): string | undefined {
  if (Token.isUnresolved(region)) return undefined;
  return RegionInfo.get(region).partition ?? 'aws';
}
