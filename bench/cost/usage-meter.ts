import type { FunctionInput } from '../../local/engines/functions/sandbox';
import type { AwsCall } from '../../local/engines/protocol/calls';
import type { Plan } from '../../local/template/model/plan';
import { ASSUMED } from './assumed';
import { NOTHING, type Unit, type Units } from './bill';
import type { MeteredCall } from './metered-dynamodb';
import type { Count } from './parts';

/** Size of a request that API Gateway charges for (aws.amazon.com/api-gateway/pricing, "HTTP APIs"), bytes. */
const API_CHUNK_BYTES = 512 * 1024;

/** A request to the API and its response, with their headers. */
export interface ServedRequest {
  readonly requestBytes: number;
  readonly responseBytes: number;
  readonly accessLogLine: string;
}

/** Counts billed units by the function or bus that they belong to, and by the kind of request or log line. */
export class UsageMeter {
  /** Custom metrics seen, by name and dimensions. */
  readonly metrics = new Set<string>();
  readonly failures: string[] = [];
  private counts = new Map<string, Count & { requests: number; readonly units: Record<Unit, number> }>();

  constructor(
    private readonly plan: Plan,
    private readonly run: {
      /** Messages in each batch, which a function processes concurrently. */
      readonly batch: number;
      /** Logical ids of functions whose successful invocations Lambda does not log. */
      readonly quiet: ReadonlySet<string>;
    },
  ) {}

  /** What was used since the last call. */
  take(): Count[] {
    const counts = [...this.counts.values()];
    this.counts = new Map();
    return counts;
  }

  metered({ accessKeyId, operation, ...units }: MeteredCall): void {
    this.add(accessKeyId, `dynamodb ${operation}`, units);
  }

  called({ accessKeyId, service, operation, input }: AwsCall): void {
    const fn = this.plan.functions.find(({ logicalId }) => logicalId === accessKeyId);
    if (!fn) return;
    const what = `${service} ${operation}`;
    const bytes = JSON.stringify(input).length;
    if (service === 'sqs') this.add(accessKeyId, what, { sqsRequests: chunksOf(bytes) });
    if (service === 'kms') this.add(accessKeyId, what, { kmsRequests: 1 });
    // `event` counts all events for the bus. Events of a function are moved to the function.
    if (service === 'events') {
      const puts = (input.Entries as unknown[]).length;
      this.add(accessKeyId, what, { events: puts });
      this.add('Events', 'events', { events: -puts }, -puts);
    }
    // The messages of a batch are processed concurrently: together, they wait as long as one of them.
    const ms = durationMs(fn, ASSUMED.msOfCall / this.run.batch, ASSUMED.cpuMsOfCall);
    this.add(accessKeyId, 'lambda', { lambdaGbSeconds: gbSeconds(fn, ms) }, 0);
  }

  event(bytes: number, rules: readonly string[]): void {
    this.add('Events', 'events', { events: chunksOf(bytes) });
    for (const logicalId of rules) {
      for (const { arn } of this.plan.rules.find((rule) => rule.logicalId === logicalId)?.targets ?? []) {
        const reader = this.plan.eventSources.find(({ queueArn }) => queueArn === arn);
        // SQS charges for messages that EventBridge sends.
        if (reader) this.add(this.functionOf(reader.functionArn), 'sqs message of EventBridge', { sqsRequests: 1 });
      }
    }
  }

  /** @param event what the function received: messages of a queue, an event of a schedule, or a request to the API. */
  invoked(functionId: string, event: unknown): void {
    const fn = this.plan.functions.find(({ logicalId }) => logicalId === functionId);
    if (!fn) return;
    const { Records } = event as { readonly Records?: readonly unknown[] };
    const posts = isDeliver(fn) && Records ? Records.length : 0;
    const ms = durationMs(
      fn,
      posts > 0 ? ASSUMED.msOfFlow : 0,
      ASSUMED.cpuMsOfInvocation + posts * ASSUMED.cpuMsOfPost,
    );
    this.add(functionId, 'lambda', { lambdaRequests: 1, lambdaGbSeconds: gbSeconds(fn, ms) });
    if (!this.run.quiet.has(functionId)) this.add(functionId, 'log platform', { logBytes: ASSUMED.platformLogBytes });
    // The poller receives the batch and deletes it.
    if (Records) this.add(functionId, 'sqs receive and delete', { sqsRequests: 2 }, 2);
  }

  logged(functionId: string, line: string): void {
    if (line.startsWith('ERROR\t')) this.failures.push(line);
    const { _aws: embedded, message, ...rest } = line.startsWith('{') ? JSON.parse(line) : { message: line };
    this.add(functionId, `log ${embedded ? 'metrics' : message}`, { logBytes: Buffer.byteLength(line) });
    for (const { Metrics, Dimensions } of embedded?.CloudWatchMetrics ?? []) {
      for (const { Name } of Metrics) {
        for (const names of Dimensions)
          this.metrics.add(JSON.stringify([Name, names.map((name: string) => rest[name])]));
      }
    }
  }

  /** A request to the API, apart from the invocation of its function. */
  served(apiId: string, { requestBytes, responseBytes, accessLogLine }: ServedRequest): void {
    const bytes = Math.max(requestBytes, responseBytes);
    const apiRequests = Math.max(1, Math.ceil(bytes / API_CHUNK_BYTES));
    this.add(apiId, 'request and response', { apiRequests, internetBytes: responseBytes });
    this.add(apiId, 'log access', { logBytes: Buffer.byteLength(accessLogLine) });
  }

  posted(bytes: number): void {
    this.add(this.plan.functions.find(isDeliver)?.logicalId ?? '', 'POST to a flow', { internetBytes: bytes });
  }

  functionOf(functionArn: string): string {
    return this.plan.functions.find(({ arn }) => arn === functionArn)?.logicalId ?? functionArn;
  }

  private add(place: string, what: string, used: Partial<Units>, requests = 1): void {
    const key = `${place} ${what}`;
    const count = this.counts.get(key) ?? { place, what, requests: 0, units: { ...NOTHING } };
    count.requests += requests;
    for (const [unit, amount] of Object.entries(used)) count.units[unit as Unit] += amount;
    this.counts.set(key, count);
  }
}

const isDeliver = ({ environment }: FunctionInput): boolean => environment.POWERTOOLS_SERVICE_NAME === 'deliver';

const chunksOf = (bytes: number): number => Math.max(1, Math.ceil(bytes / ASSUMED.chunkBytes));

/** Duration of work with a share of a CPU that is proportional to the memory. */
const durationMs = ({ memoryMb }: FunctionInput, waitMs: number, cpuMs: number): number =>
  waitMs + (cpuMs * ASSUMED.memoryMbOfCpu) / memoryMb;

const gbSeconds = ({ memoryMb }: FunctionInput, ms: number): number => (memoryMb / 1024) * (ms / 1000);
