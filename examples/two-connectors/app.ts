import { App, RemovalPolicy, Stack, Tags } from 'aws-cdk-lib';
import * as events from 'aws-cdk-lib/aws-events';
import * as targets from 'aws-cdk-lib/aws-events-targets';
import * as sns from 'aws-cdk-lib/aws-sns';
import { PowerAutomateConnector } from '../../lib';

/**
 * Two connectors in one stack and on one bus: one for production and one for testing flows. Each has its own event source, so
 * that test events start no production flow. Each also has its own subscriptions, and its own name in events and metrics.
 */
const app = new App();
const stack = new Stack(app, 'TwoConnectors');
const eventBus = new events.EventBus(stack, 'CustomerData');

const production = new PowerAutomateConnector(stack, 'Production', {
  eventBus,
  connectorId: 'production',
  deletionProtection: true,
});

const test = new PowerAutomateConnector(stack, 'Test', {
  eventBus,
  connectorId: 'test',
  eventSource: 'customer-insights.test',
  removalPolicy: RemovalPolicy.DESTROY,
});

for (const connector of [production, test]) Tags.of(connector).add('connector', connector.connectorId);

// The owners of production flows are notified when a subscription is paused. Test flows have no notification.
const flowOwners = new sns.Topic(stack, 'FlowOwners', { enforceSSL: true });
production.onSubscriptionPaused('Paused', { target: new targets.SnsTopic(flowOwners) });
