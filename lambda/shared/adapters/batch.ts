import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import type { QueueMessage } from '../core/ports';
import { invocation } from './invocation';
import type { HandlerTelemetry } from './telemetry';

/** Processes an SQS batch and reports its failed messages (partial batch response). */
export const batchResponse = (
  event: SQSEvent,
  telemetry: HandlerTelemetry,
  run: (messages: QueueMessage[]) => Promise<readonly string[]>,
): Promise<SQSBatchResponse> =>
  invocation(telemetry, async () => {
    const failed = await run(event.Records.map(({ messageId, body }) => ({ id: messageId, body })));
    return { batchItemFailures: failed.map((itemIdentifier) => ({ itemIdentifier })) };
  });
