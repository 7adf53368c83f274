import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { API_BASE_PATH, CONNECTOR_ACTIONS, connectorRoutes } from '../../../contract/custom-connector';
import { requestOf, resultOf } from '../../../lambda/custom-connector/adapters/http-event';
import { type ApiPorts, serve } from '../../../lambda/custom-connector/core/api';
import { matchRoute } from '../../../local/engines/services/http-api-routes';
import type { HttpClient, HttpRequest, HttpResponse } from '../../../local/power-automate/requests';
import type { MemoryApi } from '../memory/memory-api';

const ROUTES = connectorRoutes(CONNECTOR_ACTIONS).map((route) => ({
  routeKey: route.replace(' ', ` ${API_BASE_PATH}`),
  functionArn: '',
}));

/** Sends a request as API Gateway does. */
export async function sendTo({ method, url, headers, body }: HttpRequest, ports: ApiPorts): Promise<HttpResponse> {
  const { pathname, searchParams, host } = new URL(url);
  const match = matchRoute(ROUTES, method, pathname);
  if (!match) return { status: 404, headers: {}, body: '' };
  const event = {
    routeKey: match.route.routeKey,
    pathParameters: match.parameters,
    queryStringParameters: Object.fromEntries(searchParams),
    headers,
    requestContext: { domainName: host },
    isBase64Encoded: false,
    ...(body !== undefined && { body }),
  } as unknown as APIGatewayProxyEventV2;
  const { statusCode = 0, body: text = '', headers: received } = resultOf(await serve(requestOf(event), ports));
  return { status: statusCode, headers: received as HttpResponse['headers'], body: text };
}

export const requestTo =
  (api: MemoryApi): HttpClient =>
  (request) =>
    sendTo(request, api.ports());
