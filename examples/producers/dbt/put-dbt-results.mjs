/**
 * Reports to the connector how each model of a dbt run ended.
 *
 * A dbt `on-run-end` hook is SQL and cannot put events on a bus. Run this script after dbt, whether dbt succeeded or failed. It
 * reads dbt's results (https://docs.getdbt.com/reference/artifacts/run-results-json):
 *
 *   npm install cdk-power-automate-connector @aws-sdk/client-eventbridge
 *   dbt build; EVENT_BUS_NAME=<EventBusName> node put-dbt-results.mjs target/run_results.json
 */
import { readFileSync } from 'node:fs';
import { EventBridge } from '@aws-sdk/client-eventbridge';
import { ConnectorEvents } from 'cdk-power-automate-connector/events';

/** dbt's statuses of a model. The connector rejects any other. */
const STATUSES = { success: 'Successful', error: 'Failed', 'partial success': 'Failed', skipped: 'Skipped' };

const [file = 'target/run_results.json'] = process.argv.slice(2);
const { metadata, results } = JSON.parse(readFileSync(file, 'utf8'));
const events = results
  .filter(({ unique_id }) => unique_id.startsWith('model.'))
  .map(({ unique_id, status, message, timing, adapter_response }) => {
    // A skipped model has no times.
    const execution = timing.find(({ name }) => name === 'execute');
    const rows = adapter_response?.rows_affected;
    return {
      detailType: 'DataSourceRefreshed',
      time: metadata.generated_at,
      detail: {
        dataSource: unique_id.split('.').at(-1),
        status: STATUSES[status] ?? status,
        runId: metadata.invocation_id,
        error: status === 'success' ? undefined : (message ?? undefined),
        startedAt: execution?.started_at,
        endedAt: execution?.completed_at,
        // Some warehouses report -1 instead of a count.
        recordCount: rows >= 0 ? rows : undefined,
      },
    };
  });

const connector = new ConnectorEvents({ client: new EventBridge({}), eventBusName: process.env.EVENT_BUS_NAME });
await connector.put(events);
console.log(`${events.length} models`);
