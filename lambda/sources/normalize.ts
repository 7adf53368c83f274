import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { Env } from '../../contract/environment';
import { publishingPorts } from '../events/adapters/publishing-ports';
import { batchResponse } from '../shared/adapters/batch';
import { documentClient } from '../shared/adapters/dynamodb';
import { optional } from '../shared/adapters/environment';
import { recordedRuns } from './adapters/recorded-run-table';
import { normalizeBatch } from './core/normalize';

// Only set if a source is reconciled.
const runsTable = optional(Env.RUNS_TABLE_NAME);
const ports = {
  ...publishingPorts(),
  recorded: runsTable === undefined ? undefined : recordedRuns(documentClient(), runsTable, Date.now),
};

/** Processes events of AWS services from the queue. Puts events of the sources on the connector's bus. */
export const handler = (event: SQSEvent): Promise<SQSBatchResponse> =>
  batchResponse(event, ports.telemetry, (messages) => normalizeBatch(messages, ports));
