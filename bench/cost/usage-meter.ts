import type { AwsCall } from '../../local/engines/protocol/calls';
import type { Plan } from '../../local/template/model/plan';
import { ASSUMED } from './assumed';
import { NOTHING, type Unit, type Units } from './bill';
import type { MeteredCall } from './metered-dynamodb';

/** Size of a request that API Gateway charges for (aws.amazon.com/api-gateway/pricing, "HTTP APIs"), bytes. */
const API_CHUNK_BYTES = 512 * 1024;

/** A request to the API and its response, with their headers. */
export interface ServedRequest {
  readonly requestBytes: number;
  readonly responseBytes: number;
  readonly accessLogLine: string;
}

/** Counts billed units by the function that they belong to, or the bus. */
export class UsageMeter {
  /** Custom metrics seen, by name and dimensions. */
  readonly metrics = new Set<string>();
  readonly failures: string[] = [];
  private counts = new Map<string, Record<Unit, number>>();

  constructor(private readonly plan: Plan) {}

  /** The units since the last call, by function. */
  take(): Map<string, Units> {
    const { counts } = this;
    this.counts = new Map();
    return counts;
  }

  metered({ accessKeyId, ...units }: MeteredCall): void {
    for (const [unit, amount] of Object.entries(units)) this.add(accessKeyId, unit as Unit, amount);
  }

  called({ accessKeyId, service, input }: AwsCall): void {
    const fn = this.plan.functions.find(({ logicalId }) => logicalId === accessKeyId);
    if (!fn) return;
    const chunks = Math.max(1, Math.ceil(JSON.stringify(input).length / ASSUMED.chunkBytes));
    if (service === 'sqs') this.add(accessKeyId, 'sqsRequests', chunks);
    if (service === 'kms') this.add(accessKeyId, 'kmsRequests', 1);
    // `event` counts all events for the bus. Events of a function are moved to the function.
    if (service === 'events') {
      const puts = (input.Entries as unknown[]).length;
      this.add(accessKeyId, 'events', puts);
      this.add('Events', 'events', -puts);
    }
    this.add(accessKeyId, 'lambdaGbSeconds', gbSeconds(fn.memoryMb, ASSUMED.msOfCall));
  }

  event(bytes: number, rules: readonly string[]): void {
    this.add('Events', 'events', Math.ceil(bytes / ASSUMED.chunkBytes));
    for (const logicalId of rules) {
      for (const { arn } of this.plan.rules.find((rule) => rule.logicalId === logicalId)?.targets ?? []) {
        const reader = this.plan.eventSources.find(({ queueArn }) => queueArn === arn);
        // SQS charges for messages that EventBridge sends.
        if (reader) this.add(this.functionOf(reader.functionArn), 'sqsRequests', 1);
      }
    }
  }

  /** @param event what the function received: messages of a queue, an event of a schedule, or a request to the API. */
  invoked(functionId: string, event: unknown): void {
    const fn = this.plan.functions.find(({ logicalId }) => logicalId === functionId);
    const isPolled = Object.hasOwn(event as object, 'Records');
    const posts = fn?.environment.POWERTOOLS_SERVICE_NAME === 'deliver' && isPolled;
    const ms = ASSUMED.msOfInvocation + (posts ? ASSUMED.msOfFlow : 0);
    this.add(functionId, 'lambdaRequests', 1);
    this.add(functionId, 'lambdaGbSeconds', gbSeconds(fn?.memoryMb ?? 0, ms));
    this.add(functionId, 'logBytes', ASSUMED.platformLogBytes);
    // The poller receives the batch and deletes it.
    if (isPolled) this.add(functionId, 'sqsRequests', 2);
  }

  logged(functionId: string, line: string): void {
    if (line.startsWith('ERROR\t')) this.failures.push(line);
    this.add(functionId, 'logBytes', Buffer.byteLength(line));
    if (!line.includes('"_aws"')) return;
    const { _aws: embedded, ...rest } = JSON.parse(line);
    for (const { Metrics, Dimensions } of embedded.CloudWatchMetrics) {
      for (const { Name } of Metrics) {
        for (const names of Dimensions)
          this.metrics.add(JSON.stringify([Name, names.map((name: string) => rest[name])]));
      }
    }
  }

  /** A request to the API, apart from the invocation of its function. */
  served(apiId: string, { requestBytes, responseBytes, accessLogLine }: ServedRequest): void {
    const bytes = Math.max(requestBytes, responseBytes);
    this.add(apiId, 'apiRequests', Math.max(1, Math.ceil(bytes / API_CHUNK_BYTES)));
    this.add(apiId, 'logBytes', Buffer.byteLength(accessLogLine));
    this.add(apiId, 'internetBytes', responseBytes);
  }

  posted(bytes: number): void {
    const fn = this.plan.functions.find(({ environment }) => environment.POWERTOOLS_SERVICE_NAME === 'deliver');
    this.add(fn?.logicalId ?? '', 'internetBytes', bytes);
  }

  functionOf(functionArn: string): string {
    return this.plan.functions.find(({ arn }) => arn === functionArn)?.logicalId ?? functionArn;
  }

  private add(place: string, unit: Unit, amount: number): void {
    const units = this.counts.get(place) ?? { ...NOTHING };
    units[unit] += amount;
    this.counts.set(place, units);
  }
}

const gbSeconds = (memoryMb: number, ms: number): number => (memoryMb / 1024) * (ms / 1000);
