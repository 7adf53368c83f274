import type { BusEvent, PutEventsResult } from '../bus/event-bus';
import type { EventPattern } from '../bus/pattern';
import type { InvocationResult } from '../engines/functions/sandbox';
import type { AwsCall } from '../engines/protocol/calls';
import type { Routes } from '../engines/protocol/endpoint';
import type { StubResponses } from '../engines/stubs/responses';

export interface LocalStackOptions {
  /** A template in a cloud assembly, such as `cdk.out/MyStack.template.json`. Code is loaded from the same folder. */
  readonly templateFile: string;
  /**
   * Port of `endpoint`; 0 is any free port.
   * @default 0
   */
  readonly endpointPort?: number;
  /** Additional variables of every function. They override those of the template and of the Lambda runtime. */
  readonly functionEnvironment?: Readonly<Record<string, string>>;
  /** Secret texts by name or ARN. They override secrets that the template declares. */
  readonly secrets?: Readonly<Record<string, string>>;
  /** SecureString parameters by name or ARN. They override parameters that the template declares. */
  readonly parameters?: Readonly<Record<string, string>>;
  /** Responses of the query, unification and run services. Without a response, queries fail and lists are empty. */
  readonly answers?: StubResponses;
  /**
   * Divides the time between two runs of a schedule. The shortest interval is 1 second.
   * @default 1
   */
  readonly speed?: number;
  /**
   * Milliseconds that invocations in progress have to finish when the stack stops. Then their processes are killed.
   * @default 0
   */
  readonly stopTimeoutMs?: number;
  /** Serves requests to `endpoint` that are not AWS requests. */
  readonly routes?: Routes;
  /** Called for every event that a bus accepted, with the logical ids of the rules that it matched. */
  readonly onEvent?: (event: BusEvent, ruleLogicalIds: string[]) => void;
  /** Called for every line that a function writes, and for failures. */
  readonly onLog?: (functionLogicalId: string, line: string) => void;
  /** Called when an invocation of a function starts. */
  readonly onInvoke?: (functionLogicalId: string, event: unknown) => void;
  /** Called for every call to the endpoints, from any client. */
  readonly onCall?: (call: AwsCall) => void;
  /** Called when the stack becomes busy or idle. */
  readonly onIdleChange?: (idle: boolean) => void;
}

/** A queue and the number of its messages by state. */
export interface LocalQueue {
  readonly logicalId: string;
  readonly url: string;
  /** The target of a redrive policy, or the dead-letter queue of a rule's target. */
  readonly isDeadLetterQueue: boolean;
  /** An enabled event source mapping reads the queue. */
  readonly isRead: boolean;
  readonly ready: number;
  readonly delayed: number;
  readonly inFlight: number;
}

/** Messages of a queue in all states. */
export const messagesIn = ({ ready, delayed, inFlight }: LocalQueue): number => ready + delayed + inFlight;

/** A function, as declared in the template. */
export interface LocalFunction {
  readonly logicalId: string;
  readonly environment: Readonly<Record<string, string>>;
  /** The queues that it reads. */
  readonly queueUrls: readonly string[];
}

/** A message in a dead-letter queue. */
export interface DeadLetter {
  readonly queueLogicalId: string;
  readonly messageId: string;
  readonly body: string;
  readonly messageAttributes: Readonly<Record<string, string>>;
  /** When it was first sent, in epoch milliseconds. */
  readonly sentAt: number;
  readonly receiveCount: number;
}

/** Service names as in the variables `AWS_ENDPOINT_URL_…`. */
export type LocalService =
  | 'dynamodb'
  | 'sqs'
  | 'eventbridge'
  | 'kms'
  | 'secrets_manager'
  | 'ssm'
  | 'sts'
  | 'cloudwatch'
  | 'cloudwatch_logs';

/** A stack that runs on this machine. */
export interface LocalStack {
  /**
   * Serves requests of all services but DynamoDB and SQS, the description of the run (`LOCAL_RUN_ROUTE`), and the
   * routes of the options.
   */
  readonly endpoint: string;
  readonly endpoints: Readonly<Record<LocalService, string>>;
  /** The account whose administrator puts the events of `putEvents` and of the endpoint. */
  readonly account: string;
  readonly region: string;
  readonly stackName: string;
  /** Resolved outputs of the template. */
  readonly outputs: Readonly<Record<string, string>>;
  readonly functions: readonly LocalFunction[];
  /** ARNs of the keys that the template declares. */
  readonly keyArns: readonly string[];
  /** Names of the buses that the template declares, by logical id. */
  readonly busNames: Readonly<Record<string, string>>;
  /** Enabled rules with an event pattern. */
  readonly rules: readonly { readonly logicalId: string; readonly pattern: EventPattern }[];
  /** The value of `Ref`. Throws if the template has no such resource. */
  physicalId(logicalId: string): string;
  queues(): LocalQueue[];
  deadLetters(): DeadLetter[];
  /** No work is in progress, and every queue that a function reads is empty. */
  isIdle(): boolean;
  /** Resolves when `isIdle()`. Rejects with the signal's reason when aborted. */
  whenIdle(signal?: AbortSignal): Promise<void>;
  /**
   * Resolves when fewer messages than `limit` can be received from the queues that functions read. Rejects with the
   * signal's reason when aborted.
   */
  whenRoom(limit: number, signal?: AbortSignal): Promise<void>;
  /**
   * Resolves when the queues that are targets of these rules are empty: every message was processed or dead-lettered.
   * Rejects with the signal's reason when aborted, or if the template has no such rule.
   * @param onFewer called each time the number of messages reaches a new minimum.
   */
  whenDrained(ruleLogicalIds: readonly string[], signal?: AbortSignal, onFewer?: () => void): Promise<void>;
  /** `PutEvents`, without the endpoint. Throws `AwsError` if it is invalid as a whole. */
  putEvents(input: { readonly Entries?: unknown }): Promise<PutEventsResult>;
  /** Calls a function like Lambda's `Invoke`. Throws if the template has no such function. */
  invoke(logicalId: string, event: unknown): Promise<InvocationResult>;
  /**
   * Runs schedules once. Resolves when their functions have finished and their queues have their messages.
   * @param longestMs the longest period of the schedules to run. Default: all of them.
   */
  runSchedules(longestMs?: number): Promise<void>;
  /** Stops everything that was started. Can be called repeatedly. */
  stop(): Promise<void>;
}
