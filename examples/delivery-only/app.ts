import { App, Stack } from 'aws-cdk-lib';
import * as events from 'aws-cdk-lib/aws-events';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { FlowDelivery, SubscriptionRegistry, TriggerRules } from '../../lib';

/**
 * Delivery alone, for a platform that detects the ends of refreshes and crossings of thresholds itself. The stack evaluates no
 * observations and collects no stages. All flow URLs are fields of one secret.
 */
const app = new App();
const stack = new Stack(app, 'DeliveryOnly');

const eventBus = new events.EventBus(stack, 'CustomerData');
const connectorId = 'delivery';
const subscriptions = new SubscriptionRegistry(stack, 'Subscriptions', { deletionProtection: true });
const delivery = new FlowDelivery(stack, 'Delivery', {
  eventBus,
  connectorId,
  subscriptionsTable: subscriptions.table,
  flowUrlKey: subscriptions.flowUrlKey,
  flowSecrets: [secretsmanager.Secret.fromSecretNameV2(stack, 'FlowUrls', 'crm/flow-urls')],
});

// One queue for undeliverable events, which the operators already monitor.
const deadLetterQueue = new sqs.Queue(stack, 'Undeliverable', { enforceSSL: true });
const rules = new TriggerRules(stack, 'Rules', { eventBus, connectorId, deadLetterQueue });
rules.sendTriggersTo(delivery.triggersQueue);

delivery.metricDead().createAlarm(stack, 'DeliveriesDead', { threshold: 1, evaluationPeriods: 1 });
