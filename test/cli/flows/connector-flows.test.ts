import { describe, expect, it } from 'vitest';
import { bodyName, connectorDefinition } from '../../../cli/custom-connector/definition';
import { CONNECTOR_API, CONNECTOR_GUID, CONNECTOR_REFERENCE } from '../../../cli/flows/connector-identity';
import { type ConnectorTrigger, connectorTriggerOf, openFields } from '../../../cli/flows/connector-trigger';
import { defaultFlowName, FLOW_ACTIONS, type FlowAction, type FlowSpec } from '../../../cli/flows/flow-spec';
import { flowGuid, flowsZip, solutionZip } from '../../../cli/flows/solution';
import { CONNECTOR_ACTIONS, DEFINITION_VERSION } from '../../../contract/custom-connector';
import { TRIGGER_IDS, type TriggerId } from '../../../contract/events';
import { OperationId, TRIGGER_OPERATIONS } from '../../../lambda/custom-connector/core/definition/operation-ids';
import { CALLBACK_FIELD } from '../../../lambda/custom-connector/core/definition/operations';
import { renderBody } from '../../../lambda/delivery/core/bodies/body';
import { EXAMPLES, exampleInput } from '../../lambda/delivery/core/bodies/examples';
import { evaluate, RUN_ID } from '../../support/workflow-language';
import { runFlow } from '../../support/workflow-run';
import { elements, parseXml } from '../../support/xml';
import { unzip } from '../../support/zip';

// biome-ignore lint/suspicious/noExplicitAny: JSON documents.
type Json = any;

const DEFINITION: Json = connectorDefinition({
  host: 'api.example.com',
  schemes: ['https'],
  version: DEFINITION_VERSION,
  actions: CONNECTOR_ACTIONS,
});

/** Values of every field that a trigger can require. */
const VALUES: Readonly<Record<string, readonly string[]>> = {
  'segment-threshold-crossed': ['segment=VIP customers', 'level=10000'],
  'measure-threshold-crossed': ['measure=Revenue', 'level=2.5'],
};
const ALL = TRIGGER_IDS.flatMap((trigger) => FLOW_ACTIONS.map((action) => [trigger, action] as const));

function specOf(trigger: TriggerId, action: FlowAction, more: Partial<ConnectorTrigger> = {}): FlowSpec {
  const connector = connectorTriggerOf(trigger, { set: VALUES[trigger], actions: CONNECTOR_ACTIONS });
  return {
    ...{ trigger, action, name: defaultFlowName(trigger, action), to: [] },
    connector: { ...connector, ...more },
  };
}

function flowOf(spec: FlowSpec): Json {
  const [, content] = [...unzip(solutionZip(spec))].find(([name]) => name.startsWith('Workflows/')) as [string, string];
  return JSON.parse(content).properties;
}

const bodyOf = (trigger: TriggerId, options = {}): Record<string, unknown> =>
  JSON.parse(renderBody(exampleInput(EXAMPLES[trigger], 'flat', options)));

/** The properties of an operation's parameter `body` in the exported definition. */
const bodySchemaOf = (operationId: string): Json =>
  Object.values<Json>(DEFINITION.paths)
    .flatMap((item) => Object.values<Json>(item))
    .find((operation) => operation.operationId === operationId)
    ?.parameters.find(({ name }: Json) => name === 'body')?.schema;

/** Fields of the trigger's body that any text of a document reads. */
const readFields = (document: Json): Set<string> =>
  new Set([...JSON.stringify(document).matchAll(/triggerBody\(\)\?\['(\w+)'\]/g)].map(([, name]) => name as string));

describe.each(ALL)('a flow for %s by %s', (trigger, action) => {
  const spec = specOf(trigger, action);
  const { definition, connectionReferences } = flowOf(spec);
  const [triggerStep] = Object.values<Json>(definition.triggers);

  it('starts with the trigger of the connector, whose inputs the exported definition has', () => {
    expect(Object.keys(definition.triggers)).toEqual([TRIGGER_OPERATIONS[trigger]]);
    expect(triggerStep).toMatchObject({
      type: 'OpenApiConnectionWebhook',
      inputs: {
        host: {
          apiId: `/providers/Microsoft.PowerApps/apis/${CONNECTOR_API}`,
          connectionName: CONNECTOR_API,
          operationId: TRIGGER_OPERATIONS[trigger],
        },
      },
    });
    const { properties, required } = bodySchemaOf(TRIGGER_OPERATIONS[trigger]);
    const named = Object.keys(triggerStep.inputs.parameters).map((name) => name.replace(/^body\//, ''));
    expect(named.filter((name) => !(name in properties))).toEqual([]);
    expect(required.filter((name: string) => !named.includes(name))).toEqual([CALLBACK_FIELD]);
    for (const name of named) expect(typeof triggerStep.inputs.parameters[`body/${name}`]).toBe(properties[name].type);
  });

  it('names the required inputs that the flow author enters, if no values are given', () => {
    const { inputs } = connectorTriggerOf(trigger, { actions: CONNECTOR_ACTIONS });
    const { properties, required } = bodySchemaOf(TRIGGER_OPERATIONS[trigger]);
    const missing = required.filter((name: string) => !(name in inputs) && name !== CALLBACK_FIELD);
    expect(openFields(trigger, inputs)).toEqual(missing.map((name: string) => properties[name]['x-ms-summary']));
  });

  it('reads only fields that the exported definition lists as outputs of the trigger', () => {
    const outputs = Object.keys(DEFINITION.definitions[bodyName(trigger)].properties);
    const read = readFields(definition);
    expect(read).toContain('deliveryId');
    expect([...read].filter((name) => !outputs.includes(name))).toEqual([]);
  });

  it('uses exactly the connections of its connection references', () => {
    const used = [...JSON.stringify(definition).matchAll(/"connectionName":"([^"]+)"/g)].map(([, name]) => name);
    expect(new Set(used)).toEqual(new Set(Object.keys(connectionReferences)));
    const references = elements(
      parseXml(unzip(solutionZip(spec)).get('customizations.xml') ?? ''),
      'connectionreference',
    );
    expect(references.map(({ attributes }) => attributes.connectionreferencelogicalname)).toEqual(
      Object.values<Json>(connectionReferences).map(({ connection }) => connection.connectionReferenceLogicalName),
    );
  });

  it.each([
    ['success', {}, 'Succeeded', ['message', 'succeeded']],
    ['a failure', {}, 'Failed', ['message', 'failed']],
    ['a time-out', {}, 'TimedOut', ['message', 'failed']],
    ['success for a test, without a message', { isTest: true }, 'Failed', ['succeeded']],
  ] as const)('reports %s once', (_, options, messageStatus, expected) => {
    const body = bodyOf(trigger, options);
    const isReport = (id: string) => id === OperationId.REPORT_OUTCOME;
    const { status, calls } = runFlow(definition.actions, body, ({ operationId }) =>
      isReport(operationId) ? 'Succeeded' : messageStatus,
    );
    expect(
      calls.map(({ operationId, parameters }) => (isReport(operationId) ? parameters['body/outcome'] : 'message')),
    ).toEqual(expected);
    const report = calls.at(-1)?.parameters;
    expect(report?.['body/deliveryId']).toBe(body.deliveryId);
    expect(report?.['body/message']).toBe(
      expected.at(-1) === 'failed' ? `Run ${RUN_ID} failed. Its run history shows the error.` : undefined,
    );
    // The run history agrees with the report.
    expect(status).toBe(expected.at(-1) === 'failed' ? 'Failed' : 'Succeeded');
  });

  it.each(['Failed', 'TimedOut'] as const)('fails if the report itself is %s', (reportStatus) => {
    for (const messageStatus of ['Succeeded', 'Failed'] as const) {
      const { status, calls } = runFlow(definition.actions, bodyOf(trigger), ({ operationId }) =>
        operationId === OperationId.REPORT_OUTCOME ? reportStatus : messageStatus,
      );
      expect(status).toBe('Failed');
      expect(calls).toHaveLength(2);
    }
  });

  it('does not report if the API lacks the action', () => {
    const { actions } = flowOf(specOf(trigger, action, { reports: false })).definition;
    expect(JSON.stringify(actions)).not.toContain(OperationId.REPORT_OUTCOME);
    const calls = (options: object) => runFlow(actions, bodyOf(trigger, options), () => 'Succeeded').calls.length;
    expect([calls({}), calls({ isTest: true })]).toEqual([1, 0]);
  });
});

it('has a flow for every trigger of the exported definition', () => {
  const operations = Object.values<Json>(DEFINITION.paths).flatMap((item) => Object.values<Json>(item));
  const triggers = operations.filter((operation) => operation['x-ms-trigger']).map(({ operationId }) => operationId);
  expect(TRIGGER_IDS.flatMap((id) => Object.keys(flowOf(specOf(id, 'teams')).definition.triggers)).toSorted()).toEqual(
    triggers.toSorted(),
  );
});

it('reports with the fields that the exported definition has', () => {
  const { properties, required } = bodySchemaOf(OperationId.REPORT_OUTCOME);
  const { actions } = flowOf(specOf('full-refresh-completed', 'teams')).definition;
  const named = [actions.Report_success, actions.Report_failure].map(({ inputs }) =>
    Object.keys(inputs.parameters).map((name) => name.replace(/^body\//, '')),
  );
  for (const names of named) expect(required.filter((name: string) => !names.includes(name))).toEqual([]);
  expect(new Set(named.flat())).toEqual(new Set(Object.keys(properties)));
  for (const { inputs } of [actions.Report_success, actions.Report_failure])
    expect(properties.outcome.enum).toContain(inputs.parameters['body/outcome']);
});

describe('a flow by the connector', () => {
  const spec = specOf('data-source-refresh-failed', 'teams');

  it('references the connector of the other solution by its GUID', () => {
    const customizations = parseXml(unzip(solutionZip(spec)).get('customizations.xml') ?? '');
    const [reference] = elements(customizations, 'connectionreference');
    expect(reference?.attributes.connectionreferencelogicalname).toBe(CONNECTOR_REFERENCE);
    expect(elements(customizations, 'customconnectorid').map(({ children }) => children)).toEqual([
      [{ name: 'connectorid', attributes: {}, children: [], text: CONNECTOR_GUID }],
    ]);
  });

  it('uses the given id of the connector everywhere', () => {
    const api = `${CONNECTOR_API}-5f0123456789abcdef`;
    const text = [...unzip(solutionZip(specOf('full-refresh-completed', 'email', { api }))).values()].join('');
    expect(text.replaceAll(api, '')).not.toContain(CONNECTOR_API);
  });

  it('is another flow than the one with an HTTP trigger, and the same with other inputs', () => {
    expect(flowGuid({ ...spec, connector: undefined })).not.toBe(flowGuid(spec));
    expect(flowGuid(specOf('data-source-refresh-failed', 'teams', { inputs: { dataSource: 'CRM' } }))).toBe(
      flowGuid(spec),
    );
  });

  it.each(['@triggerBody()', '@{1}', 'a @{b} @@{c}', '@@', 'kim@example.com', '{"Region":"@{x}"}'])(
    'passes the text %s on unchanged',
    (text) => {
      const { definition } = flowOf(specOf('data-source-refresh-failed', 'teams', { inputs: { dataSource: text } }));
      const [{ inputs }] = Object.values<Json>(definition.triggers) as [Json];
      expect(evaluate(inputs.parameters['body/dataSource'], {})).toBe(text);
    },
  );
});

it('packs several flows into one solution, with each connection reference once', () => {
  const specs = [specOf('data-source-refresh-failed', 'teams'), specOf('full-refresh-completed', 'teams')];
  const files = unzip(flowsZip(specs));
  expect([...files.keys()].filter((name) => name.startsWith('Workflows/'))).toHaveLength(2);
  const customizations = parseXml(files.get('customizations.xml') ?? '');
  expect(elements(customizations, 'JsonFileName').every(({ text }) => files.has(text.slice(1)))).toBe(true);
  expect(elements(customizations, 'connectionreference')).toHaveLength(2);
  expect(
    elements(parseXml(files.get('solution.xml') ?? ''), 'RootComponent').map(({ attributes }) => attributes.id),
  ).toEqual(specs.map((spec) => `{${flowGuid(spec)}}`));
});
