import { createHash } from 'node:crypto';
import { TemplateError } from '../../shared/user-error';
import type { Plan } from '../model/plan';
import type { ResourceType } from './resource-type';

/** `AWS::ApiGatewayV2::Api` with the protocol HTTP. */
export const httpApi: ResourceType = {
  properties: {
    Name: true,
    ProtocolType: true,
    DisableExecuteApiEndpoint: true,
    Description: 'description',
    Tags: 'tags',
  },
  declare({ logicalId, properties }, stack, plan) {
    const protocol = properties.text('ProtocolType');
    if (protocol !== 'HTTP') {
      throw new TemplateError(`${logicalId}.ProtocolType`, `the local run implements HTTP APIs, not ${protocol}`);
    }
    // Like an id of API Gateway: ten characters.
    const apiId = createHash('sha256').update(`${stack.stackName}/${logicalId}`).digest('hex').slice(0, 10);
    plan.apis.push({ logicalId, apiId, routes: [] });
    return { ref: apiId, attributes: { ApiId: apiId, ApiEndpoint: stack.apiUrl(logicalId) } };
  },
};

/** `AWS::ApiGatewayV2::Integration` with a function, payload format 2.0. */
export const integration: ResourceType = {
  properties: { ApiId: true, IntegrationType: true, IntegrationUri: true, PayloadFormatVersion: true },
  declare({ logicalId, properties }, _, plan) {
    const [type, format] = [properties.text('IntegrationType'), properties.text('PayloadFormatVersion')];
    if (type !== 'AWS_PROXY' || format !== '2.0') {
      throw new TemplateError(
        logicalId,
        `the local run implements integrations of the type AWS_PROXY with payload format 2.0, not ${type} with ${format}`,
      );
    }
    plan.integrations.set(logicalId, properties.text('IntegrationUri'));
    return { ref: logicalId, attributes: { IntegrationId: logicalId } };
  },
};

/** `AWS::ApiGatewayV2::Route` to an integration, without authorizer. */
export const route: ResourceType = {
  properties: { ApiId: true, RouteKey: true, Target: true, AuthorizationType: true },
  declare({ logicalId, properties }, _, plan) {
    const authorization = properties.optionalText('AuthorizationType') ?? 'NONE';
    if (authorization !== 'NONE') {
      const reason = `the local run does not implement the authorization ${authorization}: run without gatewayAuthorizer`;
      throw new TemplateError(`${logicalId}.AuthorizationType`, reason);
    }
    const id = properties.text('Target').replace(/^integrations\//, '');
    const functionArn = plan.integrations.get(id);
    if (functionArn === undefined) {
      throw new TemplateError(`${logicalId}.Target`, `${id} is not an integration of the template`);
    }
    apiOf(properties.text('ApiId'), logicalId, plan).routes.push({
      routeKey: properties.text('RouteKey'),
      functionArn,
    });
    return { ref: logicalId, attributes: {} };
  },
};

/** `AWS::ApiGatewayV2::Stage`. Supports only the stage `$default`, whose path is empty. */
export const stage: ResourceType = {
  properties: {
    ApiId: true,
    StageName: true,
    AutoDeploy: true,
    DefaultRouteSettings: 'throttling',
    RouteSettings: 'throttling',
    AccessLogSettings: 'accessLog',
    Description: 'description',
    Tags: 'tags',
  },
  declare({ logicalId, properties }, _, plan) {
    const name = properties.text('StageName');
    if (name !== '$default') {
      throw new TemplateError(`${logicalId}.StageName`, `the local run implements the stage $default, not ${name}`);
    }
    apiOf(properties.text('ApiId'), logicalId, plan);
    return { ref: name, attributes: {} };
  },
};

function apiOf(apiId: string, where: string, plan: Plan): Plan['apis'][number] {
  const api = plan.apis.find((one) => one.apiId === apiId);
  if (!api) throw new TemplateError(`${where}.ApiId`, `${apiId} is not an API of the template`);
  return api;
}
