import { App, Duration, type Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as acm from 'aws-cdk-lib/aws-certificatemanager';
import * as iam from 'aws-cdk-lib/aws-iam';
import { describe, expect, test } from 'vitest';
import { API_BASE_PATH, type ConnectorActionId, connectorRoutes } from '../../../contract/custom-connector';
import { Env } from '../../../contract/environment';
import { Output } from '../../../contract/outputs';
import {
  ConnectorAction,
  ConnectorAlarms,
  type ConnectorApiOptions,
  ConnectorSignIn,
  PowerAutomateConnector,
  PowerAutomateConnectorStack,
  Source,
  Unification,
} from '../../../lib';
import { connectorStack, permissions, readable, referred, resources } from '../support';

const TENANT = '11111111-2222-3333-4444-555555555555';
const CLIENT = 'AAAAAAAA-bbbb-cccc-dddd-eeeeeeeeeeee';
const entra = (more = {}) => ConnectorSignIn.entra({ tenantId: TENANT, clientId: CLIENT, scope: 'Flows.Use', ...more });
const settings = {
  tenantId: TENANT,
  clientId: CLIENT.toLowerCase(),
  identifierUri: `api://${CLIENT.toLowerCase()}`,
  scope: 'Flows.Use',
  roles: [],
};

function withApi(options: Partial<ConnectorApiOptions> | ((stack: Stack) => Partial<ConnectorApiOptions>) = {}) {
  const { stack, connector } = connectorStack();
  const given = typeof options === 'function' ? options(stack) : options;
  connector.addConnectorApi('Api', { signIn: [ConnectorSignIn.keys()], ...given });
  return Template.fromStack(stack);
}
const variables = (template: Template, fn: string) =>
  referred(resources(template, 'AWS::Lambda::Function')[`Api${fn}Function`]?.Properties.Environment.Variables);
const own = (template: Template, role: string) =>
  permissions(template, `Api${role}Role`).filter((one) => !one.startsWith('logs:'));
const template = withApi();
const withActions = (...actions: ConnectorAction[]) => withApi({ actions });

/** Permissions of `connect` for what every API does. */
const WITHOUT_ACTIONS = [
  'dynamodb:BatchGetItem SubscriptionsTable',
  // The items of expected subjects.
  'dynamodb:DeleteItem SubscriptionsTable',
  'dynamodb:PutItem SubscriptionsTable',
  'dynamodb:PutItem ThresholdsTable',
  'dynamodb:Query ApiCatalogTable',
  'dynamodb:Query ThresholdsTable',
  'dynamodb:UpdateItem SubscriptionsTable',
  'dynamodb:UpdateItem ThresholdsTable',
  'kms:Encrypt SubscriptionsFlowUrlKey',
  'sqs:SendMessage ThresholdsObservationsQueue',
];

/** Each action with its id, the routes that it adds, and the permissions that it adds to `connect`. */
const ACTIONS: readonly [ConnectorAction, ConnectorActionId, readonly string[], readonly string[]][] = [
  [
    ConnectorAction.READ,
    'read',
    [
      'GET /data-source',
      'GET /data-source-refreshes',
      'GET /segment',
      'GET /measure',
      'GET /status',
      'GET /flows/{flow}/deliveries',
    ],
    ['dynamodb:BatchGetItem ThresholdsTable', 'dynamodb:Query DeliveryTable'],
  ],
  [ConnectorAction.TEST, 'test', ['POST /flows/{flow}/test-events'], ['sqs:SendMessage DeliveryDeliveriesQueue']],
  [
    ConnectorAction.REPLAY,
    'replay',
    ['POST /flows/{flow}/replays'],
    [
      'dynamodb:GetItem DeliveryTable',
      'dynamodb:Query DeliveryTable/index/by-open',
      'sqs:SendMessage DeliveryDeliveriesQueue',
    ],
  ],
  [
    ConnectorAction.REPORT_OUTCOMES,
    'report-outcomes',
    ['POST /outcomes', 'POST /outcomes/{link}'],
    ['dynamodb:GetItem DeliveryTable', 'dynamodb:UpdateItem DeliveryTable'],
  ],
  [
    ConnectorAction.REPORT_EVENTS,
    'report-events',
    ['POST /refreshes', 'POST /member-counts', 'POST /measure-values'],
    ['events:PutEvents EventsBus'],
  ],
];

describe('permissions', () => {
  test('connect can encrypt flow URLs, bound to a subscription, and cannot decrypt them', () => {
    expect(own(withActions(), 'Connect')).toEqual(WITHOUT_ACTIONS);
    const policies = Object.values(resources(template, 'AWS::IAM::Policy'));
    const [encrypt] = policies
      .flatMap(({ Properties }) => Properties.PolicyDocument.Statement)
      .filter(({ Action }) => Action === 'kms:Encrypt');
    expect(encrypt.Condition).toEqual({ StringLike: { 'kms:EncryptionContext:subscription': '*' } });
  });

  test('retire only reads and removes subscriptions, and marks the items of their thresholds', () => {
    expect(own(template, 'Retire')).toEqual([
      'dynamodb:BatchGetItem SubscriptionsTable',
      'dynamodb:DeleteItem SubscriptionsTable',
      'dynamodb:PutItem SubscriptionsTable',
      'dynamodb:Query SubscriptionsTable/index/by-due',
      'dynamodb:UpdateItem SubscriptionsTable',
      'dynamodb:UpdateItem ThresholdsTable',
    ]);
  });

  test('record updates only the catalog', () => {
    const beyondQueue = own(template, 'CatalogRecord').filter((one) => !one.endsWith(' ApiCatalogSubjectsQueue'));
    expect(beyondQueue).toEqual([
      'dynamodb:GetItem ApiCatalogTable',
      'dynamodb:PutItem ApiCatalogTable',
      'dynamodb:UpdateItem ApiCatalogTable',
      'sqs:SendMessage ApiCatalogSubjectsDeadLetterQueue',
    ]);
  });
});

describe('the actions', () => {
  const paths = (of: Template) => routes(of).map(({ RouteKey }) => RouteKey.replace(` ${API_BASE_PATH}/`, ' /'));
  const outputOf = (actions?: ConnectorAction[]) => {
    const { stack, connector } = connectorStack();
    connector.addConnectorApi('Api', { signIn: [ConnectorSignIn.keys()], actions });
    connector.addOutputs();
    return Template.fromStack(stack).toJSON().Outputs[Output.CONNECTOR_API_ACTIONS].Value;
  };

  test('are reading, testing and reporting outcomes by default', () => {
    expect(paths(template)).toEqual(connectorRoutes(['read', 'test', 'report-outcomes']));
    const added = ACTIONS.flatMap(([, id, , more]) => (['read', 'test', 'report-outcomes'].includes(id) ? more : []));
    expect(own(template, 'Connect')).toEqual([...WITHOUT_ACTIONS, ...new Set(added)].toSorted());
    expect(outputOf()).toBe('read,test,report-outcomes');
  });

  test.each(ACTIONS)('add their routes and permissions, and nothing else: %#', (action, id, added, permitted) => {
    const alone = withActions(action);
    expect(paths(alone)).toEqual([...connectorRoutes([]), ...added]);
    expect(own(alone, 'Connect')).toEqual([...WITHOUT_ACTIONS, ...permitted].toSorted());
    expect(outputOf([action])).toBe(id);
  });

  test('add nothing if the list is empty', () => {
    expect(paths(withActions())).toEqual(connectorRoutes([]));
    expect(outputOf([])).toBe('');
  });

  test('have a fixed order', () => {
    expect(outputOf([ConnectorAction.REPLAY, ConnectorAction.READ])).toBe('read,replay');
  });

  test('cannot be chosen twice', () => {
    expect(() => withActions(ConnectorAction.READ, ConnectorAction.TEST, ConnectorAction.READ)).toThrow(
      "actions has the action 'read' twice: write it once",
    );
  });

  test("put only the connector's source and the events that callers can report", () => {
    const { stack, connector } = connectorStack({ eventSource: 'shop' });
    connector.addConnectorApi('Api', { signIn: [ConnectorSignIn.keys()], actions: [ConnectorAction.REPORT_EVENTS] });
    const policy = Object.entries(resources(Template.fromStack(stack), 'AWS::IAM::Policy')).find(([id]) =>
      id.startsWith('ApiConnectRole'),
    );
    const put = policy?.[1].Properties.PolicyDocument.Statement.find(
      ({ Action }: { readonly Action: unknown }) => Action === 'events:PutEvents',
    );
    expect(put.Condition).toEqual({
      'ForAllValues:StringEquals': {
        'events:source': 'shop',
        'events:detail-type': ['DataSourceRefreshed', 'SegmentRefreshed', 'MeasureRefreshed'],
      },
      Null: { 'events:source': 'false', 'events:detail-type': 'false' },
    });
  });
});

describe('the functions', () => {
  const connectorId = connectorStack().connector.connectorId;

  test('have exactly the environment variables that they read', () => {
    const { POWERTOOLS_SERVICE_NAME, ...connect } = variables(template, 'Connect');
    const common = {
      [Env.CONNECTOR_ID]: connectorId,
      POWERTOOLS_METRICS_NAMESPACE: 'PowerAutomateConnector',
      POWERTOOLS_LOG_LEVEL: 'INFO',
    };
    expect(POWERTOOLS_SERVICE_NAME).toBe('connect');
    const tables = {
      [Env.SUBSCRIPTIONS_TABLE_NAME]: 'SubscriptionsTable',
      [Env.THRESHOLDS_TABLE_NAME]: 'ThresholdsTable',
    };
    expect(connect).toEqual({
      ...common,
      ...tables,
      [Env.OBSERVATIONS_QUEUE_URL]: 'ThresholdsObservationsQueue',
      [Env.CATALOG_TABLE_NAME]: 'ApiCatalogTable',
      [Env.DELIVERIES_TABLE_NAME]: 'DeliveryTable',
      [Env.DELIVERIES_QUEUE_URL]: 'DeliveryDeliveriesQueue',
      [Env.EVENT_BUS_NAME]: 'EventsBus',
      [Env.EVENT_SOURCE]: 'customer-insights',
      [Env.API_ACTIONS]: 'read,test,report-outcomes',
      [Env.FLOW_URL_KEY_ARN]: 'SubscriptionsFlowUrlKey',
      [Env.SIGN_IN]: '{"keys":true}',
      [Env.MAX_FLOWS_PER_CALLER]: '100',
      [Env.END_GRACE_SECONDS]: '600',
    });
    expect(variables(template, 'Retire')).toEqual({
      ...common,
      ...tables,
      POWERTOOLS_SERVICE_NAME: 'retire',
    });
    expect(variables(template, 'CatalogRecord')).toEqual({
      ...common,
      [Env.CATALOG_TABLE_NAME]: 'ApiCatalogTable',
      [Env.REJECTED_QUEUE_URL]: 'ApiCatalogSubjectsDeadLetterQueue',
      POWERTOOLS_SERVICE_NAME: 'record',
    });
  });

  test('get the options', () => {
    const given = withApi({
      signIn: [ConnectorSignIn.keys(), entra()],
      callbackHosts: ['flows.example.com', 'logic.azure.com'],
      maxFlowsPerUser: 7,
      endGrace: Duration.hours(1),
    });
    const { [Env.SIGN_IN]: signIn, ...connect } = variables(given, 'Connect');
    expect(JSON.parse(signIn)).toEqual({ keys: true, entra: settings });
    expect(connect).toMatchObject({
      [Env.CALLBACK_HOSTS]: 'flows.example.com,logic.azure.com',
      [Env.MAX_FLOWS_PER_CALLER]: '7',
      [Env.END_GRACE_SECONDS]: '3600',
    });
  });

  test('connect has 256 MB and 15 seconds', () => {
    const { MemorySize, Timeout } = resources(template, 'AWS::Lambda::Function').ApiConnectFunction?.Properties ?? {};
    expect([MemorySize, Timeout]).toEqual([256, 15]);
  });
});

const routes = (of: Template) =>
  Object.values(resources(of, 'AWS::ApiGatewayV2::Route')).map(({ Properties }) => Properties);

describe('the HTTP API', () => {
  test('has an explicit route for each operation, with payload format 2.0', () => {
    const keys = connectorRoutes(['read', 'test', 'report-outcomes']).map((route) =>
      route.replace(' ', ` ${API_BASE_PATH}`),
    );
    expect(routes(template).map(({ RouteKey }) => RouteKey)).toEqual(keys);
    for (const { AuthorizationType } of routes(template)) expect(AuthorizationType ?? 'NONE').toBe('NONE');
    template.allResourcesProperties('AWS::ApiGatewayV2::Integration', { PayloadFormatVersion: '2.0' });
    template.resourceCountIs('AWS::ApiGatewayV2::Integration', 1);
  });

  test('has a throttled default stage, whose access log has no path, query, header or body', () => {
    const [stage] = Object.values(resources(template, 'AWS::ApiGatewayV2::Stage'));
    expect(stage?.Properties).toMatchObject({
      StageName: '$default',
      AutoDeploy: true,
      DefaultRouteSettings: { ThrottlingRateLimit: 20, ThrottlingBurstLimit: 40 },
    });
    const { DestinationArn, Format } = stage?.Properties.AccessLogSettings ?? {};
    expect(referred(DestinationArn)).toBe('ApiAccessLog');
    expect(JSON.parse(Format)).toMatchObject({ route: '$context.routeKey', status: '$context.status' });
    expect(Format).not.toMatch(/path|query|header|authorizer|userAgent|integrationErrorMessage/i);
  });

  test('the gateway authorizer protects all routes except those that an unguessable id authorizes', () => {
    const given = withApi({ signIn: [entra()], gatewayAuthorizer: true });
    for (const { RouteKey, AuthorizationType, AuthorizationScopes } of routes(given)) {
      const isOpen = /^DELETE |\/outcomes\/\{link\}$/.test(RouteKey);
      expect(AuthorizationType ?? 'NONE', RouteKey).toBe(isOpen ? 'NONE' : 'JWT');
      expect(AuthorizationScopes, RouteKey).toEqual(isOpen ? undefined : ['Flows.Use']);
    }
    given.hasResourceProperties('AWS::ApiGatewayV2::Authorizer', {
      JwtConfiguration: {
        Audience: [settings.clientId],
        Issuer: `https://login.microsoftonline.com/${TENANT}/v2.0`,
      },
    });
    const byRole = withApi({ signIn: [entra({ roles: ['Flow.Author'] })], gatewayAuthorizer: true });
    for (const { AuthorizationScopes } of routes(byRole)) expect(AuthorizationScopes).toBeUndefined();
  });

  test('an own domain has a mapping, and is the address of the API', () => {
    const stack = new PowerAutomateConnectorStack(new App(), 'Stack');
    const arn = 'arn:aws:acm:eu-west-1:111122223333:certificate/11111111-2222-3333-4444-555555555555';
    stack.connector.addConnectorApi('Api', {
      signIn: [ConnectorSignIn.keys()],
      domainName: 'connector.example.com',
      certificate: acm.Certificate.fromCertificateArn(stack, 'Certificate', arn),
    });
    const given = Template.fromStack(stack);
    given.resourceCountIs('AWS::ApiGatewayV2::ApiMapping', 1);
    given.hasResourceProperties('AWS::ApiGatewayV2::DomainName', { DomainName: 'connector.example.com' });
    expect(referred(given.toJSON().Outputs[Output.CONNECTOR_API_URL].Value)).toMatch(/^https:\/\/.*[^/]$/);
  });
});

test('the catalog has a rule for subjects and one for runs, whatever their status', () => {
  const rules = Object.entries(resources(template, 'AWS::Events::Rule')).filter(([id]) => id.startsWith('ApiCatalog'));
  const { connectorId } = connectorStack().connector;
  expect(rules.map(([, { Properties }]) => Properties.EventPattern)).toEqual([
    {
      source: ['customer-insights'],
      'detail-type': ['DataSourceRefreshed', 'SegmentRefreshed', 'MeasureRefreshed'],
    },
    {
      source: ['customer-insights'],
      'detail-type': ['FullRefreshed', 'UnificationRefreshed'],
      detail: { collectedBy: [{ exists: false }, connectorId] },
    },
  ]);
  for (const [, { Properties }] of rules) {
    expect(referred(Properties.Targets)).toMatchObject([
      { Arn: 'ApiCatalogSubjectsQueue', DeadLetterConfig: { Arn: 'EventsDeadLetterQueue' } },
    ]);
  }
});

describe('in a connector', () => {
  test('adding the API changes the policy of the dead-letter queue, and the function that sends links to the API', () => {
    const before = Template.fromStack(connectorStack().stack).toJSON().Resources;
    const after = template.toJSON().Resources;
    const changed = Object.keys(before).filter((id) => JSON.stringify(before[id]) !== JSON.stringify(after[id]));
    expect(changed.map(readable)).toEqual(['EventsDeadLetterQueuePolicy', 'DeliveryDeliverFunction']);
    const { stack, connector } = connectorStack();
    connector.addConnectorApi('Api', { signIn: [ConnectorSignIn.keys()], actions: [ConnectorAction.READ] });
    expect(JSON.stringify(Template.fromStack(stack))).not.toContain(Env.OUTCOME_LINK_URL);
    expect(JSON.stringify(template)).toContain(Env.OUTCOME_LINK_URL);
  });

  test.each(['before', 'after'])('the outputs describe the API that is added %s addOutputs', (when) => {
    const { stack, connector } = connectorStack();
    if (when === 'after') connector.addOutputs();
    connector.addConnectorApi('Api', { signIn: [ConnectorSignIn.keys()] });
    if (when === 'before') connector.addOutputs();
    const { Outputs } = Template.fromStack(stack).toJSON();
    expect(Outputs[Output.CONNECTOR_API_URL].Value['Fn::GetAtt'][1]).toBe('ApiEndpoint');
    expect(Outputs[Output.CONNECTOR_API_SIGN_IN].Value).toBe('{"keys":true}');
  });

  test('has one API, and a second connector has its own', () => {
    const { stack, connector } = connectorStack();
    const second = new PowerAutomateConnector(stack, 'Second');
    for (const one of [connector, second]) one.addConnectorApi('Api', { signIn: [ConnectorSignIn.keys()] });
    expect(() => second.addConnectorApi('Another', { signIn: [ConnectorSignIn.keys()] })).toThrow(
      'Stack/Second already has the API Stack/Second/Api: a connector has one API',
    );
    Template.fromStack(stack).resourceCountIs('AWS::ApiGatewayV2::Api', 2);
  });

  test('managers can inspect the queue of the catalog, also if it is added later', () => {
    const { stack, connector } = connectorStack();
    const role = new iam.Role(stack, 'Grantee', { assumedBy: new iam.ServicePrincipal('ecs.amazonaws.com') });
    connector.grantManageSubscriptions(role);
    connector.addConnectorApi('Api', { signIn: [ConnectorSignIn.keys()] });
    expect(permissions(Template.fromStack(stack), 'Grantee')).toEqual(
      expect.arrayContaining([
        'sqs:GetQueueAttributes ApiCatalogSubjectsQueue',
        'sqs:ReceiveMessage ApiCatalogSubjectsDeadLetterQueue',
      ]),
    );
  });

  test('alarms watch its functions, queue and rules', () => {
    const { stack, connector } = connectorStack();
    connector.addConnectorApi('Api', { signIn: [ConnectorSignIn.keys()] });
    new ConnectorAlarms(stack, 'Alarms', { connector });
    const alarms = resources(Template.fromStack(stack), 'AWS::CloudWatch::Alarm');
    const ids = ['ConnectErrors', 'RetireErrors', 'RecordErrors', 'SubjectsAge', 'SubjectsDeadLetters'];
    expect(Object.keys(alarms)).toEqual(expect.arrayContaining(ids.map((id) => `Alarms${id}`)));
    const failed = JSON.stringify(alarms.AlarmsFailedInvocations?.Properties);
    expect(failed).toContain('ApiCatalogSubjectRefreshed');
    expect(failed).toContain('ApiRetirementSchedule');
  });
});

test('the throttles alarm of a connector with more than ten functions is one query', () => {
  const { stack, connector } = connectorStack();
  connector.addConnectorApi('Api', { signIn: [ConnectorSignIn.keys()] });
  connector.addSource('Orders', Source.glueJob({ jobName: 'o', dataSource: 'O' }), { reconciliation: {} });
  connector.addUnification('Match', { jobs: Unification.fromEntityResolution('customers') });
  new ConnectorAlarms(stack, 'Alarms', { connector });
  const template = Template.fromStack(stack);
  const metrics = resources(template, 'AWS::CloudWatch::Alarm').AlarmsThrottles?.Properties.Metrics;
  expect(metrics).toHaveLength(1);
  const query: string = referred(metrics[0].Expression);
  expect(query).toMatch(/^SELECT SUM\(Throttles\) FROM SCHEMA\("AWS\/Lambda", FunctionName\) WHERE /);
  const names = [...query.matchAll(/FunctionName = '(\w+)'/g)].map(([, name]) => name);
  expect(names.sort()).toEqual(Object.keys(resources(template, 'AWS::Lambda::Function')).sort());
  expect(names.length).toBeGreaterThan(10);
});

describe('rejects', () => {
  test.each<[string, () => Partial<ConnectorApiOptions>, string]>([
    ['no way to sign in', () => ({ signIn: [] }), 'signIn is empty'],
    ['keys twice', () => ({ signIn: [ConnectorSignIn.keys(), ConnectorSignIn.keys()] }), 'keys twice'],
    ['Entra twice', () => ({ signIn: [entra(), entra()] }), 'entra twice'],
    ['a tenant that is no GUID', () => ({ signIn: [entra({ tenantId: 'example.com' })] }), 'tenantId is not a GUID'],
    ['an empty client', () => ({ signIn: [entra({ clientId: '' })] }), 'clientId is empty'],
    ['a scope of two words', () => ({ signIn: [entra({ scope: 'a b' })] }), 'scope has a value that is not one word'],
    ['a scope with its URI', () => ({ signIn: [entra({ scope: 'api://x/Use' })] }), 'scope has a value'],
    ['a role of two words', () => ({ signIn: [entra({ roles: ['a b'] })] }), 'roles has a value'],
    ['no URI', () => ({ signIn: [entra({ identifierUri: 'mine' })] }), 'identifierUri is not a URI'],
    ['a domain without certificate', () => ({ domainName: 'a.example.com' }), 'domainName needs a certificate'],
    ['no callback hosts', () => ({ callbackHosts: [] }), 'callbackHosts is empty'],
    ['a callback URL', () => ({ callbackHosts: ['https://a.b/?sig=s'] }), 'callbackHosts has an invalid host name'],
    ['no rate', () => ({ throttle: { rate: 0, burst: 1 } }), 'throttle.rate is 0'],
    ['half a burst', () => ({ throttle: { rate: 1, burst: 0.5 } }), 'throttle.burst is 0.5'],
    ['no flows', () => ({ maxFlowsPerUser: 0 }), 'maxFlowsPerUser is 0'],
    ['too many flows', () => ({ maxFlowsPerUser: 1001 }), 'maxFlowsPerUser is 1001'],
    ['a short grace', () => ({ endGrace: Duration.seconds(59) }), 'endGrace is 59 seconds'],
    ['a long grace', () => ({ endGrace: Duration.days(2) }), 'endGrace is 2 days'],
    ['a gateway authorizer with keys', () => ({ gatewayAuthorizer: true }), 'gatewayAuthorizer works only with'],
  ])('%s', (_, options, message) => {
    expect(() => withApi(options())).toThrow(message);
  });
});
