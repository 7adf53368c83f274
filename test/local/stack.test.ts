import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { DynamoDBClient, GetItemCommand, PutItemCommand, QueryCommand } from '@aws-sdk/client-dynamodb';
import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { DecryptCommand, DescribeKeyCommand, EncryptCommand, KMSClient } from '@aws-sdk/client-kms';
import { GetSecretValueCommand, PutSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { ReceiveMessageCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { GetParameterCommand, PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { afterEach, describe, expect, it } from 'vitest';
import { close, LOOPBACK, listen, readBody } from '../../local/engines/protocol/http';
import { type LocalStack, type LocalStackOptions, startLocalStack } from '../../local/stack';
import { functionResource, role, temporaryAssembly } from './temporary-assembly';

const cleanups: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function start(
  resources: Record<string, unknown>,
  code: Record<string, string> = {},
  options: Partial<LocalStackOptions> = {},
): Promise<LocalStack> {
  const assembly = temporaryAssembly(resources, code);
  cleanups.push(assembly.remove);
  const stack = await startLocalStack({ templateFile: assembly.templateFile, ...options });
  cleanups.push(() => stack.stop());
  return stack;
}

function client<T>(Client: new (config: object) => T, endpoint: string): T {
  return new Client({
    endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'any', secretAccessKey: 'any' },
    maxAttempts: 1,
  });
}

/** Receives JSON that functions post. Never responds to `/held`. Responds to `/gate` when the event's function is called. */
async function sink() {
  const posts: unknown[] = [];
  const server = createServer(async (req, res) => {
    posts.push(JSON.parse(String(await readBody(req, Infinity))));
    server.emit('post');
    if (req.url === '/held') {
      res.once('close', () => server.emit('released'));
    } else if (req.url === '/gate') {
      server.emit('gate', () => res.end());
    } else {
      res.end();
    }
  });
  const url = `http://${LOOPBACK}:${await listen(server, 0)}`;
  cleanups.push(() => close(server));
  return { posts, server, url, functionEnvironment: { SINK: url } };
}

const POST = `
const { request } = require('node:http');
const post = (path, body) => new Promise((resolve, reject) => {
  const req = request(process.env.SINK + path, { method: 'POST' }, (res) => res.resume().on('end', resolve));
  req.on('error', reject).end(JSON.stringify(body));
});
`;

const deadLetters = { Type: 'AWS::SQS::Queue' };
const redriven = (maxReceiveCount: number, visibility = 1) => ({
  Type: 'AWS::SQS::Queue',
  Properties: {
    VisibilityTimeout: visibility,
    RedrivePolicy: { deadLetterTargetArn: { 'Fn::GetAtt': ['DeadLetters', 'Arn'] }, maxReceiveCount },
  },
});
const mapping = (properties: object = {}) => ({
  Type: 'AWS::Lambda::EventSourceMapping',
  Properties: {
    EventSourceArn: { 'Fn::GetAtt': ['Queue', 'Arn'] },
    FunctionName: { Ref: 'Function' },
    FunctionResponseTypes: ['ReportBatchItemFailures'],
    ...properties,
  },
});
interface PathOptions extends Partial<LocalStackOptions> {
  /** Timeout of the function in seconds. */
  readonly timeout?: number;
  readonly queue?: object;
  readonly source?: object;
  readonly resources?: Record<string, unknown>;
}
/** Starts a stack with a path from bus to rule to queue to function. The function can `post` to a sink. */
const startPath = (
  code: string,
  { timeout = 60, queue = redriven(2, 60), source = mapping(), resources, ...options }: PathOptions = {},
) => {
  const fn = functionResource('code', { Timeout: timeout }, { OWN: { Ref: 'Queue' } });
  return start({ ...path(fn, queue, source), ...resources }, { code: POST + code }, options);
};
const path = (fn: object, queue: object, source: object) => ({
  Role: role,
  Bus: { Type: 'AWS::Events::EventBus', Properties: { Name: 'orders' } },
  Rule: {
    Type: 'AWS::Events::Rule',
    Properties: {
      EventBusName: { Ref: 'Bus' },
      EventPattern: { source: ['shop'], detail: { n: [{ exists: true }] } },
      State: 'ENABLED',
      Targets: [{ Id: 'Target0', Arn: { 'Fn::GetAtt': ['Queue', 'Arn'] } }],
    },
  },
  Queue: queue,
  DeadLetters: deadLetters,
  Function: fn,
  Mapping: source,
});

function put(stack: LocalStack, ...details: object[]) {
  return client(EventBridgeClient, stack.endpoints.eventbridge).send(
    new PutEventsCommand({
      Entries: details.map((detail) => ({
        EventBusName: 'orders',
        Source: 'shop',
        DetailType: 'Ordered',
        Detail: JSON.stringify(detail),
      })),
    }),
  );
}

// A failed message is visible again after its visibility timeout of at least a second.
describe('a local stack', { timeout: 30_000 }, () => {
  it('moves an event from the bus by rule and queue to the function, as on AWS', async () => {
    const { posts, functionEnvironment } = await sink();
    const observed: (readonly [string, string[]])[] = [];
    const lines: string[] = [];
    const stack = await startPath(
      `exports.handler = async (event, context) => {
  console.log('got', event.Records.length);
  await post('/', { event, env: process.env, remaining: context.getRemainingTimeInMillis(), id: context.awsRequestId });
  return { batchItemFailures: [] };
};`,
      {
        functionEnvironment,
        onEvent: (event, rules) => observed.push([event.id, rules]),
        onLog: (id, line) => lines.push(`${id}: ${line}`),
      },
    );

    const answer = await put(stack, { n: 1 }, { other: 1 });
    expect(answer.FailedEntryCount).toBe(0);
    await stack.whenIdle();

    const [id, otherId] = answer.Entries?.map((entry) => entry.EventId) ?? [];
    expect(observed).toEqual([
      [id, ['Rule']],
      [otherId, []],
    ]);
    expect(posts).toHaveLength(1);
    const { event, env, remaining } = posts[0] as { event: { Records: object[] }; env: object; remaining: number };
    expect(remaining).toBeGreaterThan(0);
    expect(event.Records).toMatchObject([
      {
        messageId: expect.any(String),
        receiptHandle: expect.any(String),
        attributes: { ApproximateReceiveCount: '1', SentTimestamp: expect.stringMatching(/^\d{13}$/) },
        messageAttributes: {},
        md5OfBody: expect.stringMatching(/^[0-9a-f]{32}$/),
        eventSource: 'aws:sqs',
        eventSourceARN: 'arn:aws:sqs:us-east-1:000000000000:Shop-Queue',
        awsRegion: 'us-east-1',
      },
    ]);
    expect(JSON.parse((event.Records[0] as { body: string }).body)).toMatchObject({
      id,
      source: 'shop',
      'detail-type': 'Ordered',
      account: '000000000000',
      detail: { n: 1 },
    });
    expect(env).toMatchObject({
      OWN: stack.physicalId('Queue'),
      AWS_REGION: 'us-east-1',
      AWS_LAMBDA_FUNCTION_NAME: 'Shop-Function',
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '128',
      AWS_ENDPOINT_URL_SQS: stack.endpoints.sqs,
      AWS_ENDPOINT_URL_DYNAMODB: stack.endpoints.dynamodb,
      AWS_ENDPOINT_URL_EVENTBRIDGE: stack.endpoint,
      AWS_ENDPOINT_URL_KMS: stack.endpoint,
      AWS_ENDPOINT_URL_SECRETS_MANAGER: stack.endpoint,
      AWS_ENDPOINT_URL_SSM: stack.endpoint,
      AWS_ENDPOINT_URL_STS: stack.endpoint,
      TZ: ':UTC',
    });
    // The function has no variable of this process.
    expect(env).not.toHaveProperty('VITEST');
    expect(lines).toContain('Function: got 1');
    expect(stack.queues()).toMatchObject([
      { logicalId: 'DeadLetters', isDeadLetterQueue: true, ready: 0 },
      { logicalId: 'Queue', isDeadLetterQueue: false, ready: 0, delayed: 0, inFlight: 0 },
    ]);
  });

  it('keeps the named messages of a batch and redrives them after maxReceiveCount', async () => {
    const stack = await startPath(
      `exports.handler = async ({ Records }) => ({
        batchItemFailures: Records.filter(({ body }) => JSON.parse(body).detail.n % 2)
          .map(({ messageId }) => ({ itemIdentifier: messageId })),
      });`,
      { timeout: 1, queue: redriven(2) },
    );
    await put(stack, { n: 1 }, { n: 2 }, { n: 3 }, { n: 4 });
    await stack.whenIdle();
    const dead = stack.deadLetters();
    expect(dead.map(({ body }) => JSON.parse(body).detail.n).toSorted()).toEqual([1, 3]);
    expect(dead[0]?.queueLogicalId).toBe('DeadLetters');
  });

  it.each([
    ['throws', `exports.handler = async () => { throw new TypeError('broken'); };`, 'TypeError: broken'],
    ['ends its process', 'exports.handler = async () => process.exit(3);', 'Runtime exited with error: exit status 3'],
    ['times out', 'exports.handler = () => new Promise(() => setInterval(() => {}, 1000));', 'timed out after 1.00'],
    ['returns an invalid response', `exports.handler = async () => ({ batchItemFailures: [{ id: 'x' }] });`, undefined],
    ['cannot be loaded', `throw new Error('no such thing');`, 'no such thing'],
    ['exports no handler', '', 'index.handler is undefined or not exported'],
  ])('keeps the whole batch when the function %s', async (_name, code, line) => {
    const lines: string[] = [];
    const onLog = (_id: string, text: string) => lines.push(text);
    const stack = await startPath(code, { timeout: 1, queue: redriven(1), onLog });
    await put(stack, { n: 1 });
    await stack.whenIdle();
    expect(stack.deadLetters()).toHaveLength(1);
    if (line !== undefined) expect(lines.join('\n')).toContain(line);
  });

  it('starts a new sandbox after a crash', async () => {
    const { posts, functionEnvironment } = await sink();
    const stack = await startPath(
      `exports.handler = async ({ Records: [record] }) => {
  const count = record.attributes.ApproximateReceiveCount;
  await post('/', { pid: process.pid, count });
  if (count === '1') process.abort();
};`,
      { timeout: 1, queue: redriven(5), functionEnvironment },
    );
    await put(stack, { n: 1 });
    await stack.whenIdle();
    expect(posts).toMatchObject([{ count: '1' }, { count: '2' }]);
    expect((posts[0] as { pid: number }).pid).not.toBe((posts[1] as { pid: number }).pid);
    expect(stack.deadLetters()).toEqual([]);
  });

  it('uses a second sandbox, and no more, for a backlog', async () => {
    const { posts, server, functionEnvironment } = await sink();
    const options = { queue: redriven(1, 300), source: mapping({ BatchSize: 1 }), functionEnvironment };
    const stack = await startPath(`exports.handler = () => post('/held', process.pid);`, options);
    await put(stack, { n: 1 }, { n: 2 }, { n: 3 });
    while (posts.length < 2) await once(server, 'post');
    expect(new Set(posts).size).toBe(2);
    expect(stack.queues()).toContainEqual(expect.objectContaining({ logicalId: 'Queue', ready: 1, inFlight: 2 }));
    expect(stack.isIdle()).toBe(false);
    await expect(stack.whenIdle(AbortSignal.abort(new Error('enough')))).rejects.toThrow('enough');
  });

  it('leaves no child process when it stops', async () => {
    const { server, functionEnvironment } = await sink();
    const stack = await startPath(`exports.handler = () => post('/held', process.pid);`, { functionEnvironment });
    const [posted, released] = [once(server, 'post'), once(server, 'released')];
    await put(stack, { n: 1 });
    await posted;
    await stack.stop();
    // The held connection closes only when its process is gone.
    await released;
    await stack.stop();
    await expect(fetch(stack.endpoint)).rejects.toThrow();
  });

  it('lets an invocation in progress finish before it stops', async () => {
    const { server, posts, functionEnvironment } = await sink();
    const stack = await startPath(
      `exports.handler = () => post('/gate', 'started').then(() => post('/', 'finished'));`,
      { functionEnvironment, stopTimeoutMs: 60_000 },
    );
    const [posted, gate] = [once(server, 'post'), once(server, 'gate')];
    await put(stack, { n: 1 });
    await posted;
    const [open] = await gate;
    const stopped = stack.stop();
    open();
    await stopped;
    expect(posts).toEqual(['started', 'finished']);
  });

  it('ends its sandboxes even when its process is killed', async () => {
    const { server, url } = await sink();
    const { directory, remove } = temporaryAssembly(
      {},
      {
        code: `${POST} exports.handler = () => post('/held', process.pid);`,
      },
    );
    cleanups.push(remove);
    const [posted, released] = [once(server, 'post'), once(server, 'released')];
    const runtime = join(__dirname, '../../local/engines/functions/lambda-runtime.cjs');
    const parent = spawn(process.execPath, [
      join(__dirname, 'sandbox-parent.mjs'),
      runtime,
      join(directory, 'asset.code'),
      url,
    ]);
    await posted;
    parent.kill('SIGKILL');
    await released;
  });

  it('reports when the queues of given rules are empty, regardless of other queues', async () => {
    const { server, posts, functionEnvironment } = await sink();
    const resources = {
      Waiting: { Type: 'AWS::SQS::Queue', Properties: { VisibilityTimeout: 60 } },
      WaitingMapping: mapping({ EventSourceArn: { 'Fn::GetAtt': ['Waiting', 'Arn'] } }),
    };
    const stack = await startPath(`exports.handler = () => post('/', 1);`, { functionEnvironment, resources });
    await client(SQSClient, stack.endpoints.sqs).send(
      new SendMessageCommand({ QueueUrl: stack.physicalId('Waiting'), MessageBody: 'x', DelaySeconds: 900 }),
    );
    const posted = once(server, 'post');
    await put(stack, { n: 1 });
    await stack.whenDrained(['Rule']);
    await posted;
    expect(posts).toEqual([1]);
    expect(stack.isIdle()).toBe(false);
    await expect(stack.whenDrained(['Unknown'])).rejects.toThrow('the template has no rule Unknown');
  });

  it('does not wait for a queue without a reader', async () => {
    const stack = await start({ Unread: { Type: 'AWS::SQS::Queue' } });
    const message = { QueueUrl: stack.physicalId('Unread'), MessageBody: 'x' };
    await client(SQSClient, stack.endpoints.sqs).send(new SendMessageCommand(message));
    expect(stack.queues()).toMatchObject([{ logicalId: 'Unread', isRead: false, ready: 1 }]);
    expect(stack.isIdle()).toBe(true);
  });

  it('reports when it becomes busy and idle', async () => {
    const changes: boolean[] = [];
    const stack = await startPath('exports.handler = async () => {};', { onIdleChange: (idle) => changes.push(idle) });
    await put(stack, { n: 1 });
    await stack.whenIdle();
    expect(changes).toEqual([false, true]);
  });

  it('survives a function that is killed in the middle of a request', async () => {
    const Table = {
      Type: 'AWS::DynamoDB::Table',
      Properties: {
        AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
        KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
      },
    };
    const stack = await startPath(
      `exports.handler = () => new Promise(() => {
          for (const name of ['DYNAMODB', 'SQS', 'KMS']) {
            request(process.env['AWS_ENDPOINT_URL_' + name], {
              method: 'POST',
              headers: { 'content-length': 100, 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': 'a.b' },
            }).on('error', () => {}).write('{');
          }
        });`,
      { timeout: 1, queue: redriven(1), resources: { Table } },
    );
    await put(stack, { n: 1 });
    await stack.whenIdle();
    const table = client(DynamoDBClient, stack.endpoints.dynamodb);
    await table.send(new PutItemCommand({ TableName: stack.physicalId('Table'), Item: { pk: { S: 'a' } } }));
    expect(stack.deadLetters()).toHaveLength(1);
  });

  it('runs scheduled rules on demand', async () => {
    const { posts, functionEnvironment } = await sink();
    const stack = await start(
      {
        Role: role,
        Function: functionResource('code'),
        Rule: {
          Type: 'AWS::Events::Rule',
          Properties: {
            ScheduleExpression: 'rate(1 minute)',
            Targets: [{ Id: 'Target0', Arn: { 'Fn::GetAtt': ['Function', 'Arn'] } }],
          },
        },
      },
      { code: `${POST} exports.handler = (event) => post('/', event);` },
      { functionEnvironment },
    );
    await stack.runSchedules();
    expect(posts).toMatchObject([{ 'detail-type': 'Scheduled Event', source: 'aws.events', detail: {} }]);
  });

  it('sends an event that a target does not accept to the target’s dead-letter queue', async () => {
    const stack = await start({
      Queue: { Type: 'AWS::SQS::Queue', Properties: { MaximumMessageSize: 1024 } },
      DeadLetters: deadLetters,
      Rule: {
        Type: 'AWS::Events::Rule',
        Properties: {
          EventPattern: { source: ['shop'] },
          Targets: [
            {
              Id: 'Target0',
              Arn: { 'Fn::GetAtt': ['Queue', 'Arn'] },
              DeadLetterConfig: { Arn: { 'Fn::GetAtt': ['DeadLetters', 'Arn'] } },
              RetryPolicy: { MaximumRetryAttempts: 0, MaximumEventAgeInSeconds: 60 },
            },
          ],
        },
      },
    });
    await client(EventBridgeClient, stack.endpoint).send(
      new PutEventsCommand({
        Entries: [{ Source: 'shop', DetailType: 'X', Detail: JSON.stringify({ x: 'x'.repeat(2000) }) }],
      }),
    );
    expect(stack.deadLetters()).toMatchObject([
      { messageAttributes: { RULE_ARN: 'arn:aws:events:us-east-1:000000000000:rule/Shop-Rule', RETRY_ATTEMPTS: '0' } },
    ]);
    expect(stack.isIdle()).toBe(true);
  });

  it('responds to PutEvents and unknown operations as EventBridge does', async () => {
    const stack = await start({ Bus: { Type: 'AWS::Events::EventBus', Properties: { Name: 'orders' } } });
    const events = client(EventBridgeClient, stack.endpoint.replace('127.0.0.1', 'localhost'));
    const answer = await events.send(
      new PutEventsCommand({
        Entries: [
          { EventBusName: 'orders', Source: 'shop', DetailType: 'X', Detail: 'no json', Time: new Date() },
          { EventBusName: 'orders', Source: 'shop', DetailType: 'X', Detail: '{}', Time: new Date(0) },
          { EventBusName: 'orders', Source: 'aws.s3', DetailType: 'X', Detail: '{}' },
        ],
      }),
    );
    expect(answer).toMatchObject({
      FailedEntryCount: 2,
      Entries: [
        { ErrorCode: 'MalformedDetail' },
        { EventId: expect.any(String) },
        { ErrorCode: 'NotAuthorizedForSourceException' },
      ],
    });
    const unknown = await fetch(stack.endpoint, {
      method: 'POST',
      headers: { 'x-amz-target': 'AmazonSSM.DeleteParameter' },
      body: '{}',
    });
    expect(unknown.status).toBe(400);
    expect(await unknown.json()).toMatchObject({
      message: 'the local run does not implement AmazonSSM.DeleteParameter',
    });
  });

  it('has tables with their indexes', async () => {
    const stack = await start({
      Table: {
        Type: 'AWS::DynamoDB::GlobalTable',
        Properties: {
          AttributeDefinitions: ['pk', 'sk', 'kind'].map((AttributeName) => ({ AttributeName, AttributeType: 'S' })),
          KeySchema: [
            { AttributeName: 'pk', KeyType: 'HASH' },
            { AttributeName: 'sk', KeyType: 'RANGE' },
          ],
          GlobalSecondaryIndexes: [
            {
              IndexName: 'by-kind',
              KeySchema: [{ AttributeName: 'kind', KeyType: 'HASH' }],
              Projection: { ProjectionType: 'KEYS_ONLY' },
            },
          ],
          BillingMode: 'PAY_PER_REQUEST',
          Replicas: [{ Region: { Ref: 'AWS::Region' }, PointInTimeRecoverySpecification: {} }],
        },
      },
    });
    const TableName = stack.physicalId('Table');
    const table = client(DynamoDBClient, stack.endpoints.dynamodb);
    const Item = { pk: { S: 'a' }, sk: { S: 'b' }, kind: { S: 'k' } };
    await table.send(new PutItemCommand({ TableName, Item }));
    const got = await table.send(new GetItemCommand({ TableName, Key: { pk: Item.pk, sk: Item.sk } }));
    expect(got.Item).toEqual(Item);
    const found = await table.send(
      new QueryCommand({
        TableName,
        IndexName: 'by-kind',
        KeyConditionExpression: 'kind = :k',
        ExpressionAttributeValues: { ':k': Item.kind },
      }),
    );
    expect(found.Items).toEqual([Item]);
  });

  it('has queues at the URL that Ref returns', async () => {
    const stack = await start({ Queue: { Type: 'AWS::SQS::Queue', Properties: { DelaySeconds: 0 } } });
    const QueueUrl = stack.physicalId('Queue');
    const queue = client(SQSClient, stack.endpoints.sqs);
    await queue.send(new SendMessageCommand({ QueueUrl, MessageBody: 'later', DelaySeconds: 900 }));
    await queue.send(new SendMessageCommand({ QueueUrl, MessageBody: 'now' }));
    expect(stack.queues()).toMatchObject([{ url: QueueUrl, ready: 1, delayed: 1, inFlight: 0 }]);
    const { Messages } = await queue.send(new ReceiveMessageCommand({ QueueUrl }));
    expect(Messages).toMatchObject([{ Body: 'now' }]);
    expect(stack.queues()).toMatchObject([{ ready: 0, delayed: 1, inFlight: 1 }]);
  });

  it('encrypts with a key and a context', async () => {
    const stack = await start({
      Key: { Type: 'AWS::KMS::Key', Properties: { KeyPolicy: {}, EnableKeyRotation: true } },
      Alias: {
        Type: 'AWS::KMS::Alias',
        Properties: { AliasName: 'alias/urls', TargetKeyId: { 'Fn::GetAtt': ['Key', 'Arn'] } },
      },
      OtherKey: { Type: 'AWS::KMS::Key' },
    });
    const kms = client(KMSClient, stack.endpoints.kms);
    const KeyId = stack.physicalId('Key');
    const { CiphertextBlob } = await kms.send(
      new EncryptCommand({
        KeyId: 'alias/urls',
        Plaintext: Buffer.from('secret'),
        EncryptionContext: { a: '1', b: '2' },
      }),
    );
    const right = { CiphertextBlob, EncryptionContext: { b: '2', a: '1' } };
    const { Plaintext, KeyId: usedKey } = await kms.send(new DecryptCommand(right));
    expect(Buffer.from(Plaintext ?? []).toString()).toBe('secret');
    expect(usedKey).toBe(`arn:aws:kms:us-east-1:000000000000:key/${KeyId}`);
    const { KeyMetadata } = await kms.send(new DescribeKeyCommand({ KeyId }));
    expect(KeyMetadata?.Arn).toBe(usedKey);

    const wrongContext = kms.send(new DecryptCommand({ ...right, EncryptionContext: { a: '1' } }));
    await expect(wrongContext).rejects.toMatchObject({
      name: 'InvalidCiphertextException',
      $metadata: { httpStatusCode: 400 },
    });
    const wrongKey = kms.send(new DecryptCommand({ ...right, KeyId: stack.physicalId('OtherKey') }));
    await expect(wrongKey).rejects.toMatchObject({ name: 'IncorrectKeyException' });
    const noKey = kms.send(new EncryptCommand({ KeyId: 'alias/none', Plaintext: Buffer.from('x') }));
    await expect(noKey).rejects.toMatchObject({ name: 'NotFoundException' });
    const noBlob = kms.send(new DecryptCommand({ CiphertextBlob: Buffer.from('x') }));
    await expect(noBlob).rejects.toMatchObject({ name: 'InvalidCiphertextException' });
  });

  it('provides declared and given secrets and parameters, to functions too', async () => {
    const stack = await start(
      {
        Role: role,
        Given: { Type: 'AWS::SecretsManager::Secret', Properties: { Name: 'given', SecretString: 'declared' } },
        Generated: {
          Type: 'AWS::SecretsManager::Secret',
          Properties: { GenerateSecretString: { SecretStringTemplate: '{"user":"a"}', GenerateStringKey: 'key' } },
        },
        Parameter: { Type: 'AWS::SSM::Parameter', Properties: { Name: '/a/b', Type: 'String', Value: '1,2' } },
        Function: functionResource('code', {}, { URL: { Ref: 'Given' } }),
      },
      { code: '' },
      { secrets: { given: 'from outside', other: 'x' }, parameters: { '/secure': 'in clear' } },
    );
    const secrets = client(SecretsManagerClient, stack.endpoints.secrets_manager);
    const textOf = async (SecretId: string) =>
      (await secrets.send(new GetSecretValueCommand({ SecretId }))).SecretString as string;
    const arn = stack.physicalId('Given');
    expect(arn).toMatch(/^arn:aws:secretsmanager:us-east-1:000000000000:secret:given-\w{6}$/);
    for (const id of ['given', arn, arn.slice(0, -7)]) expect(await textOf(id)).toBe('from outside');
    expect(await textOf('other')).toBe('x');
    const generated = JSON.parse(await textOf(stack.physicalId('Generated')));
    expect(generated).toEqual({ user: 'a', key: expect.stringMatching(/^[!-~]{32}$/) });
    for (const kind of [/[a-z]/, /[A-Z]/, /[0-9]/, /[^A-Za-z0-9]/]) expect(generated.key).toMatch(kind);

    const put = new PutSecretValueCommand({ SecretId: 'other', SecretBinary: Buffer.from('bytes') });
    const { VersionId } = await secrets.send(put);
    const now = await secrets.send(new GetSecretValueCommand({ SecretId: 'other' }));
    expect(now).toMatchObject({ Name: 'other', VersionId, VersionStages: ['AWSCURRENT'] });
    expect(now.CreatedDate).toBeInstanceOf(Date);
    expect(now.SecretString).toBeUndefined();
    expect(Buffer.from(now.SecretBinary ?? []).toString()).toBe('bytes');
    await expect(textOf('none')).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
    const older = secrets.send(new GetSecretValueCommand({ SecretId: 'other', VersionStage: 'AWSPREVIOUS' }));
    await expect(older).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
    const withoutValue = secrets.send(new PutSecretValueCommand({ SecretId: 'other' }));
    await expect(withoutValue).rejects.toMatchObject({ name: 'InvalidParameterException' });

    const ssm = client(SSMClient, stack.endpoints.ssm);
    const parameter = async (Name: string, WithDecryption?: boolean) =>
      (await ssm.send(new GetParameterCommand({ Name, WithDecryption }))).Parameter;
    expect(await parameter('/a/b')).toMatchObject({
      Name: '/a/b',
      ARN: 'arn:aws:ssm:us-east-1:000000000000:parameter/a/b',
      Type: 'String',
      Value: '1,2',
      Version: 1,
    });
    expect(await parameter('arn:aws:ssm:us-east-1:000000000000:parameter/a/b')).toMatchObject({ Name: '/a/b' });
    expect(await parameter('/secure', true)).toMatchObject({ Type: 'SecureString', Value: 'in clear' });
    expect((await parameter('/secure'))?.Value).not.toContain('in clear');
    await ssm.send(new PutParameterCommand({ Name: '/secure', Value: 'z', Overwrite: true }));
    expect(await parameter('/secure', true)).toMatchObject({ Type: 'SecureString', Value: 'z', Version: 2 });
    await expect(parameter('none')).rejects.toMatchObject({ name: 'ParameterNotFound' });
    const taken = ssm.send(new PutParameterCommand({ Name: '/a/b', Value: 'z', Type: 'String' }));
    await expect(taken).rejects.toMatchObject({ name: 'ParameterAlreadyExists' });
  });

  it('shares its port with other routes, for this machine only', async () => {
    const stack = await start(
      {},
      {},
      {
        routes: (req, res) => {
          if (req.url !== '/flows') return false;
          res.end('mine');
          return true;
        },
      },
    );
    expect(await (await fetch(`${stack.endpoint}/flows`)).text()).toBe('mine');
    expect((await fetch(`${stack.endpoint}/other`)).status).toBe(404);
    const { request } = await import('node:http');
    const [response] = await once(
      request(`${stack.endpoint}/flows`, { headers: { host: 'evil.example' } }).end(),
      'response',
    );
    expect(response.statusCode).toBe(403);
  });

  it('reports that a port is taken, and leaves nothing running', async () => {
    const { url } = await sink();
    const assembly = temporaryAssembly({});
    cleanups.push(assembly.remove);
    const port = Number(new URL(url).port);
    await expect(startLocalStack({ templateFile: assembly.templateFile, endpointPort: port })).rejects.toThrow(
      `port ${port} is taken: choose another with --port`,
    );
  });
});
