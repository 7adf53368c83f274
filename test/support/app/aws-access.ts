import { PARTITION_KEY } from '../../../contract/shared';
import type { AwsCall } from '../../../local/engines/protocol/calls';
import { keyArnOf } from '../../../local/engines/services/kms';
import { ACCOUNT, REGION } from '../../../local/shared/environment';
import type { Plan } from '../../../local/template/model/plan';

/** One call of a function on AWS, as IAM evaluates it. */
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
/** Returns an ARN unchanged, and converts a name to an ARN with `ofName`. */
const arnOr = (nameOrArn: unknown, ofName: (name: string) => string): string => {
  const text = String(nameOrArn);
  return text.startsWith('arn:') ? text : ofName(text);
};

/** The queue of a URL, which ends with the account and the name. */
export const queueArn = (url: unknown): string => arn('sqs', new URL(String(url)).pathname.split('/').at(-1) as string);

/** The user's resources outside the template. They resolve calls that do not name their resources. */
export interface Surroundings {
  /** ARNs of customer managed keys by the ARN of the secret, parameter or bucket that they encrypt. */
  readonly keys: ReadonlyMap<string, string>;
  /** Ids of Redshift workgroups by name. */
  readonly workgroupIds: Readonly<Record<string, string>>;
  /** Names of the buckets with the tables' data by database. */
  readonly dataBuckets: Readonly<Record<string, string>>;
}
export const NO_SURROUNDINGS: Surroundings = { keys: new Map(), workgroupIds: {}, dataBuckets: {} };

/** The resources that a request names by service (Service Authorization Reference, "Resource types"). */
const RESOURCES: Readonly<Record<string, (input: Input, around: Surroundings) => string[]>> = {
  dynamodb({ TableName, IndexName, RequestItems }) {
    const tables = TableName === undefined ? Object.keys(RequestItems ?? {}) : [TableName];
    // An index is a separate resource: permission to query the table does not include its indexes.
    const index = IndexName === undefined ? '' : `/index/${IndexName}`;
    return tables.map((table) => arnOr(table, (name) => arn('dynamodb', `table/${name}`)) + index);
  },
  sqs: ({ QueueUrl }) => [queueArn(QueueUrl)],
  events: ({ Entries }) =>
    (Entries as { EventBusName?: string }[]).map(({ EventBusName }) =>
      arnOr(EventBusName ?? 'default', (name) => arn('events', `event-bus/${name}`)),
    ),
  // Decrypt names no key. The ciphertext does.
  kms: ({ KeyId, CiphertextBlob }) => [
    KeyId === undefined
      ? keyArnOf(Buffer.from(String(CiphertextBlob), 'base64'))
      : arnOr(KeyId, (id) => arn('kms', `key/${id}`)),
  ],
  secretsmanager: ({ SecretId }) => [arnOr(SecretId, (name) => arn('secretsmanager', `secret:${name}`))],
  ssm: ({ Name, Names }) =>
    [Names ?? Name].flat().map((name) => arnOr(name, (path) => arn('ssm', `parameter/${path.replace(/^\//, '')}`))),
  sts: ({ RoleArn }) => [String(RoleArn ?? '*')],
  // Requests about an execution name only the execution. All executions here are in one workgroup.
  athena: ({ WorkGroup = 'primary' }) => [arn('athena', `workgroup/${WorkGroup}`)],
  'redshift-data': ({ WorkgroupName, ClusterIdentifier }, { workgroupIds }) => {
    if (WorkgroupName !== undefined) {
      return [arn('redshift-serverless', `workgroup/${workgroupIds[String(WorkgroupName)]}`)];
    }
    return [ClusterIdentifier === undefined ? '*' : arn('redshift', `cluster:${ClusterIdentifier}`)];
  },
  cloudwatch: () => ['*'],
  profile: ({ DomainName, SegmentDefinitionName: definition }) => {
    const domain = arn('profile', `domains/${DomainName}`);
    return definition === undefined ? [domain] : [domain, `${domain}/segment-definitions/${definition}`];
  },
  appflow: ({ flowName }) => [arn('appflow', `flow/${flowName}`)],
  glue: ({ JobName }) => [arn('glue', `job/${JobName}`)],
  databrew: ({ Name }) => [arn('databrew', `job/${Name}`)],
  'emr-serverless': ({ applicationId }) => [arn('emr-serverless', `/applications/${applicationId}`)],
  // ListTaskExecutions has no resource.
  datasync: ({ TaskExecutionArn }) => [String(TaskExecutionArn ?? '*')],
  states: ({ stateMachineArn }) => [String(stateMachineArn)],
  entityresolution: ({ workflowName }) => [arn('entityresolution', `matchingworkflow/${workflowName}`)],
};

/** Services whose actions have another prefix than the service name in their signatures. */
const PREFIXES: Readonly<Record<string, string>> = { monitoring: 'cloudwatch' };

/** Operations whose permission has another name (Amazon SQS developer guide, "API permissions: actions and resource reference"). */
const PERMISSIONS: Readonly<Record<string, string>> = {
  SendMessageBatch: 'SendMessage',
  DeleteMessageBatch: 'DeleteMessage',
  ChangeMessageVisibilityBatch: 'ChangeMessageVisibility',
};

/** The context of a call over TLS: on AWS every SDK uses it, unlike in the local run. */
export const BY_TLS = { 'aws:SecureTransport': 'true' };

function contextOf({ accessKeyId, service, input }: AwsCall): Access['context'] {
  if (service === 'sts') return { ...BY_TLS, ...tokenContext(input) };
  if (service === 'redshift-data') {
    // The function that reads a statement also started it.
    return { ...BY_TLS, 'aws:userid': accessKeyId, 'redshift-data:statement-owner-iam-userid': accessKeyId };
  }
  if (service === 'events') {
    const [{ Source, DetailType }] = input.Entries as [Record<'Source' | 'DetailType', string>];
    return { ...BY_TLS, 'events:source': [Source], 'events:detail-type': [DetailType] };
  }
  if (service === 'dynamodb') return { ...BY_TLS, ...leadingKeys(input), ...selection(input) };
  if (service !== 'kms') return BY_TLS;
  const pairs = Object.entries((input.EncryptionContext ?? {}) as Record<string, string>);
  return {
    ...BY_TLS,
    ...Object.fromEntries(pairs.map(([key, value]) => [`kms:EncryptionContext:${key}`, value])),
    'kms:EncryptionContextKeys': pairs.map(([key]) => key),
  };
}

/** The condition key of requests with partition keys (DynamoDB, "Using IAM policy conditions for fine-grained access control"). */
function leadingKeys({ Key, Item, RequestItems, ...query }: Input): Access['context'] {
  const batches = Object.values((RequestItems ?? {}) as Record<string, { Keys?: Record<string, { S?: string }>[] }>);
  const items = [Key, Item, ...batches.flatMap(({ Keys = [] }) => Keys)] as (
    | Record<string, { S?: string }>
    | undefined
  )[];
  const keys = [...items.flatMap((item) => item?.[PARTITION_KEY]?.S ?? []), ...queriedKey(query)];
  return keys.length > 0 ? { 'dynamodb:LeadingKeys': keys } : {};
}

/** The partition key that a query of a table names. The keys of indexes are others. */
function queriedKey({ IndexName, KeyConditionExpression, ExpressionAttributeValues }: Input): string[] {
  if (IndexName !== undefined) return [];
  const [, placeholder] = new RegExp(`\\b${PARTITION_KEY} = (:\\w+)`).exec(String(KeyConditionExpression)) ?? [];
  const values = ExpressionAttributeValues as Record<string, { S?: string }> | undefined;
  return [values?.[placeholder ?? '']?.S ?? []].flat();
}

/** The condition keys of requests that return some attributes. */
function selection({ Select, ProjectionExpression }: Input): Access['context'] {
  return {
    ...(Select !== undefined && { 'dynamodb:Select': String(Select) }),
    ...(ProjectionExpression !== undefined && { 'dynamodb:Attributes': String(ProjectionExpression).split(', ') }),
  };
}

/** The condition keys of GetWebIdentityToken (Service Authorization Reference, AWS STS) from the form of the request. */
function tokenContext({ SigningAlgorithm, DurationSeconds, ...input }: Input): Access['context'] {
  const audience = Object.entries(input).flatMap(([name, value]) =>
    name.startsWith('Audience.member.') ? [String(value)] : [],
  );
  return {
    'sts:SigningAlgorithm': String(SigningAlgorithm),
    'sts:DurationSeconds': String(DurationSeconds),
    ...(audience.length > 0 && { 'sts:IdentityTokenAudience': audience }),
  };
}

/** The accesses of a recorded call. Throws for a service that `RESOURCES` does not have. */
export function accessesOf(call: AwsCall, around: Surroundings): Access[] {
  const { accessKeyId: functionId, operation, input } = call;
  const service = PREFIXES[call.service] ?? call.service;
  // EventBridge authorizes each entry of PutEvents separately.
  if (service === 'events' && Array.isArray(input.Entries) && input.Entries.length > 1) {
    return input.Entries.flatMap((entry) => accessesOf({ ...call, input: { ...input, Entries: [entry] } }, around));
  }
  const resources = RESOURCES[service];
  if (!resources) {
    throw new Error(
      `${functionId} calls ${service}:${operation}: add the resources that its requests name to ${__filename}`,
    );
  }
  const action = `${service}:${PERMISSIONS[operation] ?? operation}`;
  const named = [...new Set(resources(input, around))].map((resource) => ({ action, resource }));
  const forwarded = FORWARDED[action]?.(input, around) ?? [];
  return [
    ...named.map((one) => ({ functionId, ...one, context: contextOf(call) })),
    ...forwarded.map((one) => ({ functionId, ...one, context: BY_TLS })),
  ];
}

type Done = Pick<Access, 'action' | 'resource'>;
const each = (actions: readonly string[], resources: readonly string[]): Done[] =>
  actions.flatMap((action) => resources.map((resource) => ({ action, resource })));

/** Accesses of a service to other services with the permissions of its caller. */
const FORWARDED: Readonly<Record<string, (input: Input, around: Surroundings) => Done[]>> = {
  // Athena user guide, "Configure access to databases and tables in the AWS Glue Data Catalog" and "Access to Amazon S3".
  'athena:StartQueryExecution'({ QueryString, QueryExecutionContext, ResultConfiguration }, { dataBuckets }) {
    const { Database = '' } = QueryExecutionContext as { readonly Database?: string };
    const { OutputLocation = '' } = ResultConfiguration as { readonly OutputLocation?: string };
    const tables = [...String(QueryString).matchAll(/\bFROM (\w+)/gi)].map(([, table]) => table);
    const [catalog, database] = [arn('glue', 'catalog'), arn('glue', `database/${Database}`)];
    const [data, results] = [dataBuckets[Database], /^s3:\/\/([^/]+)\/(.*)$/.exec(OutputLocation)];
    const [bucket, result] = [`arn:aws:s3:::${results?.[1]}`, `arn:aws:s3:::${results?.[1]}/${results?.[2]}one.csv`];
    return [
      ...each(['glue:GetDatabase'], [catalog, arn('glue', 'database/default'), database]),
      ...each(
        ['glue:GetTable', 'glue:GetPartition', 'glue:GetPartitions', 'glue:BatchGetPartition'],
        [catalog, database, ...tables.map((table) => arn('glue', `table/${Database}/${table}`))],
      ),
      ...each(['s3:GetBucketLocation', 's3:ListBucket'], [`arn:aws:s3:::${data}`, bucket]),
      ...each(['s3:GetObject'], [`arn:aws:s3:::${data}/one.parquet`, result]),
      ...each(['s3:ListBucketMultipartUploads'], [bucket]),
      ...each(['s3:PutObject', 's3:AbortMultipartUpload', 's3:ListMultipartUploadParts'], [result]),
    ];
  },
  // Redshift management guide, "Authorizing access to the Amazon Redshift Data API": the caller's credentials or a secret.
  'redshift-data:ExecuteStatement'({ WorkgroupName, ClusterIdentifier, Database, SecretArn }, { workgroupIds }) {
    if (SecretArn !== undefined) return each(['secretsmanager:GetSecretValue'], [String(SecretArn)]);
    if (WorkgroupName === undefined) {
      const database = arn('redshift', `dbname:${ClusterIdentifier}/${Database}`);
      return each(['redshift:GetClusterCredentialsWithIAM'], [database]);
    }
    const workgroup = arn('redshift-serverless', `workgroup/${workgroupIds[String(WorkgroupName)]}`);
    return each(['redshift-serverless:GetCredentials'], [workgroup]);
  },
};

/** Actions that Lambda uses to read a function's queue (developer guide, "Configuring the execution role permissions" of SQS). */
const POLLING = ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes'];
/** Actions that Lambda uses to write a function's log to its own log group (developer guide, "Sending logs to CloudWatch"). */
const LOGGING = ['logs:CreateLogStream', 'logs:PutLogEvents'];

/** Actions that Lambda uses to trace a function (AWS X-Ray developer guide, "AWS Lambda and AWS X-Ray"). */
const TRACING = ['xray:PutTraceSegments', 'xray:PutTelemetryRecords'];
/**
 * Actions that Lambda uses for a function in a VPC (developer guide, "Giving Lambda functions access to resources in an
 * Amazon VPC", required IAM permissions), and whether each action has a resource.
 */
const NETWORKING: Readonly<Record<string, boolean>> = {
  'ec2:CreateNetworkInterface': true,
  'ec2:DescribeNetworkInterfaces': false,
  'ec2:DescribeSubnets': false,
  'ec2:DeleteNetworkInterface': true,
  'ec2:AssignPrivateIpAddresses': true,
  'ec2:UnassignPrivateIpAddresses': true,
};

/** The configuration of a function that makes Lambda use its role. */
export interface FunctionSetup {
  readonly functionId: string;
  /** Name of the log group. */
  readonly logGroup?: string;
  readonly isTraced: boolean;
  readonly isInVpc: boolean;
}

/** Accesses of Lambda with the functions' roles. The local run does the same without calling its endpoints. */
export function accessesOfLambda(plan: Plan, setups: readonly FunctionSetup[]): Access[] {
  const polling = plan.eventSources.flatMap(({ queueArn: resource, functionArn }) => {
    const functionId = plan.functions.find((one) => one.arn === functionArn)?.logicalId as string;
    return POLLING.map((action) => ({ functionId, action, resource, context: BY_TLS }));
  });
  const working = setups.flatMap(({ functionId, logGroup, isTraced, isInVpc }) => {
    const access = (action: string, resource = '*') => ({ functionId, action, resource, context: BY_TLS });
    const stream = arn('logs', `log-group:${logGroup}:log-stream:one`);
    return [
      ...(logGroup === undefined ? [] : LOGGING.map((action) => access(action, stream))),
      ...(isTraced ? TRACING.map((action) => access(action)) : []),
      ...(isInVpc
        ? Object.entries(NETWORKING).map(([action, isOnInterface]) =>
            access(action, isOnInterface ? arn('ec2', 'network-interface/eni-0123456789abcdef0') : '*'),
          )
        : []),
    ];
  });
  return [...polling, ...working];
}

/** Actions on a resource's customer managed key by action on the resource, with the permissions of the caller. */
const KEY_USES: Readonly<Record<string, (action: string) => readonly string[]>> = {
  // Amazon SQS developer guide, "Key management": producers and consumers of an encrypted queue.
  sqs(action) {
    if (action === 'sqs:SendMessage') return ['kms:GenerateDataKey', 'kms:Decrypt'];
    return action === 'sqs:ReceiveMessage' ? ['kms:Decrypt'] : [];
  },
  // Amazon DynamoDB developer guide, "Encryption at rest usage notes": the minimum for a customer managed key.
  dynamodb: (action) =>
    /:(Get|BatchGet|Query)/.test(action)
      ? ['kms:Decrypt']
      : [
          'kms:Decrypt',
          'kms:Encrypt',
          'kms:ReEncryptFrom',
          'kms:ReEncryptTo',
          'kms:GenerateDataKey',
          'kms:GenerateDataKeyWithoutPlaintext',
        ],
  // AWS Secrets Manager user guide, "Secret encryption"; AWS KMS developer guide, "How Parameter Store uses AWS KMS".
  secretsmanager: () => ['kms:Decrypt'],
  ssm: () => ['kms:Decrypt'],
  // Amazon S3 user guide, "Using server-side encryption with AWS KMS keys": uploads in parts are read back.
  s3(action) {
    if (action === 's3:PutObject') return ['kms:GenerateDataKey', 'kms:Decrypt'];
    return action === 's3:GetObject' ? ['kms:Decrypt'] : [];
  },
};

/**
 * Accesses to a customer managed key that result from an access to a resource that it encrypts.
 * @param keyOf ARN of a resource's customer managed key, if it has one.
 */
export function accessesOfKeys(
  { functionId, action, resource }: Access,
  keyOf: (resource: string) => string | undefined,
): Access[] {
  const [service = ''] = action.split(':');
  const key = keyOf(service === 's3' ? resource.replace(/\/.*$/, '') : resource.replace(/\/index\/.*$/, ''));
  if (key === undefined) return [];
  const context = { ...BY_TLS, 'kms:ViaService': `${service}.${REGION}.amazonaws.com` };
  return (KEY_USES[service]?.(action) ?? []).map((used) => ({ functionId, action: used, resource: key, context }));
}
