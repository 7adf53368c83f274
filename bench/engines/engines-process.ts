import { randomUUID } from 'node:crypto';
import { App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { Output } from '../../contract/outputs';
import { PowerAutomateConnectorStack } from '../../lib';
import { startEndpoint } from '../../local/engines/protocol/endpoint';
import { startDynamoDb } from '../../local/engines/services/dynamodb';
import { kmsOperations } from '../../local/engines/services/kms';
import { SqsEngine } from '../../local/engines/services/sqs';
import { cloudWatchOperations } from '../../local/engines/stubs/cloudwatch';
import { Activity } from '../../local/shared/activity';
import { ACCOUNT, REGION } from '../../local/shared/environment';
import { planTemplate } from '../../local/template/plan';
import type { ResourceDefinition } from '../../local/template/template';
import { serve } from './child';
import { BENCH_FUNCTIONS, type BenchFunction, type Engines } from './engines';

const TYPES = ['AWS::DynamoDB::GlobalTable', 'AWS::SQS::Queue', 'AWS::KMS::Key', 'AWS::Events::EventBus'];
/** Outputs that depend on other types of resources. */
const OTHERS: readonly string[] = [Output.DELIVER_ROLE_ARN, Output.LOG_GROUP_NAMES];
const OUTPUTS = Object.values(Output).filter((name) => !OTHERS.includes(name));

/** The tables, queues and keys of the template, and the outputs and variables that name them. */
function plan(queueUrl: (name: string) => string) {
  const template = Template.fromStack(new PowerAutomateConnectorStack(new App(), 'Connector'));
  const all = Object.entries(template.toJSON().Resources as Record<string, ResourceDefinition>);
  const variablesOf = (name: BenchFunction): Record<string, unknown> => {
    const variables = { POWERTOOLS_SERVICE_NAME: name };
    const found = template.findResources('AWS::Lambda::Function', {
      Properties: { Environment: { Variables: variables } },
    });
    return Object.values(found)[0]?.Properties.Environment.Variables;
  };
  /** Outputs that resolve the variables of the functions. */
  const places = BENCH_FUNCTIONS.flatMap((name) =>
    Object.entries(variablesOf(name)).map(([variable, Value]) => ({
      name,
      variable,
      id: `${name} ${variable}`,
      Value,
    })),
  );
  const Outputs = Object.fromEntries([
    // The default app has no output of parts that are added.
    ...OUTPUTS.flatMap((name) => Object.entries(template.findOutputs(name))),
    ...places.map(({ id, Value }) => [id, { Value }]),
  ]);
  const Resources = Object.fromEntries(all.filter(([, { Type }]) => TYPES.includes(Type)));
  const planned = planTemplate(
    { template: { Resources, Outputs }, stackName: 'bench', directory: '.', assets: {} },
    queueUrl,
  );
  const environmentOf = (name: BenchFunction) =>
    Object.fromEntries(
      places.filter((one) => one.name === name).map(({ variable, id }) => [variable, planned.outputs[id] as string]),
    );
  return { ...planned, environments: { dispatch: environmentOf('dispatch'), deliver: environmentOf('deliver') } };
}

async function main(): Promise<void> {
  const sqs = await SqsEngine.start(ACCOUNT, new Activity());
  const { tables, queues, keys, outputs, environments } = plan((name) => sqs.url(name));
  const dynamoDb = await startDynamoDb(REGION);
  for (const { input } of tables) dynamoDb.createTable(input);
  for (const queue of queues) sqs.createQueue(queue);
  const endpoint = await startEndpoint({ port: 0 });
  endpoint.serve({
    ...kmsOperations(keys),
    // `doctor` reads the alarms. There are none.
    ...cloudWatchOperations(() => undefined),
    // Accepts every event. The benchmarks watch the client instead.
    'AWSEvents.PutEvents': ({ Entries }) => ({
      FailedEntryCount: 0,
      Entries: (Entries as unknown[]).map(() => ({ EventId: randomUUID() })),
    }),
  });
  const engines: Engines = {
    dynamoDb: dynamoDb.endpoint,
    sqs: sqs.endpoint,
    events: endpoint.url,
    region: REGION,
    tables: tables.map(({ input }) => input),
    subscriptions: outputs[Output.SUBSCRIPTIONS_TABLE_NAME] as string,
    thresholds: outputs[Output.THRESHOLDS_TABLE_NAME] as string,

    flowUrlKey: outputs[Output.FLOW_URL_KEY_ARN] as string,
    environments,
    outputs: Object.fromEntries(OUTPUTS.map((name) => [name, outputs[name] as string])),
  };
  serve(engines, () => undefined);
}

void main();
