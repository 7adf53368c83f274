import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import type { ApiRequest, ApiResponse } from '../core/http';

/**
 * Reads an event of API Gateway (API Gateway developer guide, "Create AWS Lambda proxy integrations for HTTP APIs", payload
 * format 2.0). API Gateway sets `domainName` and `x-forwarded-proto`, whatever the caller sends.
 */
export function requestOf(event: APIGatewayProxyEventV2): ApiRequest {
  const { routeKey, pathParameters = {}, queryStringParameters = {}, headers, body, isBase64Encoded } = event;
  return {
    route: routeKey,
    parameters: pathParameters,
    query: queryStringParameters,
    headers,
    ...(body !== undefined && { body: Buffer.from(body, isBase64Encoded ? 'base64' : 'utf8') }),
    // Only the local run uses http.
    origin: `${headers['x-forwarded-proto'] === 'http' ? 'http' : 'https'}://${event.requestContext.domainName}`,
  };
}

export const resultOf = ({ status, headers, body }: ApiResponse): APIGatewayProxyStructuredResultV2 => ({
  statusCode: status,
  headers: {
    'cache-control': 'no-store',
    ...(body !== undefined && { 'content-type': 'application/json' }),
    ...headers,
  },
  body: body === undefined ? '' : JSON.stringify(body),
});
