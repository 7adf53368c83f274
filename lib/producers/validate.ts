import { ArnFormat, Stack, Token } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { ORGANIZATION_ID, ORGANIZATION_PATH } from '../../contract/organization';
import { isAccount, partitionOf } from '../shared/validate-arn';

/** @throws Error if the text is no account ID. Tokens are accepted. */
export function validateAccount(accountId: string): void {
  if (isAccount(accountId)) return;
  throw new Error(`Producer.account has '${accountId}': write the 12 digits of an AWS account ID`);
}

/** @throws Error if the texts are no organization ID, or no path in it. Tokens are accepted. */
export function validateOrganization(organizationId: string, path: string | undefined): void {
  if (!Token.isUnresolved(organizationId) && !ORGANIZATION_ID.test(organizationId)) {
    throw new Error(
      `Producer.organization has '${organizationId}': write the ID of an organization, such as 'o-a1b2c3d4e5'`,
    );
  }
  if (path === undefined || Token.isUnresolved(path) || ORGANIZATION_PATH.test(path)) return;
  throw new Error(
    `Producer.organization has the path '${path}': write the ID of the root and of each organizational unit below it, ` +
      "such as 'r-ab12/ou-ab12-11111111'",
  );
}

/** @throws Error if the text is no ARN of an event bus that rules of the scope's stack can send to. Tokens are accepted. */
export function validateBusArn(scope: Construct, arn: string): void {
  if (Token.isUnresolved(arn)) return;
  const wrong = (reason: string) => new Error(`${scope.node.path}: connectorBusArn is '${arn}': ${reason}`);
  if (!/^arn:[^:]+:events:[^:]+:\d{12}:event-bus\/[\w./-]+$/.test(arn)) {
    throw wrong(
      "write the ARN of an event bus, such as 'arn:aws:events:eu-west-1:111122223333:event-bus/customer-data'",
    );
  }
  const { partition, account, region } = Stack.of(scope).splitArn(arn, ArnFormat.SLASH_RESOURCE_NAME);
  const { account: ownAccount, region: ownRegion } = Stack.of(scope);
  const own = partitionOf(ownRegion);
  if (own === undefined) return;
  if (partition !== own) {
    throw wrong(
      `EventBridge sends no events from ${ownRegion} to the partition ${partition}: use a connector in ${own}`,
    );
  }
  if (account === ownAccount && region === ownRegion) {
    throw wrong('it is in the account and Region of this stack: put events on this bus, without forwarding');
  }
}
