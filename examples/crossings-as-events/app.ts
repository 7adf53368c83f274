import { App, CfnOutput, Stack } from 'aws-cdk-lib';
import * as events from 'aws-cdk-lib/aws-events';
import * as targets from 'aws-cdk-lib/aws-events-targets';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { SubscriptionRegistry, ThresholdEvaluation, TriggerRules } from '../../lib';

/**
 * Thresholds without Power Automate: only the evaluator, whose crossings are events for a queue and a function. The
 * thresholds are subscriptions without a flow URL.
 */
const app = new App();
const stack = new Stack(app, 'CrossingsAsEvents');

const eventBus = new events.EventBus(stack, 'CustomerData');
const connectorId = 'thresholds';
const subscriptions = new SubscriptionRegistry(stack, 'Subscriptions');
const thresholds = new ThresholdEvaluation(stack, 'Thresholds', {
  eventBus,
  connectorId,
  subscriptionsTable: subscriptions.table,
});
new TriggerRules(stack, 'Rules', { eventBus, connectorId }).sendObservationsTo(thresholds.observationsQueue);

// All crossings, for a consumer that polls.
const crossings = new sqs.Queue(stack, 'Crossings', { enforceSSL: true });
thresholds.onThresholdCrossed('Crossed', { target: new targets.SqsQueue(crossings) });

// The crossings of one segment, immediately.
const campaign = new lambda.Function(stack, 'Campaign', {
  code: lambda.Code.fromInline(
    'exports.handler = async ({ detail }) => { console.log(detail.segment, detail.value); };',
  ),
  handler: 'index.handler',
  runtime: lambda.Runtime.NODEJS_24_X,
});
thresholds.onSegmentThresholdCrossed('VipsCrossed', {
  eventPattern: { detail: { segment: ['VIP customers'], direction: ['above'] } },
  target: new targets.LambdaFunction(campaign),
});

new CfnOutput(stack, 'CrossingsQueueUrl', { value: crossings.queueUrl });
