import { App, CfnOutput, Duration, Stack } from 'aws-cdk-lib';
import * as targets from 'aws-cdk-lib/aws-events-targets';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { BodyFormat, FlowUrl, PowerAutomateConnector, Threshold, Trigger } from '../../lib';

/**
 * A connector whose subscriptions are part of its stack. The flow URLs are fields of one secret. Create it first:
 *
 *   aws secretsmanager create-secret --name crm/flow-urls --secret-string file://flow-urls.json
 *
 * Run it locally, with flows that the local run simulates:
 *
 *   FLOW_URLS='{"data-team":"http://127.0.0.1:4577/flows/data-team","marketing":"http://127.0.0.1:4577/flows/marketing"}' \
 *     npm start -- --app examples/declared-subscriptions/app.ts --port 4577 --secret crm/flow-urls=FLOW_URLS
 */
const app = new App();
const stack = new Stack(app, 'DeclaredSubscriptions');
const connector = new PowerAutomateConnector(stack, 'PowerAutomate');
const flowUrls = secretsmanager.Secret.fromSecretNameV2(stack, 'FlowUrls', 'crm/flow-urls');

connector.addSubscription('TellTheDataTeam', {
  trigger: Trigger.dataSourceRefreshFailed({ dataSource: 'Orders' }),
  flowUrl: FlowUrl.fromSecret(flowUrls, 'data-team'),
  format: BodyFormat.TEAMS_CARD,
  rateLimit: { calls: 100, per: Duration.minutes(5) },
});

connector.addSubscription('VipOver10k', {
  trigger: Trigger.segmentThresholdCrossed({
    segment: 'VIP customers',
    threshold: Threshold.above(10_000, { recoverTo: 9_000, fireIfAlreadyBeyond: true }),
  }),
  flowUrl: FlowUrl.fromSecret(flowUrls, 'marketing'),
  owners: ['data-owners@example.com'],
  maxAge: Duration.hours(12),
});

// A subscription without a flow. The rule below sends its crossings from the bus to a queue.
const lowRevenue = connector.addSubscription('RevenueUnder100k', {
  trigger: Trigger.measureThresholdCrossed({ measure: 'Revenue yesterday', threshold: Threshold.below(100_000) }),
});
const queue = new sqs.Queue(stack, 'LowRevenue', { enforceSSL: true });
connector.onThresholdCrossed('RevenueFell', {
  eventPattern: { detail: { subscription: [lowRevenue.subscriptionName] } },
  target: new targets.SqsQueue(queue),
});
new CfnOutput(stack, 'LowRevenueQueueUrl', { value: queue.queueUrl });
