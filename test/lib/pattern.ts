/**
 * As much of EventBridge's matching as the connector's patterns use: exact values, `anything-but` a list, `exists: false`
 * and a `$or` at the top. After AWS's Event Ruler: `exists` is about leaves, so an object does not exist.
 */
export function matches(pattern: Fields, event: Fields): boolean {
  return Object.entries(pattern).every(([name, wanted]) => {
    if (name === '$or') return (wanted as Fields[]).some((one) => matches(one, event));
    const actual = event[name];
    if (Array.isArray(wanted)) return wanted.some((matcher) => matchesLeaf(matcher, actual));
    return matches(wanted as Fields, isObject(actual) ? actual : {});
  });
}

type Fields = Record<string, unknown>;

function matchesLeaf(matcher: unknown, actual: unknown): boolean {
  const exists = actual !== undefined && !isObject(actual);
  if (!isObject(matcher)) return exists && matcher === actual;
  if (matcher.exists === false) return !exists;
  if (Array.isArray(matcher['anything-but'])) return exists && !matcher['anything-but'].includes(actual);
  throw new Error(`this matcher does not know ${JSON.stringify(matcher)}: add it`);
}

const isObject = (value: unknown): value is Fields => typeof value === 'object' && value !== null;
