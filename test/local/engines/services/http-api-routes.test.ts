import { describe, expect, it } from 'vitest';
import { matchRoute } from '../../../../local/engines/services/http-api-routes';

/** From the least to the most specific, so that the order of the list cannot select the expected route. */
const ROUTES = [
  '$default',
  'ANY /{proxy+}',
  'GET /{proxy+}',
  'ANY /flows/{proxy+}',
  'GET /flows/{id}',
  'ANY /flows/all',
  'GET /flows/all',
  'DELETE /flows/{id}/runs/{run}',
  'ANY /',
].map((routeKey) => ({ routeKey, functionArn: 'arn' }));

describe('matchRoute', () => {
  it.each<readonly [string, string, string, string, Readonly<Record<string, string>>]>([
    ['the method before ANY', 'GET', '/flows/all', 'GET /flows/all', {}],
    ['ANY for another method', 'POST', '/flows/all', 'ANY /flows/all', {}],
    ['a parameter before a greedy one', 'GET', '/flows/7', 'GET /flows/{id}', { id: '7' }],
    ['a longer literal path before the method', 'PUT', '/flows/7', 'ANY /flows/{proxy+}', { proxy: '7' }],
    ['several parameters', 'DELETE', '/flows/7/runs/9', 'DELETE /flows/{id}/runs/{run}', { id: '7', run: '9' }],
    ['a greedy parameter of several segments', 'GET', '/flows/7/x', 'ANY /flows/{proxy+}', { proxy: '7/x' }],
    ['the method of greedy routes', 'GET', '/other', 'GET /{proxy+}', { proxy: 'other' }],
    ['upper case as another path', 'GET', '/FLOWS/all', 'GET /{proxy+}', { proxy: 'FLOWS/all' }],
    ['a trailing slash as another path', 'GET', '/flows/all/', 'ANY /flows/{proxy+}', { proxy: 'all/' }],
    ['no empty parameter', 'GET', '/flows/', 'GET /{proxy+}', { proxy: 'flows/' }],
    ['an empty segment as another path', 'GET', '//flows', '$default', {}],
    ['the root', 'GET', '/', 'ANY /', {}],
    ['an encoded parameter', 'GET', '/flows/a%2Fb%20%C3%A9', 'GET /flows/{id}', { id: 'a/b é' }],
    ['an invalid encoding as it is', 'GET', '/flows/100%', 'GET /flows/{id}', { id: '100%' }],
  ])('selects %s', (_, method, path, routeKey, parameters) => {
    for (const routes of [ROUTES, ROUTES.toReversed()]) {
      const match = matchRoute(routes, method, path);
      expect({ routeKey: match?.route.routeKey, parameters: match?.parameters }).toEqual({ routeKey, parameters });
    }
  });

  it('has no match without $default', () => {
    const [route] = ROUTES.filter(({ routeKey }) => routeKey === 'GET /flows/all');
    if (!route) throw new Error('no such route');
    expect(matchRoute([route], 'POST', '/flows/all')).toBeUndefined();
    expect(matchRoute([route], 'GET', '/flows/all/')).toBeUndefined();
    expect(matchRoute([route], 'GET', '/flows')).toBeUndefined();
  });
});
