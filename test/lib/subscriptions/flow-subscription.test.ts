import { App, Duration, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import * as ssm from 'aws-cdk-lib/aws-ssm';
import { Construct } from 'constructs';
import { describe, expect, test } from 'vitest';
import { Env } from '../../../contract/environment';
import { toDefinition } from '../../../lambda/subscriptions/core/entry/definition';
import { ENTRA_CLOUDS } from '../../../lambda/subscriptions/core/subscription';
import { checkEntry } from '../../../lambda/subscriptions/core/subscription-entry';
import {
  BodyFormat,
  type ChangeOptions,
  ClientSecret,
  ComparedWith,
  EntraCloud,
  type EntraOptions,
  FlowAuth,
  FlowSubscription,
  type FlowSubscriptionOptions,
  FlowUrl,
  PowerAutomateConnector,
  type PowerAutomateConnectorProps,
  RefreshKind,
  RefreshStatus,
  Threshold,
  Trigger,
} from '../../../lib';
import { connectorStack, list, readable, referred, resources, secureString } from '../support';

const SECRET = 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:crm-AbCdEf';
const secretOf = (scope: Construct, arn = SECRET) =>
  secretsmanager.Secret.fromSecretCompleteArn(scope, arn.slice(-10), arn);
const FAILED = Trigger.dataSourceRefreshFailed();
const APPLICATION = { tenantId: 'contoso.onmicrosoft.com', clientId: '66666666-7777-8888-9999-aaaaaaaaaaaa' };

/** Entry in a subscription's resource. */
function entryOf(
  options: (scope: Construct) => FlowSubscriptionOptions,
  id = 'Vip',
  props: PowerAutomateConnectorProps = {},
) {
  const { stack, connector } = connectorStack(props);
  connector.addSubscription(id, options(stack));
  const [resource] = Object.values(resources(Template.fromStack(stack), 'Custom::FlowSubscription'));
  return JSON.parse(resource?.Properties.Entry);
}
const thresholdOf = (threshold: Threshold) => ({
  trigger: Trigger.segmentThresholdCrossed({ segment: 'VIP', threshold }),
});

describe('the entry', () => {
  const flowUrlFrom = { secret: SECRET };
  test.each<[string, Trigger, object]>([
    [
      'dataSourceRefreshFailed',
      Trigger.dataSourceRefreshFailed({ dataSource: 'Orders', includeRetries: true }),
      { trigger: 'data-source-refresh-failed', dataSource: 'Orders', includeRetries: true },
    ],
    ['dataSourceRefreshFailed of all', FAILED, { trigger: 'data-source-refresh-failed' }],
    [
      'dataSourceRefreshSucceeded',
      Trigger.dataSourceRefreshSucceeded({ dataSource: 'Orders' }),
      { trigger: 'data-source-refresh-succeeded', dataSource: 'Orders' },
    ],
    [
      'segmentThresholdCrossed',
      Trigger.segmentThresholdCrossed({
        segment: 'VIP customers',
        threshold: Threshold.above(10_000, { recoverTo: 9_000, fireIfAlreadyBeyond: true }),
      }),
      {
        trigger: 'segment-threshold-crossed',
        segment: 'VIP customers',
        above: 10_000,
        recoverTo: 9_000,
        fireIfAlreadyBeyond: true,
      },
    ],
    [
      'measureThresholdCrossed',
      Trigger.measureThresholdCrossed({
        measure: 'Revenue',
        dimensions: { Region: 'EU' },
        threshold: Threshold.atOrBelow(-1.5),
      }),
      { trigger: 'measure-threshold-crossed', measure: 'Revenue', dimensions: { Region: 'EU' }, atOrBelow: -1.5 },
    ],
    [
      'measureThresholdCrossed on changes',
      Trigger.measureThresholdCrossed({
        measure: 'Revenue',
        threshold: Threshold.fallsBy({
          percent: 20,
          comparedWith: ComparedWith.SAME_TIME_LAST_WEEK,
          minimumBase: 1000,
        }),
      }),
      {
        trigger: 'measure-threshold-crossed',
        measure: 'Revenue',
        fallsBy: { percent: 20, comparedWith: 'sameTimeLastWeek', minimumBase: 1000 },
      },
    ],
    [
      'segmentThresholdCrossed on changes',
      Trigger.segmentThresholdCrossed({
        segment: 'VIP customers',
        threshold: Threshold.changesBy({ absolute: 500, comparedWith: ComparedWith.PREVIOUS }),
      }),
      {
        trigger: 'segment-threshold-crossed',
        segment: 'VIP customers',
        changesBy: { absolute: 500, comparedWith: 'previous' },
      },
    ],
    [
      'fullRefreshCompleted',
      Trigger.fullRefreshCompleted({ kind: RefreshKind.ON_DEMAND, status: [RefreshStatus.FAILED] }),
      { trigger: 'full-refresh-completed', kind: 'OnDemand', status: ['Failed'] },
    ],
    [
      'unificationRefreshCompleted',
      Trigger.unificationRefreshCompleted({ status: Object.values(RefreshStatus) }),
      {
        trigger: 'unification-refresh-completed',
        status: ['Successful', 'Failed', 'TimedOut', 'Skipped', 'Canceled'],
      },
    ],
  ])('for %s is the same as in the subscription file', (_, trigger, expected) => {
    const entry = entryOf((scope) => ({ trigger, flowUrl: FlowUrl.fromSecret(secretOf(scope)) }));
    expect(entry).toEqual({ name: 'Vip', ...expected, flowUrlFrom });
    expect(checkEntry(entry)).toHaveProperty('entry');
  });

  test('contains every option', () => {
    const entry = entryOf((scope) => ({
      trigger: FAILED,
      flowUrl: FlowUrl.fromSecret(secretOf(scope), 'vip'),
      subscriptionName: 'tell-the-team',
      instanceId: 'eu',
      format: BodyFormat.CLOUD_EVENTS,
      owners: ['kim@example.com'],
      link: 'https://example.com/',
      flowLink: 'https://make.powerautomate.com/',
      maxAge: Duration.hours(4),
      rateLimit: { calls: 4500, per: Duration.minutes(5) },
      keepAlive: Duration.days(60),
    }));
    expect(entry).toEqual({
      name: 'tell-the-team',
      trigger: 'data-source-refresh-failed',
      flowUrlFrom: { secret: SECRET, field: 'vip' },
      instanceId: 'eu',
      format: 'cloudevents',
      owners: ['kim@example.com'],
      link: 'https://example.com/',
      flowLink: 'https://make.powerautomate.com/',
      maxAge: '14400s',
      rateLimit: { calls: 4500, per: '300s' },
      keepAlive: '5184000s',
    });
    expect(checkEntry(entry)).toMatchObject({
      entry: { maxAge: 4 * 3600_000, rateLimit: { calls: 4500, per: 300_000 } },
    });
  });

  test.each([BodyFormat.FLAT, BodyFormat.CLOUD_EVENTS, BodyFormat.TEAMS_CARD])(
    'with the format $name is accepted',
    (format) => {
      const entry = entryOf(() => ({ ...thresholdOf(Threshold.below(1)), format }));
      expect(checkEntry(entry)).toMatchObject({ entry: { format: format.name } });
    },
  );

  test('of a threshold needs no flow, and grants no access to secrets', () => {
    const { stack, connector } = connectorStack();
    connector.addSubscription('Vip', thresholdOf(Threshold.above(1)));
    const template = Template.fromStack(stack);
    expect(Object.keys(resources(template, 'AWS::IAM::Policy')).filter((id) => id.startsWith('ReadFlowUrls'))).toEqual(
      [],
    );
  });

  describe('with auth', () => {
    const authOf = (options: Partial<EntraOptions>, props?: PowerAutomateConnectorProps) => {
      const entry = entryOf(
        (scope) => ({
          trigger: FAILED,
          flowUrl: FlowUrl.fromSecret(secretOf(scope)),
          auth: FlowAuth.entra({ ...APPLICATION, ...options }),
        }),
        'Vip',
        props,
      );
      const checked = checkEntry(entry);
      if ('mistakes' in checked) throw new Error(checked.mistakes.map(({ message }) => message).join());
      return toDefinition(checked.entry).auth;
    };
    const clientSecret = (field?: string) =>
      ClientSecret.fromSecret(secretOf(new Stack(), `${SECRET.slice(0, -10)}app-AbCdEf`), field);

    test.each(Object.values(EntraCloud))('contains the location of the client secret, and the cloud %s', (cloud) => {
      expect(authOf({ clientSecret: clientSecret('clientSecret'), cloud })).toEqual({
        type: 'entra',
        ...APPLICATION,
        clientSecret: { secret: `${SECRET.slice(0, -10)}app-AbCdEf`, field: 'clientSecret' },
        cloud,
      });
    });

    test('supports the clouds of the subscription file', () => {
      expect(Object.values(EntraCloud)).toEqual(ENTRA_CLOUDS);
    });

    test('defaults to the public cloud, and to the secret’s whole text', () => {
      const secret = `${SECRET.slice(0, -10)}app-AbCdEf`;
      expect(authOf({ clientSecret: clientSecret() })).toMatchObject({ clientSecret: { secret }, cloud: 'public' });
    });

    test('can reference a parameter', () => {
      const arn = 'arn:aws:ssm:eu-central-1:123456789012:parameter/crm/client-secret';
      const parameter = ssm.StringParameter.fromStringParameterArn(new Stack(), 'Parameter', arn);
      expect(authOf({ clientSecret: ClientSecret.fromParameter(parameter) })).toMatchObject({
        clientSecret: { parameter: expect.stringContaining(':parameter/crm/client-secret') },
      });
    });

    test('needs no secret with federation', () => {
      expect(authOf({}, { entraFederation: true })).toEqual({ type: 'entra', ...APPLICATION, cloud: 'public' });
    });
  });

  test('references a parameter by its ARN', () => {
    const entry = entryOf((scope) => {
      const arn = 'arn:aws:ssm:eu-central-1:123456789012:parameter/crm/url';
      const parameter = ssm.StringParameter.fromStringParameterArn(scope, 'Url', arn);
      return { trigger: FAILED, flowUrl: FlowUrl.fromParameter(parameter) };
    });
    expect(JSON.stringify(entry.flowUrlFrom)).toContain(':parameter/crm/url');
    expect(checkEntry(entry)).toHaveProperty('entry');
  });
});

test('the name defaults to the construct’s ID, or to a name derived from its path', () => {
  const { stack, connector } = connectorStack();
  const inside = new Construct(stack, 'Team');
  const of = (id: string) =>
    new FlowSubscription(inside, id, { connector, ...thresholdOf(Threshold.above(1)) }).subscriptionName;
  expect(of('vip_Over-10k')).toBe('vip_Over-10k');
  expect(of('VIP over 10k')).toMatch(/^Stack-Team-VIPover10k-[0-9A-F]{8}$/);
  expect(of('x'.repeat(65))).toMatch(/^[\w-]{1,64}$/);
});

test('the resource is created by register, after all of its dependencies', () => {
  const { stack, connector } = connectorStack();
  connector.addSubscription('Vip', { trigger: FAILED, flowUrl: FlowUrl.fromSecret(secretOf(stack)) });
  const template = Template.fromStack(stack);
  const [resource] = Object.values(template.findResources('Custom::FlowSubscription'));
  expect(referred(resource?.Properties)).toEqual({
    ServiceToken: 'RegistrationRegisterFunction',
    ServiceTimeout: '720',
    Entry: expect.any(String),
  });
  expect(resource?.DependsOn.map(readable).sort()).toEqual([
    expect.stringMatching(/^ReadFlowUrls/),
    'RegistrationRegisterFunction',
    'RegistrationRegisterLogGroup',
    'RegistrationRegisterRole',
    'RegistrationRegisterRoleDefaultPolicy',
  ]);

  const register = resources(template, 'AWS::Lambda::Function').RegistrationRegisterFunction;
  expect(register?.Properties.Timeout).toBe(60);
  expect(referred(register?.Properties.Environment.Variables)).toEqual({
    [Env.CONNECTOR_ID]: connector.connectorId,
    [Env.SUBSCRIPTIONS_TABLE_NAME]: 'SubscriptionsTable',
    [Env.THRESHOLDS_TABLE_NAME]: 'ThresholdsTable',
    [Env.OBSERVATIONS_QUEUE_URL]: 'ThresholdsObservationsQueue',
    POWERTOOLS_SERVICE_NAME: 'register',
    POWERTOOLS_METRICS_NAMESPACE: 'PowerAutomateConnector',
    POWERTOOLS_LOG_LEVEL: 'INFO',
  });
  expect(allowed(template, 'RegistrationRegisterRole')).toEqual([
    'dynamodb:BatchGetItem SubscriptionsTable',
    'dynamodb:DeleteItem SubscriptionsTable',
    'dynamodb:PutItem SubscriptionsTable',
    'dynamodb:PutItem ThresholdsTable',
    'dynamodb:Query ThresholdsTable',
    'dynamodb:UpdateItem ThresholdsTable',
    'logs:CreateLogStream RegistrationRegisterLogGroup',
    'logs:PutLogEvents RegistrationRegisterLogGroup',
    'sqs:SendMessage ThresholdsObservationsQueue',
  ]);
});

test('a connector without declared subscriptions has no register', () => {
  const template = Template.fromStack(connectorStack().stack);
  expect(Object.keys(template.toJSON().Resources).filter((id) => id.includes('Regist'))).toEqual([]);
});

/** Permissions of a role, as `action resource`. */
function allowed(template: Template, role: string): string[] {
  return Object.values(resources(template, 'AWS::IAM::Policy'))
    .filter(({ Properties }) => referred(Properties.Roles).some((one: string) => one.includes(role)))
    .flatMap(({ Properties }) => Properties.PolicyDocument.Statement)
    .flatMap(({ Action, Resource }) =>
      list(Action).flatMap((action) => list(Resource).map((one) => `${action} ${referred(one)}`)),
    )
    .sort();
}

describe('read access of deliver', () => {
  test('is one policy per stack, with each secret, parameter and key once', () => {
    const { stack, connector } = connectorStack();
    const key = new kms.Key(stack, 'Key');
    const own = new secretsmanager.Secret(stack, 'Own', { encryptionKey: key });
    const named = secretsmanager.Secret.fromSecretNameV2(stack, 'Named', 'crm');
    const parameter = secureString(stack, 'Url', '/url', key);
    const urls = [
      FlowUrl.fromSecret(own, 'a'),
      FlowUrl.fromSecret(own, 'b'),
      FlowUrl.fromSecret(named),
      FlowUrl.fromParameter(parameter),
    ];
    for (const [n, flowUrl] of urls.entries()) {
      new FlowSubscription(n % 2 ? stack : new Construct(stack, `In${n}`), `S${n}`, {
        connector,
        trigger: FAILED,
        flowUrl,
      });
    }
    const policies = Object.entries(resources(Template.fromStack(stack), 'AWS::IAM::Policy'));
    const reading = policies.filter(([id]) => id.startsWith('ReadFlowUrls'));
    expect(reading).toHaveLength(1);
    const [, { Properties }] = reading[0] as (typeof policies)[number];
    expect(referred(Properties.Roles)).toEqual(['DeliveryDeliverRole']);
    const arn = (service: string, rest: string) => `arn:AWS::Partition:${service}:AWS::Region:AWS::AccountId:${rest}`;
    const via = (service: string) => ({
      StringEquals: { 'kms:ViaService': `${service}.AWS::Region.amazonaws.com` },
    });
    expect(referred(Properties.PolicyDocument.Statement)).toEqual([
      {
        Effect: 'Allow',
        Action: 'secretsmanager:GetSecretValue',
        Resource: ['Own', arn('secretsmanager', 'secret:crm-??????')],
      },
      { Effect: 'Allow', Action: 'kms:Decrypt', Resource: ['Key'], Condition: via('secretsmanager') },
      { Effect: 'Allow', Action: 'ssm:GetParameter', Resource: [arn('ssm', 'parameter/url')] },
      { Effect: 'Allow', Action: 'kms:Decrypt', Resource: ['Key'], Condition: via('ssm') },
    ]);
  });

  test('includes client secrets and their keys', () => {
    const { stack, connector } = connectorStack();
    const [encryptionKey, key] = [new kms.Key(stack, 'Key'), new kms.Key(stack, 'OtherKey')];
    const url = new secretsmanager.Secret(stack, 'Url', { encryptionKey });
    const parameter = ssm.StringParameter.fromSecureStringParameterAttributes(stack, 'Parameter', {
      parameterName: '/client-secret',
      encryptionKey: key,
    });
    for (const [id, clientSecret] of [
      ['A', ClientSecret.fromSecret(new secretsmanager.Secret(stack, 'App', { encryptionKey: key }))],
      ['B', ClientSecret.fromParameter(parameter)],
    ] as const) {
      const auth = FlowAuth.entra({ ...APPLICATION, clientSecret });
      connector.addSubscription(id, { trigger: FAILED, flowUrl: FlowUrl.fromSecret(url), auth });
    }
    expect(
      allowed(Template.fromStack(stack), 'DeliveryDeliverRole').filter((one) => /App|OtherKey|-secret/.test(one)),
    ).toEqual([
      'kms:Decrypt OtherKey',
      'kms:Decrypt OtherKey',
      'secretsmanager:GetSecretValue App',
      expect.stringMatching(/^ssm:GetParameter .*:parameter\/client-secret$/),
    ]);
  });

  test('fits 60 secrets into the 10,240 characters of a role’s inline policies', () => {
    const app = new App();
    const env = { account: '123456789012', region: 'ap-southeast-1' };
    const stack = new Stack(app, 'Shop', { env });
    const connector = new PowerAutomateConnector(stack, 'Connector');
    for (let n = 0; n < 60; n++) {
      const arn = `arn:aws:secretsmanager:ap-southeast-1:123456789012:secret:${'a-long-name-of-a-secret/'.repeat(2)}${n}-AbCdEf`;
      const flowUrl = FlowUrl.fromSecret(secretsmanager.Secret.fromSecretCompleteArn(stack, `Secret${n}`, arn));
      connector.addSubscription(`S${n}`, { trigger: FAILED, flowUrl });
    }
    const policies = Object.values(resources(Template.fromStack(stack), 'AWS::IAM::Policy')).filter(({ Properties }) =>
      referred(Properties.Roles).includes('DeliveryDeliverRole'),
    );
    // Names that CloudFormation generates are longer than logical IDs: count an ARN for each.
    const statements = policies.flatMap(({ Properties }) => Properties.PolicyDocument.Statement);
    const text = JSON.stringify(
      statements.map((one: { Resource: unknown }) => ({
        ...one,
        Resource: list(one.Resource).map((arn) => (typeof arn === 'string' ? arn : 'x'.repeat(120))),
      })),
    );
    expect(policies).toHaveLength(2);
    expect(text.length).toBeGreaterThan(6_000);
    expect(text.length).toBeLessThan(10_240);
  });
});

describe('stacks of one app', () => {
  const env = { account: '123456789012', region: 'eu-central-1' };
  const stacks = (...names: string[]) => {
    const app = new App();
    return { app, made: names.map((name) => new Stack(app, name, { env })) };
  };

  test('can declare subscriptions with their own secrets for a connector in another stack, without a cycle', () => {
    const { app, made } = stacks('Platform', 'Crm', 'Web');
    const [platform, ...users] = made as [Stack, Stack, Stack];
    const connector = new PowerAutomateConnector(platform, 'Connector');
    for (const [n, stack] of users.entries()) {
      const encryptionKey = new kms.Key(stack, 'Key');
      const secret = new secretsmanager.Secret(stack, 'Secret', { encryptionKey });
      new FlowSubscription(stack, `S${n}`, { connector, trigger: FAILED, flowUrl: FlowUrl.fromSecret(secret) });
    }
    app.synth();
    expect(platform.dependencies).toEqual([]);
    const names = users.map((stack) => {
      const [policy, ...more] = Object.values(resources(Template.fromStack(stack), 'AWS::IAM::Policy'));
      expect(more).toEqual([]);
      expect(JSON.stringify(policy?.Properties.Roles)).toContain('DeliveryDeliverRole');
      expect(Template.fromStack(stack).findResources('AWS::Lambda::Function')).toEqual({});
      return policy?.Properties.PolicyName;
    });
    // Inline policies with the same name would replace each other.
    expect(new Set(names).size).toBe(2);
  });

  test('can declare subscriptions in the connector’s stack with secrets of another stack, without a cycle', () => {
    const { app, made } = stacks('Secrets', 'Platform');
    const [secrets, platform] = made as [Stack, Stack];
    const encryptionKey = new kms.Key(secrets, 'Key');
    const secret = new secretsmanager.Secret(secrets, 'Secret', { encryptionKey });
    const connector = new PowerAutomateConnector(platform, 'Connector');
    connector.addSubscription('Vip', { trigger: FAILED, flowUrl: FlowUrl.fromSecret(secret) });
    app.synth();
    expect(secrets.dependencies).toEqual([]);
    expect(platform.dependencies).toEqual([secrets]);
  });

  test('can use two connectors that have subscriptions with the same name', () => {
    const { stack, connector } = connectorStack();
    const other = new PowerAutomateConnector(stack, 'Other');
    for (const one of [connector, other]) {
      one.addSubscription('Vip', { trigger: FAILED, flowUrl: FlowUrl.fromSecret(secretOf(new Construct(one, 'In'))) });
    }
    const tokens = Object.values(Template.fromStack(stack).findResources('Custom::FlowSubscription')).map(
      ({ Properties }) => referred(Properties.ServiceToken),
    );
    expect(tokens.sort()).toEqual(['OtherRegistrationRegisterFunction', 'RegistrationRegisterFunction']);
  });
});

describe('fails at synthesis', () => {
  const add =
    (options: (scope: Construct) => FlowSubscriptionOptions, id = 'Vip') =>
    () =>
      entryOf(options, id);

  test.each([
    ['above', 10, 11, 'up to 10'],
    ['atOrAbove', 10, 10, 'less than 10'],
    ['below', 10, 9.5, 'at least 10'],
    ['atOrBelow', 10, 10, 'more than 10'],
  ] as const)(
    '%s %d with the recovery level %d, with the message of the subscription file',
    (operator, level, recoverTo, words) => {
      const message = `"recoverTo" is ${recoverTo}, on the wrong side of "${operator}"; write a number ${words}`;
      expect(() => Threshold[operator](level, { recoverTo })).toThrow(message);
      const entry = { name: 'a', trigger: 'segment-threshold-crossed', segment: 'A', [operator]: level, recoverTo };
      expect(checkEntry(entry)).toEqual({ mistakes: [{ path: ['recoverTo'], message }] });
    },
  );

  test('a level that is not a number', () => {
    expect(() => Threshold.above(Number.NaN)).toThrow('"above" is NaN; write a number');
    expect(() => Threshold.below(1, { recoverTo: Infinity })).toThrow('"recoverTo" is Infinity; write a number');
  });

  test.each<[Partial<ChangeOptions>]>([
    [{}],
    [{ percent: 20, absolute: 5 }],
    [{ percent: 0 }],
    [{ percent: -20 }],
    [{ percent: 2_000_000 }],
    [{ absolute: 0 }],
    [{ percent: 20, minimumBase: 0 }],
  ])('the change %j, with the message of the subscription file', (wrong) => {
    const change = { comparedWith: ComparedWith.SAME_TIME_YESTERDAY, ...wrong };
    const checked = checkEntry({ name: 'a', trigger: 'measure-threshold-crossed', measure: 'A', risesBy: change });
    const [message = 'none'] = 'mistakes' in checked ? checked.mistakes.map((mistake) => mistake.message) : [];
    expect(() => Threshold.risesBy(change)).toThrow(message);
  });

  test('a trigger without a flow', () => {
    expect(add(() => ({ trigger: FAILED }))).toThrow('"flowUrl" is missing; write FlowUrl.fromSecret(…)');
  });

  const SECRET_VALUE = 'abc8Q~client.secret-VALUE_0123456789';
  test.each<[string, object]>([
    ['an empty tenant', { tenantId: '' }],
    ['a tenant of every account', { tenantId: 'common' }],
    ['a tenant that leads elsewhere', { tenantId: 'evil.example.com/..' }],
    ['a client that is a secret', { clientId: SECRET_VALUE }],
    ['an empty client', { clientId: '' }],
  ])('%s, with the message of the subscription file, without the value', (_, wrong) => {
    const auth = { ...APPLICATION, ...wrong };
    const checked = checkEntry({
      name: 'a',
      trigger: 'data-source-refresh-failed',
      flowUrlFrom: { secret: 'a' },
      auth: { type: 'entra', ...auth },
    });
    const [mistake] = 'mistakes' in checked ? checked.mistakes : [];
    expect(mistake?.message).not.toContain(SECRET_VALUE);
    expect(() => FlowAuth.entra(auth)).toThrow(new Error(mistake?.message));
  });

  test('auth without a flow, or without a client secret and federation', () => {
    const auth = FlowAuth.entra(APPLICATION);
    expect(add(() => ({ ...thresholdOf(Threshold.above(1)), auth }))).toThrow(
      '"auth" has no effect without "flowUrl"; write flowUrl, or remove auth',
    );
    expect(add((scope) => ({ trigger: FAILED, flowUrl: FlowUrl.fromSecret(secretOf(scope)), auth }))).toThrow(
      '"auth.clientSecret" is missing, and the connector has no federation; write ClientSecret.fromSecret(…)',
    );
  });

  // The message does not show the value, which may be a misplaced client secret.
  test.each(['', 'a b', 'x'.repeat(65), `abc8Q~${'aB3.dE5_gH7-jK9~'.repeat(2)}xY`])(
    'the name %j',
    (subscriptionName) => {
      expect(add(() => ({ ...thresholdOf(Threshold.above(1)), subscriptionName }))).toThrow(
        `"name" is ${subscriptionName === '' ? 'empty' : 'no name of a subscription'}; write 1 to 64 letters, digits, - and _`,
      );
    },
  );

  test('two subscriptions with the same name in a connector, in any stacks', () => {
    const { stack, connector } = connectorStack();
    connector.addSubscription('Vip', thresholdOf(Threshold.above(1)));
    const other = new Stack(stack.node.root as App, 'Shop');
    expect(() => new FlowSubscription(other, 'Vip', { connector, ...thresholdOf(Threshold.above(1)) })).toThrow(
      'subscription "Vip" is also declared by Stack/Connector/Vip: give one of them another subscriptionName',
    );
  });
});
