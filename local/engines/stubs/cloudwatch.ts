import { AwsError, type AwsOperation } from '../protocol/aws-json';
import { responseTo, type StubResponses } from './responses';

interface MetricStat {
  readonly Metric: { readonly Namespace: string; readonly MetricName: string };
  readonly Period: number;
}

/**
 * `GetMetricData` of one metric and `DescribeAlarms` of the Amazon CloudWatch API reference. The values are a stub
 * response, newest first, for the last complete periods of the request. A row without a value is a period without a
 * datapoint. There are no alarms, because the local run does not evaluate them.
 */
export function cloudWatchOperations(answers: StubResponses): Readonly<Record<string, AwsOperation>> {
  return {
    'GraniteServiceVersion20100801.DescribeAlarms': () => ({ MetricAlarms: [], CompositeAlarms: [] }),

    'GraniteServiceVersion20100801.GetMetricData': ({ StartTime, EndTime, MetricDataQueries, ScanBy }) => {
      const [query, ...more] = MetricDataQueries as { Id: string; MetricStat?: MetricStat }[];
      if (!query?.MetricStat || more.length > 0 || ScanBy !== 'TimestampDescending') {
        throw new AwsError('ValidationError', 'the local run implements one MetricStat, newest first');
      }
      const { Metric, Period } = query.MetricStat;
      const answer = responseTo({ service: 'cloudwatch', text: `${Metric.Namespace}/${Metric.MetricName}` }, answers);
      if ('error' in answer) throw new AwsError('InvalidParameterValue', answer.error);
      const end = Math.floor(Number(EndTime) / Period) * Period;
      const points = answer.rows
        .map(([value], n) => ({ time: end - (n + 1) * Period, value }))
        .filter(({ time, value }) => time >= Number(StartTime) && typeof value === 'number');
      return {
        MetricDataResults: [
          {
            Id: query.Id,
            Label: Metric.MetricName,
            Timestamps: points.map(({ time }) => time),
            Values: points.map(({ value }) => value),
            StatusCode: 'Complete',
          },
        ],
        Messages: [],
      };
    },
  };
}
