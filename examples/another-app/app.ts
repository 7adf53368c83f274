import { App, Stack } from 'aws-cdk-lib';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import {
  BodyFormat,
  ConnectorSource,
  FlowSubscription,
  FlowUrl,
  PowerAutomateConnector,
  Source,
  Threshold,
  Trigger,
} from '../../lib';

/**
 * The app of a team that has no connector of its own. The app of the platform team exports one with
 * `connector.exportAs('customer-data', { sources: true })`, in the same account and Region. The team deploys its sources and
 * subscriptions by itself.
 */
const app = new App();
const stack = new Stack(app, 'MarketingFlows');
const connector = PowerAutomateConnector.fromExports(stack, 'Connector', 'customer-data');
const flowUrls = secretsmanager.Secret.fromSecretNameV2(stack, 'FlowUrls', 'marketing/flow-urls');

new ConnectorSource(stack, 'Campaigns', {
  connector,
  source: Source.glueJob({ jobName: 'load-campaigns', dataSource: 'Campaigns' }),
});
new FlowSubscription(stack, 'marketing-vip-over-10k', {
  connector,
  trigger: Trigger.segmentThresholdCrossed({ segment: 'VIP customers', threshold: Threshold.above(10_000) }),
  flowUrl: FlowUrl.fromSecret(flowUrls, 'vip'),
});
new FlowSubscription(stack, 'marketing-campaigns-failed', {
  connector,
  trigger: Trigger.dataSourceRefreshFailed({ dataSource: 'Campaigns' }),
  flowUrl: FlowUrl.fromSecret(flowUrls, 'campaigns'),
  format: BodyFormat.TEAMS_CARD,
});
