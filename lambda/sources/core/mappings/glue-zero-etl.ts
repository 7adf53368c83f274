import type { Status } from '../../../../contract/events';
import { NOTHING_YET, objectOf, runOf, type SourceMapping, text, unknownState } from './service-event';

/** Ends of the detail types. The developer guide writes them with and without "AWS Glue" before them. */
const ENDS: Readonly<Record<string, Status | typeof NOTHING_YET>> = {
  'Zero ETL Ingestion Completed': 'Successful',
  'Zero ETL Ingestion Failed': 'Failed',
  // "The integration encountered an unrecoverable event or error": the integration ingests nothing any more.
  'Zero ETL Integration Failed': 'Failed',
  'Zero ETL Ingestion In Progress': NOTHING_YET,
  'Zero ETL Integration Resynced': NOTHING_YET,
  'Zero ETL Integration Needs Attention': NOTHING_YET,
};

/**
 * AWS Glue zero-ETL (developer guide, "Monitoring an integration"). The guide has the names of the events but no sample.
 * The fields are those of the integration's log messages on the same page. A run has no id; its table and the time of
 * the event identify it.
 */
export const glueZeroEtl: SourceMapping = {
  namesOf: ({ resources, detail }) => [...resources, detail.integrationArn],
  outcomeOf: (event) => {
    const { detailType, detail, time } = event;
    const end = Object.keys(ENDS).find((one) => detailType.endsWith(one));
    const status = end && ENDS[end];
    if (!status) return unknownState('detail-type', detailType, Object.keys(ENDS));
    if (status === NOTHING_YET) return NOTHING_YET;
    const { tableName, errorMessage, message } = { ...detail, ...objectOf(detail.details) };
    const table = text(tableName);
    return runOf(event, status, { runId: table ? `${time} ${table}` : time, errors: [errorMessage, message] });
  },
};
