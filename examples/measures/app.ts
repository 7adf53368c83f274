import { App, Duration, Stack } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as scheduler from 'aws-cdk-lib/aws-scheduler';
import { Measure, PowerAutomateConnector, RedshiftDatabase, Segment, Threshold, Trigger, Unification } from '../../lib';

/**
 * A connector that queries measures and segments from Athena, Redshift, CloudWatch and Customer Profiles.
 *
 * Run it locally, with the services' responses from a file:
 *
 *   npm start -- --app examples/measures/app.ts --answers examples/measures/answers.json --run-schedules
 */
const app = new App();
const stack = new Stack(app, 'Measures');
const connector = new PowerAutomateConnector(stack, 'PowerAutomate');

// The data lake: tables of the Glue Data Catalog in one bucket, results in another.
const lake = {
  database: 'shop',
  dataBuckets: [s3.Bucket.fromBucketName(stack, 'Lake', 'shop-lake')],
  resultsBucket: s3.Bucket.fromBucketName(stack, 'Results', 'shop-query-results'),
};

connector.addMeasure('Revenue', {
  measure: 'Revenue yesterday',
  query: Measure.fromAthenaQuery({
    ...lake,
    sql: "SELECT region, sum(total) AS revenue FROM orders WHERE day = current_date - INTERVAL '1' DAY GROUP BY region",
    tables: ['orders'],
  }),
  dimensions: ['Region'],
  unit: 'EUR',
  schedule: scheduler.ScheduleExpression.cron({ hour: '5', minute: '0' }),
});

connector.addSegment('Vip', {
  segment: 'VIP customers',
  size: Segment.fromAthenaQuery({ ...lake, sql: 'SELECT count(*) FROM customers WHERE vip', tables: ['customers'] }),
  schedule: scheduler.ScheduleExpression.rate(Duration.hours(1)),
});

connector.addMeasure('Returns', {
  measure: 'Return rate',
  query: Measure.fromRedshiftQuery({
    sql: 'SELECT 100.0 * sum(returned) / count(*) FROM sales',
    database: RedshiftDatabase.ofWorkgroup({
      workgroupName: 'shop',
      workgroupId: '6f9b1c52-0d0e-4b0a-9d57-1f6a2f1b7c11',
      database: 'dwh',
    }),
  }),
  unit: '%',
  schedule: scheduler.ScheduleExpression.rate(Duration.hours(6)),
  timeout: Duration.minutes(30),
});

connector.addMeasure('OpenOrders', {
  measure: 'Open orders',
  query: Measure.fromCloudWatchMetric({
    metric: new cloudwatch.Metric({
      namespace: 'Shop',
      metricName: 'OpenOrders',
      dimensionsMap: { Channel: 'Web' },
      statistic: cloudwatch.Stats.MAXIMUM,
      period: Duration.minutes(5),
    }),
  }),
  schedule: scheduler.ScheduleExpression.rate(Duration.minutes(5)),
});

connector.addSegment('Newsletter', {
  segment: 'Newsletter',
  size: Segment.fromCustomerProfiles({ domainName: 'shop', segmentDefinitionName: 'newsletter' }),
  schedule: scheduler.ScheduleExpression.rate(Duration.hours(1)),
});

// AWS puts no event when these jobs end. The connector polls every 5 minutes, or from the start that CloudTrail reports.
connector.addUnification('Match', { jobs: Unification.fromEntityResolution('customers'), whenStarted: true });
connector.addUnification('Identities', { jobs: Unification.fromCustomerProfiles('shop') });

// Thresholds without a flow: crossings are events on the bus.
connector.addSubscription('VipOver10k', {
  trigger: Trigger.segmentThresholdCrossed({
    segment: 'VIP customers',
    threshold: Threshold.above(10_000, { fireIfAlreadyBeyond: true }),
  }),
});
connector.addSubscription('RevenueUnder100k', {
  trigger: Trigger.measureThresholdCrossed({
    measure: 'Revenue yesterday',
    threshold: Threshold.below(100_000, { fireIfAlreadyBeyond: true }),
  }),
});
