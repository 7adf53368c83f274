import { App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { Env } from '../../contract/environment';
import { PowerAutomateConnectorStack } from '../../lib';
import type { Plan } from '../../local/template/model/plan';
import { planTemplate } from '../../local/template/plan';

/** The resources of the connector that the simulation runs, from its synthesized template. */
export function simulatedPlan(): Plan {
  const stack = new PowerAutomateConnectorStack(new App(), 'Connector');
  const template = Template.fromStack(stack).toJSON() as never;
  const assets = new Proxy({}, { get: () => '.' });
  const plan = planTemplate(
    { template, stackName: 'simulated', directory: '.', assets },
    (name) => `https://sqs/${name}`,
  );
  // Flows report their outcomes although the stack has no API.
  const withLinks = ({ environment, ...fn }: Plan['functions'][number]) => ({
    ...fn,
    environment: { [Env.OUTCOME_LINK_URL]: 'https://api.example.com/v1/outcomes', ...environment },
  });
  return { ...plan, functions: plan.functions.map(withLinks) };
}
