import { type CloudWatchClient, GetMetricDataCommand, type StandardUnit } from '@aws-sdk/client-cloudwatch';
import type { CloudWatchQuery } from '../../../contract/queries';
import { RefusedError } from '../../shared/core/refused';
import type { QueryState, QueryTick } from '../core/measure';
import { calling } from './calling';

/** Metrics of Amazon CloudWatch. The first response contains the value. */
export const metricQueries = (client: CloudWatchClient) => ({
  async begin(query: CloudWatchQuery, { scheduledAt }: QueryTick): Promise<QueryState> {
    const { namespace, metricName, dimensions, statistic, unit, periodSeconds, periods } = query;
    const periodMs = periodSeconds * 1000;
    // Complete periods only: the value of a period that has not ended still changes.
    const end = Math.floor(scheduledAt / periodMs) * periodMs;
    const { MetricDataResults = [] } = await calling(
      client.send(
        new GetMetricDataCommand({
          StartTime: new Date(end - periods * periodMs),
          EndTime: new Date(end),
          ScanBy: 'TimestampDescending',
          MetricDataQueries: [
            {
              Id: 'value',
              MetricStat: {
                Metric: {
                  Namespace: namespace,
                  MetricName: metricName,
                  Dimensions: dimensions.map(({ name, value }) => ({ Name: name, Value: value })),
                },
                Period: periodSeconds,
                Stat: statistic,
                Unit: unit as StandardUnit | undefined,
              },
            },
          ],
        }),
      ),
    );
    const { StatusCode, Timestamps = [], Values = [] } = MetricDataResults[0] ?? {};
    if (StatusCode === 'InternalError') throw new Error(`CloudWatch could not read ${namespace} ${metricName}`);
    const [timestamp] = Timestamps;
    const [value] = Values;
    const table = { columns: [metricName], rows: value === undefined ? [] : [[value]] };
    // The timestamp of a datapoint is the start of its period.
    return { state: 'ended', table, endedAt: (timestamp?.getTime() ?? end - periodMs) + periodMs };
  },

  look: (): Promise<QueryState> =>
    Promise.reject(new RefusedError('the query of a CloudWatch metric is never running')),
});
