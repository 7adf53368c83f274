/** A route of an HTTP API. */
export interface HttpApiRoute {
  /** `METHOD /path`, with parameters such as `{id}` or `{proxy+}`, or `$default`. */
  readonly routeKey: string;
  readonly functionArn: string;
}

export interface RouteMatch {
  readonly route: HttpApiRoute;
  /** Decoded parameters of the path. */
  readonly parameters: Readonly<Record<string, string>>;
}

/**
 * Selects the most specific route (API Gateway developer guide, "Create routes for HTTP APIs", "Routing API requests"):
 * literal segments before parameters before a greedy parameter, the method before `ANY`, and `$default` last.
 * @param path percent-encoded, without query.
 */
export function matchRoute(routes: readonly HttpApiRoute[], method: string, path: string): RouteMatch | undefined {
  const segments = segmentsOf(path);
  const matches = routes.flatMap((route) => {
    const [verb = '', pattern] = route.routeKey.split(' ', 2);
    if (pattern === undefined || (verb !== method && verb !== 'ANY')) return [];
    const match = matchPath(segmentsOf(pattern), segments);
    return match ? [{ route, ...match, rank: `${match.rank}${verb === 'ANY' ? 1 : 0}` }] : [];
  });
  const [best] = matches.sort((a, b) => (a.rank < b.rank ? -1 : 1));
  if (best) return { route: best.route, parameters: best.parameters };
  const route = routes.find(({ routeKey }) => routeKey === '$default');
  return route && { route, parameters: {} };
}

const segmentsOf = (path: string): string[] => path.split('/').slice(1);

/** The rank has a digit for each segment, lower for more specific patterns. */
function matchPath(
  pattern: readonly string[],
  segments: readonly string[],
): { readonly parameters: Record<string, string>; readonly rank: string } | undefined {
  const parameters: Record<string, string> = {};
  let rank = '';
  for (const [n, part] of pattern.entries()) {
    const [, name, greedy] = /^\{([^}+]+)(\+)?\}$/.exec(part) ?? [];
    const segment = segments[n];
    if (name === undefined) {
      if (part !== segment) return undefined;
      rank += '0';
    } else if (!segment) {
      return undefined;
    } else if (greedy) {
      parameters[name] = segments.slice(n).map(decoded).join('/');
      return { parameters, rank: `${rank}2` };
    } else {
      parameters[name] = decoded(segment);
      rank += '1';
    }
  }
  return pattern.length === segments.length ? { parameters, rank } : undefined;
}

/** The text itself if it is not valid percent-encoding. */
export function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
