import type { Status } from '../../../../contract/events';
import { errorOf, NOTHING_YET, runOf, type ServiceEvent, type SourceMapping, text, unknownWord } from './service-event';

/** Ends of the detail types: the user guide writes them with and without "AWS Glue" before them. */
const ENDS: Readonly<Record<string, Status | typeof NOTHING_YET>> = {
  'Zero ETL Ingestion Completed': 'Successful',
  'Zero ETL Ingestion Failed': 'Failed',
  // "The integration encountered an unrecoverable event or error": nothing will be ingested any more.
  'Zero ETL Integration Failed': 'Failed',
  'Zero ETL Ingestion In Progress': NOTHING_YET,
  'Zero ETL Integration Resynced': NOTHING_YET,
  'Zero ETL Integration Needs Attention': NOTHING_YET,
};

/**
 * AWS Glue zero-ETL (developer guide, "Monitoring an integration"). The guide gives the names of the events and no sample. The
 * fields are those of the integration's log messages on the same page. There is no id of a run: it is known by its
 * table and by when the event was put.
 */
export const glueZeroEtl: SourceMapping = {
  namesOf: ({ resources, detail }) => [...resources, detail.integrationArn],
  outcomeOf: ({ detailType, detail, time }) => {
    const end = Object.keys(ENDS).find((one) => detailType.endsWith(one));
    const status = end && ENDS[end];
    if (!status) return unknownWord('detail-type', detailType, Object.keys(ENDS));
    if (status === NOTHING_YET) return NOTHING_YET;
    const details = objectIn(detail);
    const table = text(details.tableName);
    return runOf(status, {
      runId: table ? `${time} ${table}` : time,
      endedAt: time,
      error: errorOf(status, details.errorMessage, details.message),
    });
  },
};

const objectIn = ({ details, ...detail }: ServiceEvent['detail']): ServiceEvent['detail'] =>
  typeof details === 'object' && details !== null ? { ...detail, ...details } : detail;
