import { type Duration, Token } from 'aws-cdk-lib';
import { MAX_LOOK_BACK_DAYS, type SourceKind } from '../../contract/sources';
import { SOURCE_PATTERNS } from '../sources/source-patterns';

const CONNECTOR_ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
const SUBSCRIPTION_NAME = /^[A-Za-z0-9_-]{1,64}$/;
/** A domain name of two labels or more: no scheme, port, path or wildcard. */
const HOST = /^([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z0-9-]*[a-z][a-z0-9-]*$/;

export function validateConnectorId(connectorId: string): void {
  if (Token.isUnresolved(connectorId) || CONNECTOR_ID.test(connectorId)) return;
  throw new Error(
    `connectorId is '${connectorId}': write 1 to 64 letters, digits, dots, hyphens or underscores, a letter or digit first`,
  );
}

export function validateEventSource(eventSource: string): void {
  if (Token.isUnresolved(eventSource)) return;
  if (eventSource.length < 1 || eventSource.length > 256) {
    throw new Error(`eventSource has ${eventSource.length} characters: write 1 to 256`);
  }
  // Amazon EventBridge, PutEvents: sources that begin with "aws." are reserved, an entry with one is refused.
  if (eventSource.startsWith('aws.')) {
    throw new Error(
      `eventSource is '${eventSource}': EventBridge keeps 'aws.' for AWS services, write a name of your own`,
    );
  }
}

export function validateExtraFlowHosts(hosts: string[]): void {
  for (const host of hosts) {
    if (Token.isUnresolved(host) || HOST.test(host)) continue;
    throw new Error(
      `extraFlowHosts has ${/^[\w.*-]*$/.test(host) ? `'${host}'` : 'something that is no host name'}: write the end of a host name in lower case, such as 'flows.example.com', without scheme, port, path or '*'`,
    );
  }
}

export const isSubscriptionName = (name: string): boolean => SUBSCRIPTION_NAME.test(name);

export function validateSubscriptionName(name: string): void {
  // Two of one name are found by it, and CloudFormation knows the resource by it.
  if (Token.isUnresolved(name)) throw new Error('subscriptionName is a token: write the name itself');
  if (isSubscriptionName(name)) return;
  // Without the value: it may be a secret in the wrong place.
  throw new Error(
    `"name" ${name === '' ? 'is empty' : 'is no name of a subscription'}; write 1 to 64 letters, digits, - and _`,
  );
}

const GUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const DOMAIN = /^([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]$/i;

/** In the words of the subscription file's mistakes, which show no value: it may be a secret in the wrong place. */
export function validateTenantId(tenantId: string): void {
  if (Token.isUnresolved(tenantId) || GUID.test(tenantId) || DOMAIN.test(tenantId)) return;
  throw new Error(
    `"auth.tenantId" ${tenantId === '' ? 'is empty' : 'is neither a GUID nor a domain'}; ` +
      "write the Directory (tenant) ID of the app registration, or one of the tenant's verified domains",
  );
}

export function validateClientId(clientId: string): void {
  if (Token.isUnresolved(clientId) || GUID.test(clientId)) return;
  throw new Error(
    `"auth.clientId" ${clientId === '' ? 'is empty' : 'is not a GUID'}; write the Application (client) ID of the app registration`,
  );
}

/** A message can be 14 days on a queue (Amazon SQS quotas); what it delivers must be remembered for longer. */
const LEAST_RETENTION_DAYS = 15;

export function validateDeliveryRetention(retention: Duration): void {
  const days = retention.isUnresolved() ? LEAST_RETENTION_DAYS : retention.toDays({ integral: false });
  if (days >= LEAST_RETENTION_DAYS && Number.isInteger(days)) return;
  throw new Error(`deliveryRetention is ${days} days: write whole days, at least ${LEAST_RETENTION_DAYS}`);
}

const UNIT_SECONDS: Readonly<Record<string, number>> = { minute: 60, hour: 3600, day: 86_400 };

/** @param schedule such as `rate(1 hour)`; how far apart the times of a calendar are, its author knows. */
export function validateLookBack(lookBack: Duration, schedule: string): void {
  if (lookBack.isUnresolved()) throw new Error('lookBack is a token: write the duration itself');
  const seconds = lookBack.toSeconds();
  const [, count = '', unit = ''] = /^rate\((\d+) (minute|hour|day)s?\)$/.exec(schedule) ?? [];
  const period = Number(count) * (UNIT_SECONDS[unit] ?? 0);
  const least = Math.max(3600, 2 * period);
  // Longer than runs are noted and deliveries remembered, a run would be told twice.
  if (seconds >= least && seconds <= MAX_LOOK_BACK_DAYS * 86_400) return;
  throw new Error(
    `lookBack is ${lookBack.toHumanString()}: write at least ${least / 60} minutes (twice the time between two looks, or an hour), and at most ${MAX_LOOK_BACK_DAYS} days`,
  );
}

/** EventBridge counts in days; its 0 is for ever, which is said by leaving the retention out. */
export function validateArchiveRetention(retention: Duration | undefined): void {
  if (retention === undefined || retention.isUnresolved()) return;
  const days = retention.toDays({ integral: false });
  if (days >= 1 && Number.isInteger(days)) return;
  throw new Error(`archive.retention is ${days} days: write whole days, at least 1, or leave it out to keep for ever`);
}

/** Longest name of a data source, segment, measure or instance, characters; as `lambda/events/core/events.ts` has it. */
const MAX_FIELD_LENGTH = 200;
/** They begin a variable in an input template of EventBridge, where names of sources stand. */
const ANGLE_BRACKET = /[<>]/;

/** Half of a surrogate pair, which UTF-8 cannot carry: it would become another character on its way. */
const HALF_PAIR = /\p{Surrogate}/u;

function validateCharacters(option: string, text: string): void {
  if (!HALF_PAIR.test(text)) return;
  throw new Error(
    `${option} is ${JSON.stringify(text)}: it has half of a surrogate pair, which is no character; write whole characters`,
  );
}

/** A name that is the source's own, such as its data source's. */
export function validateSourceField(option: string, value: string): void {
  if (Token.isUnresolved(value)) throw new Error(`${option} is a token: write the name itself`);
  validateCharacters(option, value);
  if (value.trim() === value && value.length >= 1 && value.length <= MAX_FIELD_LENGTH && !ANGLE_BRACKET.test(value)) {
    return;
  }
  throw new Error(
    `${option} is ${JSON.stringify(value)}: write 1 to ${MAX_FIELD_LENGTH} characters, without blanks at the ends and without < and >`,
  );
}

/** The name or ARN by which a service's events name the source. */
export function validateSourceName(kind: SourceKind, option: string, name: string): void {
  if (Token.isUnresolved(name)) return;
  validateCharacters(option, name);
  const { longestName } = SOURCE_PATTERNS[kind];
  const isArn = option.endsWith('Arn');
  const fits = isArn ? /^arn:\S+$/.test(name) : name.length >= 1 && name.length <= longestName;
  if (fits && !ANGLE_BRACKET.test(name)) return;
  const what = isArn ? 'an ARN' : `1 to ${longestName} characters`;
  throw new Error(`${option} is ${JSON.stringify(name)}: write ${what}, without < and >`);
}
