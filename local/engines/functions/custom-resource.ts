import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { jsonObject } from '../../shared/json';
import { TemplateError } from '../../shared/user-error';
import type { LambdaFunction } from './lambda';

/** A custom resource of the template. */
export interface CustomResourceInput {
  readonly logicalId: string;
  readonly type: string;
  /** ARN of the function that creates it. */
  readonly serviceToken: string;
  readonly properties: Readonly<Record<string, unknown>>;
}

/** Maximum bytes of a response (CloudFormation user guide, "Custom resource response objects"). */
const MAX_RESPONSE_BYTES = 4096;
/** Maximum bytes of a physical id (the same page). */
const MAX_PHYSICAL_ID_BYTES = 1024;
const PATH = '/custom-resource-responses/';

/**
 * Creates custom resources like CloudFormation (user guide, "Custom resource request objects" and "Custom resource
 * response objects"): invokes the function, which sends its response to the URL in the request.
 */
export class CustomResources {
  private readonly responses = new Map<string, string>();

  /** @param endpoint URL of the server that calls `handle`. */
  constructor(
    private readonly endpoint: string,
    private readonly stackId: string,
  ) {}

  /** Handles a custom resource's response. Returns false, without touching the request, for any other request. */
  handle(request: IncomingMessage, response: ServerResponse): boolean {
    if (request.method !== 'PUT' || !request.url?.startsWith(PATH)) return false;
    const id = request.url.slice(PATH.length);
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      this.responses.set(id, Buffer.concat(chunks).toString());
      response.writeHead(200, { 'content-length': 0 }).end();
    });
    return true;
  }

  /**
   * Creates a resource. Returns its physical id.
   * @throws TemplateError if the function reports a failure, or sends a response that CloudFormation would reject.
   */
  async create(
    { logicalId, type, serviceToken, properties }: CustomResourceInput,
    fn: LambdaFunction,
  ): Promise<string> {
    const fail = (why: string): never => {
      throw new TemplateError(`${logicalId} (${type})`, why);
    };
    const RequestId = randomUUID();
    const same = { StackId: this.stackId, RequestId, LogicalResourceId: logicalId };
    const result = await fn.invoke({
      RequestType: 'Create',
      ServiceToken: serviceToken,
      ResponseURL: `${this.endpoint}${PATH}${RequestId}`,
      ResourceType: type,
      ResourceProperties: texts(properties),
      ...same,
    });
    const text = this.responses.get(RequestId);
    this.responses.delete(RequestId);
    if (text === undefined) {
      const why = result.ok ? 'it sent no response' : `${result.errorType}: ${result.errorMessage}`;
      return fail(`its function ${fn.input.logicalId} failed: ${why}`);
    }
    if (Buffer.byteLength(text) > MAX_RESPONSE_BYTES) fail(`the response has more than ${MAX_RESPONSE_BYTES} bytes`);
    const response = jsonObject(text) ?? fail('the response is not a JSON object');
    for (const [field, value] of Object.entries(same)) {
      if (response[field] !== value) fail(`the response's ${field} differs from that of the request`);
    }
    const { Status, Reason, PhysicalResourceId } = response;
    if (Status === 'FAILED') fail(typeof Reason === 'string' && Reason !== '' ? Reason : 'it failed without a reason');
    if (Status !== 'SUCCESS') fail("the response's Status is neither SUCCESS nor FAILED");
    if (typeof PhysicalResourceId !== 'string' || PhysicalResourceId === '') {
      return fail("the response's PhysicalResourceId is not a string");
    }
    if (Buffer.byteLength(PhysicalResourceId) > MAX_PHYSICAL_ID_BYTES) {
      fail(`the response's PhysicalResourceId has more than ${MAX_PHYSICAL_ID_BYTES} bytes`);
    }
    return PhysicalResourceId;
  }
}

/** CloudFormation passes numbers and booleans as strings. */
function texts(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(texts);
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, texts(inner)]));
  }
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : value;
}
