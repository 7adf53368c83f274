import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { PowerAutomateConnector, type PowerAutomateConnectorProps } from '../../../lib';

/** A stack with a connector, and the constructs that a test adds. */
export function stackWith(
  props: PowerAutomateConnectorProps,
  add: (connector: PowerAutomateConnector, stack: Stack) => void = () => {},
): { stack: Stack; template: Template } {
  const stack = new Stack(new App(), 'Stack');
  add(new PowerAutomateConnector(stack, 'Connector', props), stack);
  return { stack, template: Template.fromStack(stack) };
}
