import { App, Stack } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as events from 'aws-cdk-lib/aws-events';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { PowerAutomateConnector } from '../../lib';

/**
 * A connector on a company's existing event bus, with the event source of its producers, which need no change. The stack also
 * has a producer with permission to put events, and an alarm for late flows.
 */
const app = new App();
const stack = new Stack(app, 'CompanyBus');

const connector = new PowerAutomateConnector(stack, 'PowerAutomate', {
  eventBus: events.EventBus.fromEventBusName(stack, 'CustomerData', 'customer-data'),
  eventSource: 'crm.refresh',
});

const refresh = new lambda.Function(stack, 'Refresh', {
  code: lambda.Code.fromInline('exports.handler = async () => { /* refreshes a data source and puts the result */ };'),
  handler: 'index.handler',
  runtime: lambda.Runtime.NODEJS_24_X,
  environment: { EVENT_BUS: connector.eventBus.eventBusName, EVENT_SOURCE: connector.eventSource },
});
connector.grantPutEvents(refresh);

connector.metricOldestPending().createAlarm(stack, 'FlowsLate', {
  alarmDescription: 'A flow has not accepted a delivery for an hour',
  threshold: 3600,
  evaluationPeriods: 3,
  treatMissingData: cloudwatch.TreatMissingData.NOT_BREACHING,
});
