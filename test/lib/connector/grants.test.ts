import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { pause } from '../../../lambda/delivery/core/health/pause-resume';
import type { RegistryPorts } from '../../../lambda/registration/core/ports';
import { register, unregister } from '../../../lambda/registration/core/register';
import { SubscriptionTable } from '../../../lambda/subscriptions/adapters/subscription-table';
import { ThresholdTable } from '../../../lambda/thresholds/adapters/threshold-table';
import { evaluateBatch } from '../../../lambda/thresholds/core/evaluate';
import { readThresholdStatuses } from '../../../lambda/thresholds/core/threshold-status';
import {
  PowerAutomateConnector,
  type PowerAutomateConnectorProps,
  PowerAutomateConnectorStack,
  Source,
  Unification,
} from '../../../lib';
import { measure, NOW, thresholdOn } from '../../support/evaluation';
import { MemoryBus, MemoryRejected, MemoryTelemetry } from '../../support/memory/memory';
import { startTables, type TestTables } from '../../support/servers/tables';
import { permissions, resources } from '../support';

/** Permissions of a role after a grant. */
function granted(grant: (connector: PowerAutomateConnector, role: iam.Role) => iam.Grant, make = plain) {
  const stack = new Stack(new App(), 'Stack');
  const connector = new PowerAutomateConnector(stack, 'Connector', make(stack));
  const role = new iam.Role(stack, 'Grantee', { assumedBy: new iam.ServicePrincipal('ecs.amazonaws.com') });
  grant(connector, role).assertSuccess();
  const template = Template.fromStack(stack);
  return { template, allowed: permissions(template, 'Grantee') };
}
const plain = (_: Stack): PowerAutomateConnectorProps => ({});

const DEAD_LETTER_QUEUES = [
  'CollectionStagesDeadLetterQueue',
  'DeliveryDeliveriesDeadLetterQueue',
  'DeliveryTriggersDeadLetterQueue',
  'EventsDeadLetterQueue',
  'ThresholdsObservationsDeadLetterQueue',
];

const WORK_QUEUES = [
  'CollectionStagesQueue',
  'DeliveryDeliveriesQueue',
  'DeliveryTriggersQueue',
  'ThresholdsObservationsQueue',
];

describe('grantManageSubscriptions', () => {
  const { template, allowed } = granted((connector, role) => connector.grantManageSubscriptions(role));
  const onTables = ['Subscriptions', 'Thresholds'].map((table) =>
    allowed.filter((one) => one.endsWith(` ${table}Table`)).map((one) => one.split(/[: ]/)[1]),
  );

  test('allows exactly the API calls of the CLI', () => {
    expect(allowed).toEqual([
      'cloudwatch:DescribeAlarms *',
      'dynamodb:BatchGetItem SubscriptionsTable',
      'dynamodb:BatchGetItem ThresholdsTable',
      'dynamodb:DeleteItem SubscriptionsTable',
      'dynamodb:GetItem DeliveryTable',
      'dynamodb:PutItem SubscriptionsTable',
      'dynamodb:PutItem ThresholdsTable',
      'dynamodb:Query DeliveryTable',
      'dynamodb:Query DeliveryTable/index/by-open',
      'dynamodb:Query SubscriptionsTable/index/by-due',
      'dynamodb:Query ThresholdsTable',
      'dynamodb:Query ThresholdsTable/index/by-due',
      'dynamodb:Scan DeliveryTable',
      'dynamodb:Scan SubscriptionsTable',
      'dynamodb:Scan ThresholdsTable',
      'dynamodb:UpdateItem SubscriptionsTable',
      'dynamodb:UpdateItem ThresholdsTable',
      'events:PutEvents EventsBus',
      'kms:Encrypt SubscriptionsFlowUrlKey',
      'logs:GetQueryResults *',
      'logs:StartQuery DeliveryDispatchLogGroup',
      'logs:StartQuery ThresholdsEvaluateLogGroup',
      ...DEAD_LETTER_QUEUES.map((queue) => `sqs:ChangeMessageVisibility ${queue}`),
      ...[...DEAD_LETTER_QUEUES, ...WORK_QUEUES].toSorted().map((queue) => `sqs:GetQueueAttributes ${queue}`),
      ...DEAD_LETTER_QUEUES.map((queue) => `sqs:ReceiveMessage ${queue}`),
      'sqs:SendMessage DeliveryDeliveriesQueue',
      'sqs:SendMessage ThresholdsObservationsQueue',
    ]);
  });

  test('allows encryption only for a subscription', () => {
    const [policy] = Object.values(resources(template, 'AWS::IAM::Policy')).filter(({ Properties }) =>
      JSON.stringify(Properties).includes('Grantee'),
    );
    const encrypt = policy?.Properties.PolicyDocument.Statement.find(
      ({ Action }: { Action: string }) => Action === 'kms:Encrypt',
    );
    expect(encrypt.Condition).toEqual({ StringLike: { 'kms:EncryptionContext:subscription': '*' } });
  });

  test('with customer managed keys: also allows the use of the keys of tables and queues', () => {
    const { allowed } = granted(
      (connector, role) => connector.grantManageSubscriptions(role),
      (stack) => ({ queueEncryptionKey: new kms.Key(stack, 'QueueKey') }),
    );
    expect([...new Set(allowed.filter((one) => one.endsWith(' QueueKey')))]).toEqual([
      'kms:Decrypt QueueKey',
      'kms:GenerateDataKey QueueKey',
    ]);
  });

  test('also allows inspecting constructs that are added later', () => {
    const { allowed: more } = granted((connector, role) => {
      const grant = connector.grantManageSubscriptions(role);
      const orders = Source.glueJob({ jobName: 'orders', dataSource: 'Orders' });
      connector.addSource('Orders', orders, { reconciliation: {} });
      connector.addUnification('Match', { jobs: Unification.fromEntityResolution('customers') });
      return grant;
    });
    expect(more.filter((one) => !allowed.includes(one))).toEqual(
      ['NormalizationSources', 'ReconciliationReconciliations', 'UnificationPollingPolls']
        .flatMap((queue) => [
          `sqs:ChangeMessageVisibility ${queue}DeadLetterQueue`,
          `sqs:GetQueueAttributes ${queue}DeadLetterQueue`,
          `sqs:GetQueueAttributes ${queue}Queue`,
          `sqs:ReceiveMessage ${queue}DeadLetterQueue`,
        ])
        .toSorted(),
    );
  });

  test('on a stack, also allows reading the stack’s outputs', () => {
    const stack = new PowerAutomateConnectorStack(new App(), 'Stack');
    const role = new iam.Role(stack, 'Grantee', { assumedBy: new iam.ServicePrincipal('ecs.amazonaws.com') });
    stack.grantManageSubscriptions(role).assertSuccess();
    expect(permissions(Template.fromStack(stack), 'Grantee')).toEqual(
      [...allowed, 'cloudformation:DescribeStacks AWS::StackId'].sort(),
    );
  });

  describe('matches the calls of a registration:', () => {
    let tables: TestTables;
    beforeAll(async () => {
      tables = await startTables();
    });
    afterAll(() => tables.stop());

    test('every call is allowed, and every allowed table action is called', async () => {
      const made = new Set<string>();
      const subscriptions = new SubscriptionTable(tables.client, tables.subscriptions);
      const thresholds = new ThresholdTable(tables.client, tables.thresholds);
      const ports: RegistryPorts = {
        subscriptions,
        thresholds,
        requestCheck: async () => {},
        fingerprint: (url) => url,
        seal: async (_, url) => ({ ciphertext: url, host: 'host', fingerprint: url }),
        newId: () => crypto.randomUUID(),
        clock: () => NOW,
      };
      // A measure with members, so that its dimensions are read.
      const members = [measure(1, 1, { dimensions: { Region: 'EU' } })].map((body) => ({ id: '1', body }));
      await evaluateBatch(members, {
        ...ports,
        thresholds,
        events: new MemoryBus().publisher(),
        telemetry: new MemoryTelemetry(),
        rejected: new MemoryRejected(),
        connectorId: 'test',
      });
      tables.client.middlewareStack.add(
        (next, context) => (args) => {
          const { TableName, RequestItems } = args.input as Record<string, unknown>;
          const table = TableName ?? Object.keys((RequestItems as object | undefined) ?? {})[0];
          const action = String(context.commandName)
            .replace(/Command$/, '')
            .replace(/^(Put|Update|Delete|BatchGet)$/, '$1Item');
          made.add(`${table === tables.subscriptions ? 'Subscriptions' : 'Thresholds'} ${action}`);
          return next(args);
        },
        { step: 'initialize' },
      );
      const above = (value: number) =>
        thresholdOn('all', { measure: 'Revenue', dimensions: { Region: 'EU' } }, { operator: 'above', value });
      for (const value of [10, 20]) await register({ definition: above(value), flowUrl: `url-${value}` }, 'cli', ports);
      // Reads of explain, thresholds and doctor.
      const registered = await subscriptions.read('all');
      if (registered) await readThresholdStatuses(registered, 10, { thresholds });
      for await (const _ of thresholds.list());
      for await (const { definition } of subscriptions.list())
        await pause(definition.name, { subscriptions, clock: () => NOW });
      await unregister('all', 'cli', ports);

      const [onSubscriptions = [], onThresholds = []] = onTables;
      expect([...made].sort()).toEqual(
        [
          ...onSubscriptions.map((action) => `Subscriptions ${action}`),
          ...onThresholds.map((action) => `Thresholds ${action}`),
        ].sort(),
      );
    });
  });
});

test('grantReadDeliveries allows reading deliveries, and nothing else', () => {
  const { allowed } = granted((connector, role) => connector.grantReadDeliveries(role));
  expect(allowed).toEqual([
    'dynamodb:BatchGetItem DeliveryTable',
    'dynamodb:GetItem DeliveryTable',
    'dynamodb:Query DeliveryTable',
    'dynamodb:Query DeliveryTable/index/by-open',
  ]);
});
