import { join } from 'node:path';
import {
  DeleteMessageBatchCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { Env } from '../../contract/environment';
import { DEFAULT_EVENT_SOURCE, PARTITION_KEY } from '../../contract/shared';
import { TRIGGER_INDEX } from '../../contract/subscriptions';
import type { DeliveryMessage } from '../../lambda/delivery/core/delivery';
import { deliveryId } from '../../lambda/delivery/core/delivery-id';
import { documentClient } from '../../lambda/shared/adapters/dynamodb';
import { MeteredDynamoDb } from '../cost/metered-dynamodb';
import { type Child, startChild } from '../engines/child';
import { CREDENTIALS, functionEnvironment, type RunningEngines } from '../engines/engines';
import type { FunctionUsage } from '../engines/function-process';
import { writeItems } from '../engines/write-items';

/** What one event costs `dispatch`. */
export interface DispatchCost {
  readonly readUnits: number;
  readonly writeUnits: number;
  /** Requests of the function, by service and operation. */
  readonly requests: Readonly<Record<string, number>>;
  /** Messages of the event: its own, and one for each further page of subscriptions. */
  readonly messages: number;
  /** User and system time. */
  readonly cpuMs: number;
  /** From the first invocation to the end of the last one, without waits between invocations, milliseconds. */
  readonly ms: number;
  /** Largest resident set of the function's process so far, MB of 1,000,000 bytes. */
  readonly peakMb: number;
}

/** Messages of an event that were sent to `deliver`. */
export interface Sent {
  readonly deliveries: number;
  /** Different ids: flows receive each id once. */
  readonly ids: number;
  /** Largest number of different messages with one id. More than 1 is a defect: a repeated delivery is the same. */
  readonly variants: number;
}

const TRIGGER = 'data-source-refresh-failed';
/** Limit of the function's heap, MiB: what a function of 256 MB has beside code, stacks and buffers. */
const HEAP_MB = 128;
/** Interval at which the number of sent deliveries is read before a crash, milliseconds. */
const CRASH_POLL_MS = 5;

/** Runs the deployed bundle of `dispatch` on the embedded services, one message at a time. */
export class FanoutBench {
  private readonly sqs: SQSClient;
  private readonly dynamodb: DynamoDBDocumentClient;
  private readonly environment: Readonly<Record<string, string>>;
  private readonly units = { readUnits: 0, writeUnits: 0 };
  private readonly metered = new MeteredDynamoDb(({ readUnits, writeUnits }) => {
    this.units.readUnits += readUnits;
    this.units.writeUnits += writeUnits;
  });
  private dispatch: Child<unknown> | undefined;
  private endpoint = '';
  private events = 0;

  constructor(private readonly engines: RunningEngines) {
    const config = { region: engines.region, credentials: CREDENTIALS };
    this.sqs = new SQSClient({ ...config, endpoint: engines.sqs });
    this.dynamodb = documentClient({ ...config, endpoint: engines.dynamoDb });
    this.environment = functionEnvironment(engines, 'dispatch');
  }

  async start(): Promise<void> {
    this.endpoint = await this.metered.start();
    this.metered.connect(this.engines.dynamoDb, this.engines.region, this.engines.tables);
    await this.restart();
  }

  async stop(): Promise<void> {
    await this.dispatch?.stop();
    this.sqs.destroy();
    this.dynamodb.destroy();
    await this.metered.stop();
  }

  /** Adds subscriptions to failures of a data source, as `dispatch` sees them. Numbers have the same length. */
  async subscribe(dataSource: string, from: number, to: number, more: object = {}): Promise<void> {
    const items = function* () {
      for (let n = from; n < to; n++) {
        const name = `${dataSource}-${String(n).padStart(7, '0')}`;
        yield {
          [PARTITION_KEY]: name,
          [TRIGGER_INDEX.partitionKey]: `${TRIGGER}#default`,
          [TRIGGER_INDEX.sortKey]: `=${dataSource}#${name}`,
          uid: `00000000-0000-4000-8000-00000${String(n).padStart(7, '0')}`,
          filter: { dataSource },
          ...more,
        };
      }
    };
    await writeItems(this.dynamodb, this.engines.subscriptions, items());
  }

  /** Dispatches one event with a fresh function. */
  async measure(dataSource: string): Promise<DispatchCost> {
    await this.restart();
    // The first invocation of a process creates its connections.
    await this.play('none');
    await this.dispatch?.ask('usage');
    Object.assign(this.units, { readUnits: 0, writeUnits: 0 });
    const { messages, ms } = await this.play(dataSource);
    const usage = await this.dispatch?.ask<FunctionUsage>('usage');
    if (!usage) throw new Error('dispatch is not running');
    const { cpuMs, calls, peakMb } = usage;
    return { ...this.units, requests: calls, messages, cpuMs, ms, peakMb };
  }

  /** Kills the function while it sends an event, then lets another one finish. Returns how many were sent before. */
  async crash(dataSource: string, after: number): Promise<number> {
    const body = await this.put(dataSource);
    const invocation = this.invoke(body).catch(() => undefined);
    let sent = 0;
    while (sent < after) {
      await new Promise((resolve) => setTimeout(resolve, CRASH_POLL_MS));
      sent = await this.waiting();
    }
    await this.dispatch?.kill();
    await invocation;
    await this.restart();
    const before = await this.waiting();
    await this.finish([body]);
    return before;
  }

  /** Takes all deliveries from their queue. */
  async take(): Promise<Sent> {
    const byId = new Map<string, Set<string>>();
    let deliveries = 0;
    for (;;) {
      const bodies = await this.receive(Env.DELIVERIES_QUEUE_URL);
      if (bodies.length === 0) break;
      deliveries += bodies.length;
      for (const body of bodies) {
        const { subscription, event, acceptedAt: _, ...rest } = JSON.parse(body) as DeliveryMessage;
        const id = deliveryId(subscription, event.eventId);
        byId.set(id, (byId.get(id) ?? new Set()).add(JSON.stringify({ event, ...rest })));
      }
    }
    return { deliveries, ids: byId.size, variants: Math.max(0, ...[...byId.values()].map(({ size }) => size)) };
  }

  private async restart(): Promise<void> {
    await this.dispatch?.stop();
    const NODE_OPTIONS = `--max-old-space-size=${HEAP_MB}`;
    const environment = { ...this.environment, AWS_ENDPOINT_URL_DYNAMODB: this.endpoint, NODE_OPTIONS };
    this.dispatch = await startChild(join(__dirname, '..', 'engines', 'function-process.ts'), environment);
  }

  /** Dispatches an event and the messages that follow from it. */
  private async play(dataSource: string): Promise<{ readonly messages: number; readonly ms: number }> {
    return this.finish([await this.put(dataSource)]);
  }

  private async finish(bodies: string[]): Promise<{ readonly messages: number; readonly ms: number }> {
    let messages = 0;
    let ms = 0;
    for (let body = bodies.shift(); body !== undefined; body = bodies.shift()) {
      const start = performance.now();
      await this.invoke(body);
      ms += performance.now() - start;
      messages++;
      bodies.push(...(await this.receive(Env.TRIGGERS_QUEUE_URL)));
    }
    return { messages, ms };
  }

  /** An event as EventBridge sends it to the queue, received from there. */
  private async put(dataSource: string): Promise<string> {
    const time = new Date().toISOString();
    const body = JSON.stringify({
      version: '0',
      id: crypto.randomUUID(),
      'detail-type': 'DataSourceRefreshed',
      source: DEFAULT_EVENT_SOURCE,
      account: '000000000000',
      time,
      region: this.engines.region,
      resources: [],
      detail: {
        dataSource,
        runId: `nightly-${String(++this.events).padStart(4, '0')}`,
        status: 'Failed',
        error: 'No space left on the volume of the warehouse',
      },
    });
    const QueueUrl = this.environment[Env.TRIGGERS_QUEUE_URL];
    await this.sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: body }));
    const [received] = await this.receive(Env.TRIGGERS_QUEUE_URL);
    if (received === undefined) throw new Error('the queue did not return the event');
    return received;
  }

  private async invoke(body: string): Promise<void> {
    const event = { Records: [{ messageId: 'message', body }] } as unknown as SQSEvent;
    const response = await this.dispatch?.ask<SQSBatchResponse>(event);
    if (response?.batchItemFailures.length !== 0) throw new Error('dispatch did not process the event');
  }

  /** Receives and deletes up to ten messages. */
  private async receive(queue: string): Promise<string[]> {
    const QueueUrl = this.environment[queue];
    const { Messages = [] } = await this.sqs.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }));
    if (Messages.length > 0) {
      const Entries = Messages.map(({ MessageId, ReceiptHandle }) => ({ Id: MessageId, ReceiptHandle }));
      await this.sqs.send(new DeleteMessageBatchCommand({ QueueUrl, Entries }));
    }
    return Messages.map(({ Body }) => Body as string);
  }

  private async waiting(): Promise<number> {
    const { Attributes } = await this.sqs.send(
      new GetQueueAttributesCommand({
        QueueUrl: this.environment[Env.DELIVERIES_QUEUE_URL],
        AttributeNames: ['ApproximateNumberOfMessages'],
      }),
    );
    return Number(Attributes?.ApproximateNumberOfMessages ?? 0);
  }
}
