import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { expect, test } from 'vitest';
import { Output } from '../../../contract/outputs';
import { PowerAutomateConnector, PowerAutomateConnectorStack, Source } from '../../../lib';
import { referred } from '../support';

test('has the outputs that tools use to find a connector, with their exact names', () => {
  const stack = new PowerAutomateConnectorStack(new App(), 'Stack');
  // Includes constructs that are added later.
  stack.connector.addSource('Orders', Source.glueJob({ jobName: 'orders', dataSource: 'Orders' }));
  const {
    [Output.WORK_QUEUE_URLS]: queues,
    [Output.DEAD_LETTER_QUEUE_URLS]: deadLetters,
    [Output.LOG_GROUP_NAMES]: logGroups,
    ...others
  } = Template.fromStack(stack).toJSON().Outputs;
  expect(referred([queues, deadLetters, logGroups].map(({ Value }) => Value['Fn::Join']))).toEqual([
    [
      ',',
      [
        'ThresholdsObservationsQueue',
        'CollectionStagesQueue',
        'DeliveryTriggersQueue',
        'DeliveryDeliveriesQueue',
        'NormalizationSourcesQueue',
      ],
    ],
    [
      ',',
      [
        'ThresholdsObservationsDeadLetterQueue',
        'CollectionStagesDeadLetterQueue',
        'DeliveryTriggersDeadLetterQueue',
        'DeliveryDeliveriesDeadLetterQueue',
        'NormalizationSourcesDeadLetterQueue',
        'EventsDeadLetterQueue',
      ],
    ],
    [',', ['DeliveryDispatchLogGroup', 'ThresholdsEvaluateLogGroup']],
  ]);
  expect(referred(others)).toEqual({
    [Output.EVENT_BUS_NAME]: { Value: 'EventsBus' },
    [Output.EVENT_SOURCE]: { Value: 'customer-insights' },
    [Output.SUBSCRIPTIONS_TABLE_NAME]: { Value: 'SubscriptionsTable' },
    [Output.THRESHOLDS_TABLE_NAME]: { Value: 'ThresholdsTable' },
    [Output.DELIVERIES_TABLE_NAME]: { Value: 'DeliveryTable' },
    [Output.OBSERVATIONS_QUEUE_URL]: { Value: 'ThresholdsObservationsQueue' },
    [Output.DELIVERIES_QUEUE_URL]: { Value: 'DeliveryDeliveriesQueue' },
    [Output.FLOW_URL_KEY_ARN]: { Value: 'SubscriptionsFlowUrlKey' },
  });
});

test('addOutputs adds the same outputs to any stack', () => {
  const ours = new PowerAutomateConnectorStack(new App(), 'Stack', { entraFederation: true });
  const theirs = new Stack(new App(), 'Stack');
  new PowerAutomateConnector(theirs, 'Connector', { entraFederation: true }).addOutputs();
  const outputs = (stack: Stack) => Template.fromStack(stack).toJSON().Outputs;
  expect(outputs(theirs)).toEqual(outputs(ours));
});

test('has the role for Entra ID as an output only with federation', () => {
  const stack = new PowerAutomateConnectorStack(new App(), 'Stack', { entraFederation: true });
  const { Outputs } = Template.fromStack(stack).toJSON();
  expect(referred(Outputs[Output.DELIVER_ROLE_ARN])).toEqual({ Value: 'DeliveryDeliverRole' });
  expect(Outputs[Output.DELIVER_ROLE_ARN].Value['Fn::GetAtt'][1]).toBe('Arn');
});

test('passes the props to the connector and the stack', () => {
  const stack = new PowerAutomateConnectorStack(new App(), 'Stack', {
    description: 'ours',
    eventSource: 'crm',
    connectorId: 'emea',
  });
  expect(stack.connector.connectorId).toBe('emea');
  const template = Template.fromStack(stack).toJSON();
  expect(template.Description).toBe('ours');
  expect(template.Outputs[Output.EVENT_SOURCE].Value).toBe('crm');
});
