import { SendMessageBatchCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { REJECTION_REASON_ATTRIBUTE } from '../../../contract/shared';
import type { Chance } from '../world/chance';
import type { Network, Worker } from '../world/network';
import type { World } from '../world/world';
import { named } from './dynamodb';

export interface Message {
  readonly id: string;
  readonly body: string;
  /** The tenant of the message, for fair queues. */
  readonly group?: string;
  /** Why it was rejected. */
  readonly reason?: string;
  /** Its queue, if its redrive policy moved it to a dead-letter queue. */
  readonly from?: SimulatedQueue;
  received: number;
}

interface SendOptions {
  readonly delaySeconds?: number;
  /** Why the message was rejected. */
  readonly reason?: string;
  readonly group?: string;
}

/** Messages of a group in flight from which the group is noisy. SQS documents no number. */
const NOISY = 5;

/**
 * A standard queue (SQS developer guide, "Amazon SQS standard queues", "Amazon SQS visibility timeout", "Using dead-letter
 * queues in Amazon SQS", "Amazon SQS fair queues"): at least once, in no order, with delays. While many messages of a group
 * are in flight, messages of other groups come first.
 */
export class SimulatedQueue {
  deadLetter: SimulatedQueue | undefined;
  private readonly ready: Message[] = [];
  private readonly inFlight = new Set<Message>();
  private readonly waiting = new Map<Message, number>();
  private ids = 0;
  private readonly chance: Chance;
  /** Called when a message was processed. */
  onDelete: (message: Message) => void = () => {};
  /** Called when a message can be received. */
  onReady: () => void = () => {};

  constructor(
    readonly name: string,
    readonly arn: string,
    readonly url: string,
    readonly visibilityMs: number,
    private readonly maxReceives: number,
    private readonly world: World,
  ) {
    this.chance = world.chance.of(`queue ${name}`);
  }

  send(body: string, { delaySeconds = 0, reason, group }: SendOptions = {}): void {
    const { faults } = this.world;
    const message = { id: `${this.name}-${++this.ids}`, body, group, reason, received: 0 };
    const extra = () => (faults.happens('message delayed') ? this.chance.between(1000, 300_000) : 0);
    this.appearAfter(message, delaySeconds * 1000 + extra());
    if (faults.happens('message duplicated')) {
      this.appearAfter({ ...message }, delaySeconds * 1000 + this.chance.mostlySmall(0, 600_000));
    }
  }

  /** Stores a message that could not be sent to another queue. A redrive sends it there. */
  sendFor(queue: SimulatedQueue, body: string): void {
    this.take({ id: `${this.name}-${++this.ids}`, body, from: queue, received: 0 });
  }

  receive(max: number): Message[] {
    const batch: Message[] = [];
    while (batch.length < max && this.ready.length > 0) {
      const overtaken = this.ready.length > 1 && this.world.faults.happens('message overtaken');
      const at = overtaken ? this.chance.between(1, this.ready.length - 1) : this.fairest();
      const [message] = this.ready.splice(at, 1) as [Message];
      message.received++;
      const { deadLetter } = this;
      const isDead = message.received > this.maxReceives;
      if (deadLetter && (isDead || this.world.faults.happens('message to the dead-letter queue'))) {
        this.world.trace.add(this.name, `${message.id} to the dead-letter queue`);
        deadLetter.take({ ...message, from: this });
        continue;
      }
      this.inFlight.add(message);
      batch.push(message);
    }
    return batch;
  }

  /** Position of the next message: the first one, unless its group is noisy and another one is not. */
  private fairest(): number {
    if (this.inFlight.size < NOISY) return 0;
    const inFlight = new Map<string, number>();
    for (const { group } of this.inFlight) if (group !== undefined) inFlight.set(group, (inFlight.get(group) ?? 0) + 1);
    const isQuiet = ({ group }: Message) => group === undefined || (inFlight.get(group) ?? 0) < NOISY;
    return Math.max(0, this.ready.findIndex(isQuiet));
  }

  delete(message: Message): void {
    this.inFlight.delete(message);
    this.onDelete(message);
  }

  /** Makes a received message visible again once its visibility timeout has ended. */
  giveBack(message: Message, receivedAt: number): void {
    this.inFlight.delete(message);
    this.appearAfter(message, Math.max(0, receivedAt + this.visibilityMs - this.world.clock()));
  }

  /** Moves the messages of a dead-letter queue back to their queues (API reference, StartMessageMoveTask). */
  redrive(): number {
    const moved = this.ready.filter(({ from }) => from);
    const kept = this.ready.filter(({ from }) => !from);
    this.ready.splice(0, this.ready.length, ...kept);
    for (const message of moved) message.from?.take({ ...message, from: undefined, received: 0 });
    return moved.length;
  }

  get messages(): readonly Message[] {
    return this.ready;
  }

  /** All messages, also delayed ones and those in flight. */
  get size(): number {
    return this.ready.length + this.inFlight.size + this.waiting.size;
  }

  /** The contents of all messages, for an observer: those that can be received in their order. */
  contents(): readonly (readonly string[])[] {
    const textOf = ({ body, received }: Message) => `${received} ${body}`;
    return [
      this.ready.map(textOf),
      [...this.inFlight].map(textOf).toSorted(),
      [...this.waiting].map(([message, at]) => `${at} ${textOf(message)}`).toSorted(),
    ];
  }

  get hasReady(): boolean {
    return this.ready.length > 0;
  }

  private take(message: Message): void {
    this.ready.push(message);
    this.onReady();
  }

  private appearAfter(message: Message, milliseconds: number): void {
    this.waiting.set(message, this.world.clock() + milliseconds);
    this.world.after(milliseconds, () => {
      this.waiting.delete(message);
      this.take(message);
    });
  }
}

/** The queues of a connector, and clients for them. */
export class SimulatedSqs {
  private readonly byUrl: ReadonlyMap<string, SimulatedQueue>;
  private readonly byArn: ReadonlyMap<string, SimulatedQueue>;

  constructor(
    readonly queues: readonly SimulatedQueue[],
    private readonly world: World,
    private readonly network: Network,
  ) {
    this.byUrl = new Map(queues.map((queue) => [queue.url, queue]));
    this.byArn = new Map(queues.map((queue) => [queue.arn, queue]));
  }

  queue(urlOrArn: string | undefined): SimulatedQueue {
    const queue = this.byUrl.get(urlOrArn ?? '') ?? this.byArn.get(urlOrArn ?? '');
    if (!queue) throw named('QueueDoesNotExist', `there is no queue ${urlOrArn}`);
    return queue;
  }

  client(worker: Worker): SQSClient {
    const send = (command: object) =>
      this.network.call(worker, command.constructor.name, () => this.perform(command), {
        answerLost: 'sending answer lost',
        error: () => named('TimeoutError', 'the simulated queue did not respond'),
      });
    return Object.create(SQSClient.prototype, { send: { value: send }, config: { value: {} } });
  }

  private perform(command: object): unknown {
    if (command instanceof SendMessageCommand) {
      const { QueueUrl, MessageBody = '', DelaySeconds, MessageAttributes, MessageGroupId } = command.input;
      const reason = MessageAttributes?.[REJECTION_REASON_ATTRIBUTE]?.StringValue;
      this.queue(QueueUrl).send(MessageBody, { delaySeconds: DelaySeconds, reason, group: MessageGroupId });
      return {};
    }
    if (command instanceof SendMessageBatchCommand) {
      const { QueueUrl, Entries = [] } = command.input;
      const queue = this.queue(QueueUrl);
      const Failed = [];
      for (const { Id, MessageBody = '', DelaySeconds, MessageGroupId } of Entries) {
        // Some entries of a request can fail (API reference, SendMessageBatch).
        if (this.world.faults.happens('sending refused')) {
          Failed.push({ Id, SenderFault: false, Code: 'ServiceUnavailable', Message: 'the simulated queue is busy' });
        } else {
          queue.send(MessageBody, { delaySeconds: DelaySeconds, group: MessageGroupId });
        }
      }
      return { Failed };
    }
    throw new TypeError(`the simulated SQS does not implement ${command.constructor.name}`);
  }
}
