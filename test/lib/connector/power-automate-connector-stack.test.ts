import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { expect, test } from 'vitest';
import { Output } from '../../../contract/outputs';
import { PowerAutomateConnector, PowerAutomateConnectorStack, Source } from '../../../lib';
import { referred } from '../support';

test('outputs by their exact names what tools need to find a connector', () => {
  const stack = new PowerAutomateConnectorStack(new App(), 'Stack');
  // What is added later is among them.
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

test('a connector in any stack adds the same outputs', () => {
  const ours = new PowerAutomateConnectorStack(new App(), 'Stack', { entraFederation: true });
  const theirs = new Stack(new App(), 'Stack');
  new PowerAutomateConnector(theirs, 'Connector', { entraFederation: true }).addOutputs();
  const outputs = (stack: Stack) => Template.fromStack(stack).toJSON().Outputs;
  expect(outputs(theirs)).toEqual(outputs(ours));
});

test('outputs the role that Entra ID has to trust, where it has to', () => {
  const stack = new PowerAutomateConnectorStack(new App(), 'Stack', { entraFederation: true });
  const { Outputs } = Template.fromStack(stack).toJSON();
  expect(referred(Outputs[Output.DELIVER_ROLE_ARN])).toEqual({ Value: 'DeliveryDeliverRole' });
  expect(Outputs[Output.DELIVER_ROLE_ARN].Value['Fn::GetAtt'][1]).toBe('Arn');
});

test('passes on the props of the connector and of the stack', () => {
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
