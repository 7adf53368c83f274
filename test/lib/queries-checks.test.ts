import { runSimulation } from '@cloud-copilot/iam-simulate';
import { App, Duration, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as scheduler from 'aws-cdk-lib/aws-scheduler';
import { expect, test } from 'vitest';
import { Measure, PowerAutomateConnector, RedshiftDatabase, Segment, Unification } from '../../lib';
import { list } from './support';

/** An app with each kind of query and poll. */
function everything() {
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
    Cluster: Measure.fromRedshiftQuery({ sql: 'SELECT 1', database: RedshiftDatabase.ofCluster('shop', 'dwh') }),
    CloudWatch: Measure.fromCloudWatchMetric({
      metric: new cloudwatch.Metric({ namespace: 'Shop', metricName: 'Open' }),
    }),
  };
  for (const [measure, query] of Object.entries(queries)) connector.addMeasure(measure, { measure, query, schedule });
  const size = Segment.fromCustomerProfiles({ domainName: 'shop', segmentDefinitionName: 'vip' });
  connector.addSegment('Vip', { segment: 'VIP customers', size, schedule });
  connector.addUnification('Match', { jobs: Unification.fromEntityResolution('customers'), whenStarted: true });
  connector.addUnification('Identities', { jobs: Unification.fromCustomerProfiles('shop') });
  return { app, stack };
}

/** Intrinsics of ARNs with an account and a Region. */
const resolved = (value: unknown): string =>
  typeof value === 'string'
    ? value
    : (value as { 'Fn::Join': [string, unknown[]] })['Fn::Join'][1]
        .map((part) => (typeof part === 'string' ? part : PSEUDO[(part as { Ref: string }).Ref]))
        .join('');
const PSEUDO: Readonly<Record<string, string>> = {
  'AWS::Partition': 'aws',
  'AWS::Region': 'us-east-1',
  'AWS::AccountId': '111122223333',
};

test('each permission is of an action and a resource that AWS has, and allows that action', async () => {
  const policies = Object.entries(Template.fromStack(everything().stack).findResources('AWS::IAM::Policy'));
  const documents = policies
    .filter(([id]) => /^(AskQueries|PollJobs)/.test(id))
    .flatMap(([, { Properties }]) => Properties.PolicyDocument.Statement)
    .map(({ Action, Resource, ...rest }) => ({
      ...rest,
      Action: list(Action),
      Resource: list(Resource).map(resolved),
    }));
  let checked = 0;
  for (const statement of documents) {
    for (const action of statement.Action) {
      const results = await Promise.all(
        statement.Resource.map((resource: string) =>
          runSimulation(
            {
              request: {
                principal: 'arn:aws:iam::111122223333:role/measure',
                action,
                resource: {
                  resource: resource.replace(/\*$/, resource === '*' ? '*' : 'one'),
                  accountId: '111122223333',
                },
                contextVariables: { 'redshift-data:statement-owner-iam-userid': 'me', 'aws:userid': 'me' },
              },
              identityPolicies: [{ name: 'role', policy: { Version: '2012-10-17', Statement: [statement] } }],
              serviceControlPolicies: [],
              resourceControlPolicies: [],
            },
            {},
          ),
        ),
      );
      // Of Glue's resources an action needs all above it, of which each has its own kind: one that fits is enough.
      const fits = results.filter((one) => one.resultType !== 'error' && one.overallResult === 'Allowed');
      expect(fits.length, `${action} on ${statement.Resource}: ${JSON.stringify(results[0])}`).toBeGreaterThan(0);
      checked++;
    }
  }
  expect(checked).toBeGreaterThan(20);
});
