import { Token } from 'aws-cdk-lib';

const SUBSCRIPTION_NAME = /^[A-Za-z0-9_-]{1,64}$/;
const GUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const DOMAIN = /^([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]$/i;

export const isSubscriptionName = (name: string): boolean => SUBSCRIPTION_NAME.test(name);

export const isGuid = (text: string): boolean => GUID.test(text);

// The messages are those of the subscription file. They never show a value, which may be a misplaced secret.

export function validateSubscriptionName(name: string): void {
  // A token would hide duplicate names, and CloudFormation identifies the resource by the name.
  if (Token.isUnresolved(name)) throw new Error('subscriptionName is a token: write the name itself');
  if (isSubscriptionName(name)) return;
  throw new Error(
    `"name" ${name === '' ? 'is empty' : 'is no name of a subscription'}; write 1 to 64 letters, digits, - and _`,
  );
}

export function validateTenantId(tenantId: string): void {
  if (Token.isUnresolved(tenantId) || isGuid(tenantId) || DOMAIN.test(tenantId)) return;
  throw new Error(
    `"auth.tenantId" ${tenantId === '' ? 'is empty' : 'is neither a GUID nor a domain'}; ` +
      "write the Directory (tenant) ID of the app registration, or one of the tenant's verified domains",
  );
}

export function validateClientId(clientId: string): void {
  if (Token.isUnresolved(clientId) || isGuid(clientId)) return;
  throw new Error(
    `"auth.clientId" ${clientId === '' ? 'is empty' : 'is not a GUID'}; write the Application (client) ID of the app registration`,
  );
}
