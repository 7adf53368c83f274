import { App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { ConnectorSignIn, FlowSubscription, PowerAutomateConnectorStack, Threshold, Trigger } from '../../lib';
import type { Plan } from '../../local/template/model/plan';
import { planTemplate } from '../../local/template/plan';

/** The resources of the connector that the simulation runs, from its synthesized template. */
export function simulatedPlan(): Plan {
  const stack = new PowerAutomateConnectorStack(new App(), 'Connector');
  // Adds the function `register`. The simulated CloudFormation declares subscriptions of its own.
  const trigger = Trigger.segmentThresholdCrossed({ segment: 'Vips', threshold: Threshold.above(5) });
  new FlowSubscription(stack, 'Declared', { connector: stack.connector, trigger });
  stack.connector.addConnectorApi('Api', { signIn: [ConnectorSignIn.keys()] });
  const template = Template.fromStack(stack).toJSON() as never;
  const assets = new Proxy({}, { get: () => '.' });
  return planTemplate({ template, stackName: 'simulated', directory: '.', assets }, (name) => `https://sqs/${name}`);
}
