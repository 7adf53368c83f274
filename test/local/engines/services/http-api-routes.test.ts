import { describe, expect, it } from 'vitest';
import { matchRoute } from '../../../../local/engines/services/http-api-routes';

const routes = (...keys: string[]) => keys.map((routeKey) => ({ routeKey, functionArn: routeKey }));
const match = (keys: readonly string[], method: string, path: string) => {
  const found = matchRoute(routes(...keys), method, path);
  return found && [found.route.routeKey, found.parameters];
};

describe('the route of a request', () => {
  it.each<[string, string[], string, string, unknown]>([
    ['has the method and the path', ['GET /a', 'POST /a'], 'POST', '/a', ['POST /a', {}]],
    ['has a parameter', ['GET /a/{id}'], 'GET', '/a/1', ['GET /a/{id}', { id: '1' }]],
    [
      'has decoded parameters',
      ['GET /a/{id}'],
      'GET',
      '/a/VIP%20customers%2FA',
      ['GET /a/{id}', { id: 'VIP customers/A' }],
    ],
    ['keeps a parameter that is wrongly encoded', ['GET /a/{id}'], 'GET', '/a/%zz', ['GET /a/{id}', { id: '%zz' }]],
    ['is literal rather than a parameter', ['GET /a/{id}', 'GET /a/b'], 'GET', '/a/b', ['GET /a/b', {}]],
    [
      'is a parameter rather than greedy',
      ['GET /a/{all+}', 'GET /a/{id}'],
      'GET',
      '/a/b',
      ['GET /a/{id}', { id: 'b' }],
    ],
    ['is greedy for several segments', ['GET /a/{all+}'], 'GET', '/a/b/c', ['GET /a/{all+}', { all: 'b/c' }]],
    ['has the method rather than ANY', ['ANY /a', 'GET /a'], 'GET', '/a', ['GET /a', {}]],
    ['is ANY for another method', ['ANY /a', 'GET /a'], 'PUT', '/a', ['ANY /a', {}]],
    ['is $default otherwise', ['GET /a', '$default'], 'GET', '/b', ['$default', {}]],
    ['is none for another method', ['GET /a'], 'POST', '/a', undefined],
    ['is none for more segments', ['GET /a'], 'GET', '/a/b', undefined],
    ['is none for fewer segments', ['GET /a/{id}'], 'GET', '/a', undefined],
    ['is none for an empty segment', ['GET /a/{id}'], 'GET', '/a/', undefined],
  ])('%s', (_, keys, method, path, expected) => {
    expect(match(keys, method, path)).toEqual(expected);
    expect(match(keys.toReversed(), method, path)).toEqual(expected);
  });
});
