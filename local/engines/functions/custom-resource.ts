import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { TemplateError } from '../../shared/user-error';
import type { LambdaFunction } from './lambda';

/** A custom resource of the template. */
export interface CustomResourceInput {
  readonly logicalId: string;
  readonly type: string;
  /** ARN of the function that makes it. */
  readonly serviceToken: string;
  readonly properties: Readonly<Record<string, unknown>>;
}

/** Largest answer, bytes (CloudFormation user guide, "Custom resource response objects"). */
const MAX_ANSWER_BYTES = 4096;
/** Longest physical id, bytes (the same page). */
const MAX_PHYSICAL_ID_BYTES = 1024;
const PATH = '/custom-resource-answers/';

interface Answer {
  readonly Status?: unknown;
  readonly Reason?: unknown;
  readonly PhysicalResourceId?: unknown;
  readonly [field: string]: unknown;
}

/**
 * Makes custom resources as CloudFormation does (user guide, "Custom resource request objects" and "Custom resource response
 * objects"): calls the function, which puts its answer to a URL of its own.
 */
export class CustomResources {
  private readonly answers = new Map<string, string>();

  /** @param endpoint where `handle` gets the requests that come. */
  constructor(
    private readonly endpoint: string,
    private readonly stackId: string,
  ) {}

  /** Takes an answer; false when the request is none. */
  handle(request: IncomingMessage, response: ServerResponse): boolean {
    if (request.method !== 'PUT' || !request.url?.startsWith(PATH)) return false;
    const id = request.url.slice(PATH.length);
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      this.answers.set(id, Buffer.concat(chunks).toString());
      response.writeHead(200, { 'content-length': 0 }).end();
    });
    return true;
  }

  /**
   * Makes a resource and gives its physical id.
   * @throws TemplateError where the function says that it failed, or does not answer as CloudFormation wants it.
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
    const text = this.answers.get(RequestId);
    this.answers.delete(RequestId);
    if (text === undefined) {
      const why = result.ok ? 'it did not answer' : `${result.errorType}: ${result.errorMessage}`;
      return fail(`its function ${fn.input.logicalId} failed: ${why}`);
    }
    if (Buffer.byteLength(text) > MAX_ANSWER_BYTES) fail(`the answer has more than ${MAX_ANSWER_BYTES} bytes`);
    const answer = parsed(text) ?? fail('the answer is no JSON object');
    for (const [field, value] of Object.entries(same)) {
      if (answer[field] !== value) fail(`the answer's ${field} is not that of the request`);
    }
    const { Status, Reason, PhysicalResourceId } = answer;
    if (Status === 'FAILED') fail(typeof Reason === 'string' && Reason !== '' ? Reason : 'it failed without a reason');
    if (Status !== 'SUCCESS') fail("the answer's Status is neither SUCCESS nor FAILED");
    if (typeof PhysicalResourceId !== 'string' || PhysicalResourceId === '') {
      return fail("the answer's PhysicalResourceId is no text");
    }
    if (Buffer.byteLength(PhysicalResourceId) > MAX_PHYSICAL_ID_BYTES) {
      fail(`the answer's PhysicalResourceId has more than ${MAX_PHYSICAL_ID_BYTES} bytes`);
    }
    return PhysicalResourceId;
  }
}

/** CloudFormation hands numbers and booleans on as texts. */
function texts(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(texts);
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, texts(inner)]));
  }
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : value;
}

function parsed(text: string): Answer | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Answer) : undefined;
  } catch {
    return undefined;
  }
}
