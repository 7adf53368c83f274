import { API_BASE_PATH, API_KEY_HEADER, type ConnectorRoute } from '../../contract/custom-connector';
import { Output } from '../../contract/outputs';
import { accessLogLine } from './access-log';
import type { CostBench } from './cost-bench';

export interface ApiRequest {
  readonly route: ConnectorRoute;
  /** Path with query, without `API_BASE_PATH`. Default: the path of the route. */
  readonly path?: string;
  /** Sent as JSON. */
  readonly body?: object;
}

export interface ApiResponse {
  readonly location: string | undefined;
  readonly body: Readonly<Record<string, unknown>>;
}

/** Sends metered requests to the API of a bench. */
export class ApiClient {
  private constructor(
    private readonly bench: CostBench,
    private readonly url: string,
    private readonly key: string,
    private readonly accessLogFormat: string,
    private readonly apiId: string,
  ) {}

  /** Creates an API key. Signs in once, because the first use of a day is recorded. */
  static async create(bench: CostBench): Promise<ApiClient> {
    const { stack, local, template, plan } = bench;
    const stage = Object.values(template.template.Resources).find(({ Type }) => Type === STAGE);
    const format = (stage?.Properties?.AccessLogSettings as { readonly Format?: string } | undefined)?.Format;
    const [api] = plan.apis;
    if (format === undefined || api === undefined) throw new Error('the template has no API with an access log');
    const key = await local.createKey('bench');
    const client = new ApiClient(bench, stack.outputs[Output.CONNECTOR_API_URL] as string, key, format, api.logicalId);
    await client.send({ route: 'GET /me' });
    return client;
  }

  /** @throws Error if the API refuses the request. */
  async send({ route, path, body }: ApiRequest): Promise<ApiResponse> {
    const [method, routePath] = route.split(' ') as [string, string];
    const headers = {
      // Power Automate sends the key with each request but DELETE.
      ...(method !== 'DELETE' && { [API_KEY_HEADER]: this.key }),
      ...(body && { 'content-type': 'application/json' }),
    };
    const sent = body && JSON.stringify(body);
    const response = await fetch(`${this.url}${API_BASE_PATH}${path ?? routePath}`, { method, headers, body: sent });
    const text = await response.text();
    if (!response.ok) throw new Error(`${route} was refused with ${response.status}: ${text}`);
    await this.bench.stack.whenIdle();
    const received = Object.fromEntries(response.headers);
    this.bench.meter.served(this.apiId, {
      requestBytes: JSON.stringify(headers).length + (sent?.length ?? 0),
      responseBytes: JSON.stringify(received).length + Buffer.byteLength(text),
      accessLogLine: accessLogLine(this.accessLogFormat, {
        route: `${method} ${API_BASE_PATH}${routePath}`,
        status: response.status,
        responseBytes: Buffer.byteLength(text),
      }),
    });
    return { location: received.location, body: text === '' ? {} : JSON.parse(text) };
  }
}

const STAGE = 'AWS::ApiGatewayV2::Stage';
