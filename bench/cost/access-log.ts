/** A request, as an entry of the access log describes it. */
export interface AccessLogEntry {
  /** Such as `GET /v1/segments`. */
  readonly route: string;
  readonly status: number;
  readonly responseBytes: number;
}

/**
 * Fills in the format of an access log. Values that do not exist on this machine have the length of those of API Gateway
 * (API Gateway developer guide, "Customize HTTP API access logs").
 * @throws Error for a variable without a rule.
 */
export function accessLogLine(format: string, { route, status, responseBytes }: AccessLogEntry): string {
  const values: Readonly<Record<string, string | number>> = {
    requestId: 'JKJaXmPLvHcESHA=',
    requestTime: '10/Mar/2026:03:44:40 +0000',
    'identity.sourceIp': '203.0.113.100',
    routeKey: route,
    status,
    integrationStatus: status,
    responseLatency: 50,
    responseLength: responseBytes,
    // No error.
    'error.responseType': '-',
  };
  return format.replaceAll(/\$context\.([\w.]+)/g, (_, name) => {
    const value = values[name];
    if (value === undefined) throw new Error(`no rule for $context.${name} in the access log`);
    return String(value);
  });
}
