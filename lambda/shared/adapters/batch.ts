import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import type { QueueMessage } from '../core/ports';
import { invocation } from './invocation';
import type { HandlerTelemetry } from './telemetry';

/** An SQS batch as the core takes it. */
const toMessages = (event: SQSEvent): QueueMessage[] =>
  event.Records.map(({ messageId, body }) => ({ id: messageId, body }));

/** Runs a batch and names the messages that must come again (partial batch response). */
export const batchResponse = (
  event: SQSEvent,
  telemetry: HandlerTelemetry,
  run: (messages: QueueMessage[]) => Promise<readonly string[]>,
): Promise<SQSBatchResponse> =>
  invocation(telemetry, async () => {
    const failed = await run(toMessages(event));
    return { batchItemFailures: failed.map((itemIdentifier) => ({ itemIdentifier })) };
  });
