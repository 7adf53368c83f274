import { randomUUID } from 'node:crypto';
import { App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { PowerAutomateConnectorStack } from '../lib';
import { Output } from '../lib/private/contract';
import { startDynamoDb } from '../local/engines/dynamodb';
import { startEndpoint } from '../local/engines/endpoint';
import { planTemplate, REGION } from '../local/template/plan';
import type { Engines } from './engines';

const TABLE_OUTPUTS = [
  Output.SUBSCRIPTIONS_TABLE_NAME,
  Output.THRESHOLDS_TABLE_NAME,
  Output.DELIVERIES_TABLE_NAME,
] as const;

/** The tables as the template declares them, by the outputs that name them. */
function plannedTables() {
  const template = Template.fromStack(new PowerAutomateConnectorStack(new App(), 'Connector'));
  const Resources = template.findResources('AWS::DynamoDB::GlobalTable') as Record<string, { Type: string }>;
  const Outputs = Object.fromEntries(
    TABLE_OUTPUTS.map((name) => [name, template.findOutputs(name)[name] as { Value: unknown }]),
  );
  return planTemplate(
    { template: { Resources, Outputs }, stackName: 'bench', directory: '.', assets: {} },
    (name) => name,
  );
}

async function main(): Promise<void> {
  const { tables, outputs } = plannedTables();
  const dynamoDb = await startDynamoDb(REGION);
  for (const { input } of tables) await dynamoDb.createTable(input);
  const endpoint = await startEndpoint({ port: 0 });
  // Takes every event: what was put is known from the client that put it.
  endpoint.serve({
    'AWSEvents.PutEvents': ({ Entries }) => ({
      FailedEntryCount: 0,
      Entries: (Entries as unknown[]).map(() => ({ EventId: randomUUID() })),
    }),
  });
  const engines: Engines = {
    dynamoDb: dynamoDb.endpoint,
    events: endpoint.url,
    region: REGION,
    tables: tables.map(({ input }) => input),
    subscriptions: outputs[Output.SUBSCRIPTIONS_TABLE_NAME] as string,
    thresholds: outputs[Output.THRESHOLDS_TABLE_NAME] as string,
    deliveries: outputs[Output.DELIVERIES_TABLE_NAME] as string,
  };
  process.send?.(engines);
}

// Ends with the process that started it, however that ends.
process.once('disconnect', () => process.exit());
void main();
