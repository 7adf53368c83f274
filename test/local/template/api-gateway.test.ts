import { afterEach, describe, expect, it } from 'vitest';
import { planTemplate } from '../../../local/template/plan';
import { loadTemplate } from '../../../local/template/template';
import { functionResource, role, temporaryAssembly } from '../temporary-assembly';

const removals: (() => void)[] = [];
afterEach(() => {
  for (const remove of removals.splice(0)) remove();
});

type Changes = Readonly<Record<string, object>>;

/** Plans a template with an API. `changes`: properties of its resources by their logical ids. */
function plan(changes: Changes = {}, more: Readonly<Record<string, unknown>> = {}) {
  const ApiId = { Ref: 'Api' };
  const Target = { 'Fn::Join': ['/', ['integrations', { Ref: 'Integration' }]] };
  const IntegrationUri = { 'Fn::GetAtt': ['Function', 'Arn'] };
  const declared: Readonly<Record<string, object>> = {
    Api: { Name: 'api', ProtocolType: 'HTTP' },
    Integration: { ApiId, IntegrationType: 'AWS_PROXY', IntegrationUri, PayloadFormatVersion: '2.0' },
    Route: { ApiId, RouteKey: 'GET /flows', Target },
    Stage: { ApiId, StageName: '$default', AutoDeploy: true },
  };
  const resources = Object.entries(declared).map(([id, properties]) => [
    id,
    { Type: `AWS::ApiGatewayV2::${id}`, Properties: { ...properties, ...changes[id] } },
  ]);
  const assembly = temporaryAssembly(
    { Role: role, Function: functionResource('code'), ...Object.fromEntries(resources), ...more },
    { code: '' },
    { Outputs: { Url: { Value: { 'Fn::GetAtt': ['Api', 'ApiEndpoint'] } } } },
  );
  removals.push(assembly.remove);
  return planTemplate(
    loadTemplate(assembly.templateFile),
    (name) => `http://127.0.0.1:1/${name}`,
    (logicalId) => `http://127.0.0.1:2/${logicalId}`,
  );
}

describe('an HTTP API of the template', () => {
  it('is planned with its routes, functions and address', () => {
    const { apis, functions, outputs } = plan();
    const [{ arn } = { arn: '' }] = functions;
    expect(apis).toEqual([
      {
        logicalId: 'Api',
        apiId: expect.stringMatching(/^[0-9a-f]{10}$/),
        routes: [{ routeKey: 'GET /flows', functionArn: arn }],
      },
    ]);
    expect(outputs).toEqual({ Url: 'http://127.0.0.1:2/Api' });
  });

  it('is planned without throttling and access logs', () => {
    const Stage = { DefaultRouteSettings: { ThrottlingRateLimit: 1 }, AccessLogSettings: { Format: 'x' } };
    expect(plan({ Stage }).apis).toEqual(plan().apis);
  });

  it.each<readonly [string, Changes, string]>([
    [
      'another protocol',
      { Api: { ProtocolType: 'WEBSOCKET' } },
      'Api.ProtocolType: the local run implements HTTP APIs, not WEBSOCKET',
    ],
    [
      'CORS',
      { Api: { CorsConfiguration: { AllowOrigins: ['*'] } } },
      'Api.CorsConfiguration: the local run does not implement the property CorsConfiguration',
    ],
    [
      'another payload format',
      { Integration: { PayloadFormatVersion: '1.0' } },
      'Integration: the local run implements integrations of the type AWS_PROXY with payload format 2.0, not AWS_PROXY with 1.0',
    ],
    [
      'another type of integration',
      { Integration: { IntegrationType: 'HTTP_PROXY' } },
      'Integration: the local run implements integrations of the type AWS_PROXY with payload format 2.0, not HTTP_PROXY with 2.0',
    ],
    [
      'another stage',
      { Stage: { StageName: 'prod' } },
      'Stage.StageName: the local run implements the stage $default, not prod',
    ],
    [
      'an authorization',
      { Route: { AuthorizationType: 'JWT' } },
      'Route.AuthorizationType: the local run does not implement the authorization JWT: run without gatewayAuthorizer',
    ],
    [
      'an unknown integration',
      { Route: { Target: 'integrations/other' } },
      'Route.Target: other is not an integration of the template',
    ],
    ['an unknown API', { Route: { ApiId: 'other' } }, 'Route.ApiId: other is not an API of the template'],
    [
      'an unknown function',
      { Integration: { IntegrationUri: 'arn:other' } },
      'Api: the function of GET /flows, arn:other, is not in the template',
    ],
  ])('is rejected by name with %s', (_, changes, message) => {
    expect(() => plan(changes)).toThrow(message);
  });

  it.each([
    ['Authorizer', 'gatewayAuthorizer'],
    ['DomainName', 'domainName'],
    ['ApiMapping', 'domainName'],
  ])('is rejected with a resource of the type %s, with the prop to remove', (type, prop) => {
    const Type = `AWS::ApiGatewayV2::${type}`;
    const message = `Extra: the local run does not implement the resource type ${Type}: run an app without ${prop}`;
    expect(() => plan({}, { Extra: { Type } })).toThrow(message);
  });
});
