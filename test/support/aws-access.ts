import type { AwsCall } from '../../local/engines/calls';
import { keyArnOf } from '../../local/engines/kms';
import { ACCOUNT, REGION } from '../../local/template/plan';
import type { Plan } from '../../local/template/planned';

/** What a function does on AWS, as IAM sees it. */
export interface Access {
  readonly functionId: string;
  readonly action: string;
  /** ARN, or `*` for an action that has no resource. */
  readonly resource: string;
  /** Condition keys of the request. */
  readonly context: Readonly<Record<string, string | string[]>>;
}

type Input = AwsCall['input'];

const arn = (service: string, rest: string): string => `arn:aws:${service}:${REGION}:${ACCOUNT}:${rest}`;
/** An ARN, or the resource's ARN from the name that stands in its place. */
const arnOr = (nameOrArn: unknown, ofName: (name: string) => string): string => {
  const text = String(nameOrArn);
  return text.startsWith('arn:') ? text : ofName(text);
};

/** The queue of a URL, which ends with the account and the name. */
export const queueArn = (url: unknown): string => arn('sqs', new URL(String(url)).pathname.split('/').at(-1) as string);

/** The resources that a request names, by service (Service Authorization Reference, "Resource types"). */
const RESOURCES: Readonly<Record<string, (input: Input) => string[]>> = {
  dynamodb({ TableName, IndexName, RequestItems }) {
    const tables = TableName === undefined ? Object.keys(RequestItems ?? {}) : [TableName];
    // An index is a resource of its own: whoever may query the table may not query its indexes.
    const index = IndexName === undefined ? '' : `/index/${IndexName}`;
    return tables.map((table) => arnOr(table, (name) => arn('dynamodb', `table/${name}`)) + index);
  },
  sqs: ({ QueueUrl }) => [queueArn(QueueUrl)],
  events: ({ Entries }) =>
    (Entries as { EventBusName?: string }[]).map(({ EventBusName }) =>
      arnOr(EventBusName ?? 'default', (name) => arn('events', `event-bus/${name}`)),
    ),
  // Decrypt names no key: the ciphertext does.
  kms: ({ KeyId, CiphertextBlob }) => [
    KeyId === undefined
      ? keyArnOf(Buffer.from(String(CiphertextBlob), 'base64'))
      : arnOr(KeyId, (id) => arn('kms', `key/${id}`)),
  ],
  secretsmanager: ({ SecretId }) => [arnOr(SecretId, (name) => arn('secretsmanager', `secret:${name}`))],
  ssm: ({ Name, Names }) =>
    [Names ?? Name].flat().map((name) => arnOr(name, (path) => arn('ssm', `parameter/${path.replace(/^\//, '')}`))),
  sts: ({ RoleArn }) => [String(RoleArn ?? '*')],
};

/** Operations whose permission has another name (Amazon SQS developer guide, "API permissions: actions and resource reference"). */
const PERMISSIONS: Readonly<Record<string, string>> = {
  SendMessageBatch: 'SendMessage',
  DeleteMessageBatch: 'DeleteMessage',
  ChangeMessageVisibilityBatch: 'ChangeMessageVisibility',
};

/** Every SDK calls by TLS on AWS, whatever it does here. */
const BY_TLS = { 'aws:SecureTransport': 'true' };

function contextOf({ service, input }: AwsCall): Access['context'] {
  if (service === 'sts') {
    const audiences = Object.entries(input).filter(([key]) => key.startsWith('Audience.'));
    return {
      ...BY_TLS,
      'sts:IdentityTokenAudience': audiences.map(([, audience]) => String(audience)),
      'sts:SigningAlgorithm': String(input.SigningAlgorithm),
      'sts:DurationSeconds': String(input.DurationSeconds),
    };
  }
  if (service !== 'kms') return BY_TLS;
  const pairs = Object.entries((input.EncryptionContext ?? {}) as Record<string, string>);
  return {
    ...BY_TLS,
    ...Object.fromEntries(pairs.map(([key, value]) => [`kms:EncryptionContext:${key}`, value])),
    'kms:EncryptionContextKeys': pairs.map(([key]) => key),
  };
}

/** What a recorded call is to IAM. Throws for a service whose resources are not known here. */
export function accessesOf(call: AwsCall): Access[] {
  const { accessKeyId: functionId, service, operation, input } = call;
  const resources = RESOURCES[service];
  if (!resources) {
    throw new Error(
      `${functionId} calls ${service}:${operation}: say in ${__filename} which resources its requests name`,
    );
  }
  const action = `${service}:${PERMISSIONS[operation] ?? operation}`;
  return [...new Set(resources(input))].map((resource) => ({ functionId, action, resource, context: contextOf(call) }));
}

/** Actions by which Lambda reads a queue for a function (developer guide, "Configuring the execution role permissions" of SQS). */
const POLLING = ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes'];
/** Actions by which Lambda writes a function's log (developer guide, "Sending logs to CloudWatch", by a log group of its own). */
const LOGGING = ['logs:CreateLogStream', 'logs:PutLogEvents'];

/** Actions by which Lambda sends a function's traces (developer guide, "Visualize Lambda function invocations using AWS X-Ray"). */
const TRACING = ['xray:PutTraceSegments', 'xray:PutTelemetryRecords'];

/** Services that decrypt with a customer's key in the caller's name, by the call that makes them. */
const DECRYPTING: Readonly<Record<string, string>> = {
  'secretsmanager:GetSecretValue': 'secretsmanager',
  'ssm:GetParameter': 'ssm',
};

/**
 * What a service does with a customer's key for those who read what it keeps (KMS developer guide, `kms:ViaService`).
 * @param keys ARNs of keys by the ARN of what they encrypt.
 */
export function accessesViaServices(accesses: readonly Access[], keys: ReadonlyMap<string, string>): Access[] {
  return accesses.flatMap(({ functionId, action, resource }) => {
    const [service, key] = [DECRYPTING[action], keys.get(resource)];
    if (service === undefined || key === undefined) return [];
    const context = { ...BY_TLS, 'kms:ViaService': `${service}.${REGION}.amazonaws.com` };
    return [{ functionId, action: 'kms:Decrypt', resource: key, context }];
  });
}

/**
 * What Lambda does on AWS in a function's name, and the local run without asking its endpoints.
 * @param logGroups names by the functions' logical ids.
 * @param traced logical ids of the functions that X-Ray traces.
 */
export function accessesOfLambda(
  plan: Plan,
  logGroups: ReadonlyMap<string, string>,
  traced: readonly string[],
): Access[] {
  const polling = plan.eventSources.flatMap(({ queueArn: resource, functionArn }) => {
    const functionId = plan.functions.find((one) => one.arn === functionArn)?.logicalId as string;
    return POLLING.map((action) => ({ functionId, action, resource, context: BY_TLS }));
  });
  const logging = [...logGroups].flatMap(([functionId, name]) =>
    LOGGING.map((action) => {
      const resource = arn('logs', `log-group:${name}:log-stream:one`);
      return { functionId, action, resource, context: BY_TLS };
    }),
  );
  const tracing = traced.flatMap((functionId) =>
    TRACING.map((action) => ({ functionId, action, resource: '*', context: BY_TLS })),
  );
  return [...polling, ...logging, ...tracing];
}
