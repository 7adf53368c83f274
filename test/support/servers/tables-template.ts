import { App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { Output } from '../../../contract/outputs';
import { PowerAutomateConnectorStack } from '../../../lib';
import type { Template as ReadTemplate } from '../../../local/template/template';

/** Synthesizes the default stack and returns its tables and the outputs that name them. */
export function synthesizeTables(): ReadTemplate {
  const template = Template.fromStack(new PowerAutomateConnectorStack(new App(), 'Connector'));
  const names = [Output.SUBSCRIPTIONS_TABLE_NAME, Output.THRESHOLDS_TABLE_NAME, Output.DELIVERIES_TABLE_NAME];
  const Outputs = Object.fromEntries(
    names.map((name) => [name, template.findOutputs(name)[name] as { Value: unknown }]),
  );
  const Resources = template.findResources('AWS::DynamoDB::GlobalTable') as Record<string, { Type: string }>;
  return { Resources, Outputs };
}
