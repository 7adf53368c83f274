import { randomUUID } from 'node:crypto';
import type { Message } from './message';

/** A received message. */
export interface Received {
  readonly message: Message;
  readonly receiptHandle: string;
}

/** Maximum messages of one receive (SQS API reference, ReceiveMessage). */
const MAX_RECEIVED = 10;

/** Where a queue sends messages that were received too often. */
interface Redrive {
  readonly deadLetterTargetArn: string;
  readonly maxReceiveCount: number;
}

/** Defaults (SQS API reference, CreateQueue), in seconds and bytes. */
const DEFAULTS: Readonly<Record<string, string>> = {
  VisibilityTimeout: '30',
  DelaySeconds: '0',
  MaximumMessageSize: '1048576',
  MessageRetentionPeriod: '345600',
  ReceiveMessageWaitTimeSeconds: '0',
};

/** A standard queue in memory. Messages come in the order in which they became ready. */
export class Queue {
  readonly attributes: Readonly<Record<string, string>>;
  private readonly ready = new Fifo<Message>();
  private readonly delayed = new Hidden();
  private readonly inFlight = new Hidden();
  private readonly redrive: Redrive | undefined;
  /** Ends each wait for a change. */
  private readonly wakes = new Set<() => void>();
  private stops = 0;

  /**
   * @param queueOf finds the dead-letter queue.
   * @param onChange is called when messages were added, received, moved or removed.
   */
  constructor(
    readonly name: string,
    readonly arn: string,
    attributes: Readonly<Record<string, string>>,
    private readonly queueOf: (arn: string) => Queue | undefined,
    private readonly onChange: () => void = () => {},
  ) {
    this.attributes = { ...DEFAULTS, ...attributes };
    this.redrive = attributes.RedrivePolicy ? JSON.parse(attributes.RedrivePolicy) : undefined;
  }

  seconds(attribute: 'VisibilityTimeout' | 'DelaySeconds' | 'ReceiveMessageWaitTimeSeconds'): number {
    return Number(this.attributes[attribute]);
  }

  get maxBytes(): number {
    return Number(this.attributes.MaximumMessageSize);
  }

  add(message: Message, delaySeconds: number): void {
    if (delaySeconds > 0) this.delayed.add(message.id, message, Date.now() + delaySeconds * 1000);
    else this.ready.push(message);
    this.changed();
  }

  /**
   * Receives up to `max` messages, and hides them for `visibilitySeconds`. Waits up to `waitSeconds` for the first one; resolves
   * to an empty list after that, or after `wake`. Moves messages that were received too often to the dead-letter queue.
   */
  async receive(max: number, waitSeconds: number, visibilitySeconds: number): Promise<Received[]> {
    const deadline = Date.now() + waitSeconds * 1000;
    const { stops } = this;
    for (;;) {
      const received = this.take(Math.min(max, MAX_RECEIVED), visibilitySeconds);
      const now = Date.now();
      if (received.length > 0 || now >= deadline || stops !== this.stops) return received;
      await this.change(Math.min(deadline, this.delayed.next, this.inFlight.next) - now);
    }
  }

  /** Returns whether the message was in flight. */
  delete(receiptHandle: string): boolean {
    const isKnown = this.inFlight.remove(receiptHandle) !== undefined;
    if (isKnown) this.changed();
    return isKnown;
  }

  /** Returns whether the message was in flight. With 0 seconds it is ready at once. */
  changeVisibility(receiptHandle: string, seconds: number): boolean {
    const message = this.inFlight.remove(receiptHandle);
    if (!message) return false;
    if (seconds > 0) this.inFlight.add(receiptHandle, message, Date.now() + seconds * 1000);
    else this.ready.push(message);
    this.changed();
    return true;
  }

  purge(): void {
    for (const part of [this.ready, this.delayed, this.inFlight]) part.clear();
    this.changed();
  }

  /** The number of messages by state. */
  counts(): { readonly ready: number; readonly delayed: number; readonly inFlight: number } {
    this.settle();
    return { ready: this.ready.size, delayed: this.delayed.size, inFlight: this.inFlight.size };
  }

  messages(): Message[] {
    this.settle();
    return [...this.ready.all(), ...this.delayed.all(), ...this.inFlight.all()];
  }

  /** Ends all waits of `receive`. */
  wake(): void {
    this.stops++;
    this.changed();
  }

  private take(max: number, visibilitySeconds: number): Received[] {
    this.settle();
    const received: Received[] = [];
    const { size } = this.ready;
    while (received.length < max) {
      const message = this.ready.shift();
      if (!message) break;
      message.receiveCount++;
      message.firstReceivedAt ??= Date.now();
      const target = this.deadLetterQueue(message);
      if (target) {
        target.add(message, 0);
        continue;
      }
      const receiptHandle = randomUUID();
      this.inFlight.add(receiptHandle, message, Date.now() + visibilitySeconds * 1000);
      received.push({ message, receiptHandle });
    }
    if (this.ready.size < size) this.changed();
    return received;
  }

  private deadLetterQueue({ receiveCount }: Message): Queue | undefined {
    const { redrive } = this;
    return redrive && receiveCount > redrive.maxReceiveCount ? this.queueOf(redrive.deadLetterTargetArn) : undefined;
  }

  /** Makes the messages ready whose delay or visibility timeout has ended. */
  private settle(): void {
    const now = Date.now();
    for (const hidden of [this.inFlight, this.delayed]) for (const message of hidden.due(now)) this.ready.push(message);
  }

  private changed(): void {
    this.onChange();
    for (const wake of [...this.wakes]) wake();
  }

  /** Resolves at the next change, or after `ms`. */
  private change(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const end = () => {
        clearTimeout(timer);
        this.wakes.delete(end);
        resolve();
      };
      const timer = setTimeout(end, Math.max(ms, 1));
      this.wakes.add(end);
    });
  }
}

/** Removed values of a list before the others move to its beginning. */
const COMPACT_AFTER = 64;

/** Values in the order in which they arrived. */
class Fifo<Value> {
  private values: (Value | undefined)[] = [];
  private first = 0;

  get size(): number {
    return this.values.length - this.first;
  }

  push(value: Value): void {
    this.values.push(value);
  }

  shift(): Value | undefined {
    if (this.size === 0) return undefined;
    const value = this.values[this.first];
    this.values[this.first++] = undefined;
    if (this.first >= COMPACT_AFTER && this.first * 2 >= this.values.length) {
      this.values = this.values.slice(this.first);
      this.first = 0;
    }
    return value;
  }

  all(): Value[] {
    return this.values.slice(this.first) as Value[];
  }

  clear(): void {
    this.values = [];
    this.first = 0;
  }
}

/** Messages that become ready at a time, by a key. */
class Hidden {
  /** The next message becomes ready at this time or later, epoch milliseconds. */
  next = Number.POSITIVE_INFINITY;
  private readonly entries = new Map<string, { readonly message: Message; readonly at: number }>();

  get size(): number {
    return this.entries.size;
  }

  add(key: string, message: Message, at: number): void {
    this.entries.set(key, { message, at });
    this.next = Math.min(this.next, at);
  }

  remove(key: string): Message | undefined {
    const message = this.entries.get(key)?.message;
    this.entries.delete(key);
    return message;
  }

  /** Removes the messages that are ready, in the order of their times. */
  due(now: number): Message[] {
    if (now < this.next) return [];
    const ready = [...this.entries].filter(([, { at }]) => at <= now).sort(([, a], [, b]) => a.at - b.at);
    for (const [key] of ready) this.entries.delete(key);
    this.next = Number.POSITIVE_INFINITY;
    for (const { at } of this.entries.values()) this.next = Math.min(this.next, at);
    return ready.map(([, { message }]) => message);
  }

  all(): Message[] {
    return [...this.entries.values()].map(({ message }) => message);
  }

  clear(): void {
    this.entries.clear();
    this.next = Number.POSITIVE_INFINITY;
  }
}
