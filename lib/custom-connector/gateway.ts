import { Fn } from 'aws-cdk-lib';
import { AccessLogField, AccessLogFormat } from 'aws-cdk-lib/aws-apigateway';
import * as apigatewayv2 from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpJwtAuthorizer } from 'aws-cdk-lib/aws-apigatewayv2-authorizers';
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import type * as acm from 'aws-cdk-lib/aws-certificatemanager';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import type * as logs from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { API_BASE_PATH, type ConnectorRoute, type EntraSignInSettings } from '../../contract/custom-connector';

export interface GatewayProps {
  /** Shown in the console. */
  readonly name: string;
  /** Routes of the API, without `API_BASE_PATH`. */
  readonly routes: readonly ConnectorRoute[];
  /** Function that serves all routes. */
  readonly connect: lambda.IFunction;
  readonly throttle: apigatewayv2.ThrottleSettings;
  readonly accessLog: logs.ILogGroup;
  readonly customDomain?: { readonly domainName: string; readonly certificate: acm.ICertificate };
  /** Application whose tokens the gateway checks before it invokes the function. Default: only the function checks them. */
  readonly authorizeFor?: EntraSignInSettings;
}

/**
 * Fields of an access log entry (API Gateway developer guide, "Customize HTTP API access logs"). Not the path, because the
 * path of DELETE contains a registration id. No query and no header, and no error text of the function.
 */
const ACCESS_LOG_FORMAT = AccessLogFormat.custom(
  JSON.stringify({
    requestId: AccessLogField.contextRequestId(),
    time: AccessLogField.contextRequestTime(),
    ip: AccessLogField.contextIdentitySourceIp(),
    route: '$context.routeKey',
    status: AccessLogField.contextStatus(),
    functionStatus: AccessLogField.contextIntegrationStatus(),
    milliseconds: AccessLogField.contextResponseLatency(),
    bytes: AccessLogField.contextResponseLength(),
    error: '$context.error.responseType',
  }),
);

/** The last part of the path is a credential. Power Automate sends no token with a DELETE, and a flow none to a link. */
const AUTHORIZED_BY_PATH: readonly ConnectorRoute[] = ['DELETE /registrations/{id}', 'POST /outcomes/{link}'];

/** The HTTP API in front of `connect`: one stage and an explicit route for each operation. */
export class Gateway extends Construct {
  readonly api: apigatewayv2.HttpApi;
  readonly domain?: apigatewayv2.DomainName;
  /** Address of the API, without a path. */
  readonly url: string;

  constructor(scope: Construct, id: string, props: GatewayProps) {
    super(scope, id);

    const { customDomain } = props;
    // API Gateway's own address stays enabled with an own domain: flows unregister at the address where they registered.
    this.api = new apigatewayv2.HttpApi(this, 'HttpApi', {
      apiName: props.name,
      description: 'API of a custom connector for Power Automate',
      createDefaultStage: false,
    });
    this.domain =
      customDomain &&
      new apigatewayv2.DomainName(this, 'DomainName', {
        ...customDomain,
        securityPolicy: apigatewayv2.SecurityPolicy.TLS_1_2,
      });
    new apigatewayv2.HttpStage(this, 'Stage', {
      httpApi: this.api,
      stageName: '$default',
      autoDeploy: true,
      throttle: props.throttle,
      domainMapping: this.domain && { domainName: this.domain },
      accessLogSettings: {
        destination: new apigatewayv2.LogGroupLogDestination(props.accessLog),
        format: ACCESS_LOG_FORMAT,
      },
    });
    this.addRoutes(props);
    this.url = this.domain ? Fn.join('', ['https://', this.domain.name]) : this.api.apiEndpoint;
  }

  private addRoutes({ connect, routes, authorizeFor }: GatewayProps): void {
    const integration = new HttpLambdaIntegration('Connect', connect, {
      payloadFormatVersion: apigatewayv2.PayloadFormatVersion.VERSION_2_0,
    });
    const signedIn = authorizeFor && jwtAuthorization(authorizeFor);
    for (const route of routes) {
      const [method, path] = route.split(' ') as [apigatewayv2.HttpMethod, string];
      this.api.addRoutes({
        path: `${API_BASE_PATH}${path}`,
        methods: [method],
        integration,
        ...(!AUTHORIZED_BY_PATH.includes(route) && signedIn),
      });
    }
  }
}

/** Requires v2.0 tokens of the tenant (Microsoft identity platform, "Access token claims reference"). */
function jwtAuthorization({ tenantId, clientId, scope, roles }: EntraSignInSettings) {
  return {
    authorizer: new HttpJwtAuthorizer('Entra', `https://login.microsoftonline.com/${tenantId}/v2.0`, {
      jwtAudience: [clientId],
    }),
    // Tokens of applications have no scope, only roles, which the gateway does not check.
    ...(roles.length === 0 && { authorizationScopes: [scope] }),
  };
}
