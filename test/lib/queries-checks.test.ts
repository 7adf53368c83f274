import { App, Duration, Stack } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as scheduler from 'aws-cdk-lib/aws-scheduler';
import { expect, test } from 'vitest';
import { Measure, PowerAutomateConnector, RedshiftDatabase, Segment, Unification } from '../../lib';
import { ACKNOWLEDGEMENTS, type Acknowledgement, nagFindings, nagProblems } from '../support/nag';

/** What cdk-nag says against scheduled queries and polls besides, and that stays as it is. */
const OF_SCHEDULES: readonly Acknowledgement[] = [
  {
    rules: ['AwsSolutions-SQS3'],
    resources: /\/(Queries|UnificationPolling)\/SchedulesDeadLetterQueue\/Resource$/,
    reason: "It is the dead-letter queue of schedules' targets; the check sees redrive policies of queues alone.",
  },
  {
    rules: ['Serverless-LambdaDLQ', 'NIST.800.53.R5-LambdaDLQ'],
    resources: /\/(Measure|Poll)\/Function\/Resource$/,
    reason: 'Fed by a queue, which has a dead-letter queue.',
  },
  {
    rules: ['NIST.800.53.R5-LambdaConcurrency'],
    resources: /\/(Measure|Poll)\/Function\/Resource$/,
    reason:
      "The event source's maximum concurrency limits it; reserved concurrency would make SQS messages run into throttles.",
  },
  {
    rules: ['NIST.800.53.R5-IAMNoInlinePolicy'],
    resources: /\/(SchedulerRole\/DefaultPolicy|AskQueries\w+|PollJobs\w+)\/Resource$/,
    reason: "What one function or the scheduler may do is its role's own, and goes with it.",
  },
  {
    rules: [
      'AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:s3:::shop-lake/*]',
      'AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:s3:::shop-results/power-automate-connector/*]',
    ],
    resources: /\/AskQueries\w+\/Resource$/,
    reason: 'Data and results are objects whose names nobody knows before; the buckets and the place are named.',
  },
  {
    rules: ['AwsSolutions-IAM5[Resource::*]'],
    resources: /\/AskQueries\w+\/Resource$/,
    reason:
      'GetMetricData knows no resources, nor do DescribeStatement and GetStatementResult, whose statements must be the own ones.',
  },
];

test('cdk-nag finds nothing in queries and polls that is not acknowledged, and all that is', () => {
  const app = new App();
  const stack = new Stack(app, 'Stack');
  const connector = new PowerAutomateConnector(stack, 'Connector');
  const schedule = scheduler.ScheduleExpression.rate(Duration.hours(1));
  const queries = {
    Athena: Measure.fromAthenaQuery({
      sql: 'SELECT 1',
      database: 'shop',
      tables: ['orders'],
      dataBuckets: [s3.Bucket.fromBucketName(stack, 'Lake', 'shop-lake')],
      resultsBucket: s3.Bucket.fromBucketName(stack, 'Results', 'shop-results'),
    }),
    Redshift: Measure.fromRedshiftQuery({
      sql: 'SELECT 1',
      database: RedshiftDatabase.ofWorkgroup('shop', 'id-1', 'dwh'),
    }),
    CloudWatch: Measure.fromCloudWatchMetric({
      metric: new cloudwatch.Metric({ namespace: 'Shop', metricName: 'Open' }),
    }),
  };
  for (const [measure, query] of Object.entries(queries)) connector.addMeasure(measure, { measure, query, schedule });
  const size = Segment.fromCustomerProfiles({ domainName: 'shop', segmentDefinitionName: 'vip' });
  connector.addSegment('Vip', { segment: 'VIP customers', size, schedule });
  connector.addUnification('Match', { jobs: Unification.fromEntityResolution('customers') });
  expect(nagProblems(nagFindings(app), [...ACKNOWLEDGEMENTS, ...OF_SCHEDULES])).toEqual([]);
});
