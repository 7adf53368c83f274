import { describe, expect, it } from 'vitest';
import { bodySchema } from '../../../cli/events/body-schemas';
import { defaultFlowName, FLOW_ACTIONS, type FlowAction, type FlowSpec } from '../../../cli/flows/flow-spec';
import { flowGuid, solutionFiles, solutionZip } from '../../../cli/flows/solution';
import type { TriggerId } from '../../../contract/events';
import { TRIGGER_IDS } from '../../../contract/events';
import { elements, parseXml } from '../../support/xml';
import { unzip } from '../../support/zip';

const CHANNEL = { teamId: '01234567-89ab-cdef-0123-456789abcdef', channelId: '19:abc@thread.tacv2' };
const specOf = (trigger: TriggerId, action: FlowAction, more: Partial<FlowSpec> = {}): FlowSpec => ({
  ...{ trigger, action, name: defaultFlowName(trigger, action), to: [] },
  ...more,
});
const ALL = TRIGGER_IDS.flatMap((trigger) => FLOW_ACTIONS.map((action) => [trigger, action] as const));

/** The workflow file of a package. */
function workflowOf(files: ReadonlyMap<string, string>) {
  const [path, content] = [...files].find(([name]) => name.startsWith('Workflows/')) as [string, string];
  return { path, workflow: JSON.parse(content) };
}

describe.each(ALL)('a solution for %s by %s', (trigger, action) => {
  const given = specOf(trigger, action, { name: `Tell <us> & "them" about ${trigger}`, channel: CHANNEL });
  const files = unzip(solutionZip(given));
  const { path, workflow } = workflowOf(files);
  const api = action === 'teams' ? 'shared_teams' : 'shared_office365';

  it('is a zip with the four files of a solution', () => {
    expect([...files.keys()]).toEqual(['[Content_Types].xml', 'solution.xml', 'customizations.xml', path]);
    expect(Object.fromEntries(files)).toEqual(
      Object.fromEntries(solutionFiles(given).map(({ path: name, content }) => [name, content])),
    );
    const types = elements(parseXml(files.get('[Content_Types].xml') ?? ''), 'Default');
    expect(types.map(({ attributes }) => attributes.Extension)).toEqual(['xml', 'json']);
  });

  it('uses one GUID in all files', () => {
    const guid = flowGuid(given);
    expect(guid).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(path).toMatch(new RegExp(`^Workflows/[A-Za-z0-9]+-${guid.toUpperCase()}\\.json$`));
    const solution = parseXml(files.get('solution.xml') ?? '');
    expect(elements(solution, 'RootComponent').map(({ attributes }) => attributes)).toEqual([
      { type: '29', id: `{${guid}}`, behavior: '0' },
    ]);
    const [row] = elements(parseXml(files.get('customizations.xml') ?? ''), 'Workflow');
    expect(row?.attributes).toEqual({ WorkflowId: `{${guid}}`, Name: given.name });
    const fields = Object.fromEntries(row?.children.map(({ name, text }) => [name, text]) ?? []);
    expect(fields).toMatchObject({
      JsonFileName: `/${path}`,
      Type: '1',
      Category: '5',
      Mode: '0',
      Scope: '4',
      // Switched off until the user has checked it.
      StateCode: '0',
      StatusCode: '1',
      ModernFlowType: '0',
      PrimaryEntity: 'none',
    });
  });

  it('references the connection of its action by the name that the flow uses', () => {
    const customizations = parseXml(files.get('customizations.xml') ?? '');
    const [reference] = elements(customizations, 'connectionreference');
    const logicalName = reference?.attributes.connectionreferencelogicalname;
    expect(elements(customizations, 'connectorid').map(({ text }) => text)).toEqual([
      `/providers/Microsoft.PowerApps/apis/${api}`,
    ]);
    const prefix = elements(parseXml(files.get('solution.xml') ?? ''), 'CustomizationPrefix')[0]?.text;
    expect(prefix).toMatch(/^[a-z][a-z0-9]{1,7}$/);
    expect(logicalName).toMatch(new RegExp(`^${prefix}_`));
    expect(workflow.properties.connectionReferences).toEqual({
      [api]: {
        runtimeSource: 'embedded',
        connection: { connectionReferenceLogicalName: logicalName },
        api: { name: api },
      },
    });
  });

  it('has an HTTP trigger for Anyone with the published schema', () => {
    expect(workflow.schemaVersion).toBe('1.0.0.0');
    const { $schema: _, ...schema } = bodySchema(trigger, 'flat');
    expect(workflow.properties.definition.triggers).toEqual({
      manual: { type: 'Request', kind: 'Http', inputs: { method: 'POST', triggerAuthenticationType: 'All', schema } },
    });
  });

  it('sends the message with the action of its connector, unless the body is a test', () => {
    const { parameters, actions } = workflow.properties.definition;
    expect(Object.keys(parameters)).toEqual(['$connections', '$authentication']);
    const name = action === 'teams' ? 'Post_message_in_a_chat_or_channel' : 'Send_an_email_(V2)';
    expect(Object.keys(actions)).toEqual(['Is_it_a_test', name]);
    expect(actions.Is_it_a_test.actions.End_the_test).toEqual({
      runAfter: {},
      type: 'Terminate',
      inputs: { runStatus: 'Succeeded' },
    });
    expect(actions[name]).toMatchObject({
      runAfter: { Is_it_a_test: ['Succeeded'] },
      type: 'OpenApiConnection',
      inputs: {
        host: {
          apiId: `/providers/Microsoft.PowerApps/apis/${api}`,
          connectionName: api,
          operationId: action === 'teams' ? 'PostMessageToConversation' : 'SendEmailV2',
        },
      },
    });
    expect(Object.keys(actions[name].inputs.parameters)).toEqual(
      action === 'teams'
        ? ['poster', 'location', 'body/recipient/groupId', 'body/recipient/channelId', 'body/messageBody']
        : ['emailMessage/To', 'emailMessage/Subject', 'emailMessage/Body', 'emailMessage/Importance'],
    );
  });
});

describe('a solution', () => {
  const failed = specOf('data-source-refresh-failed', 'teams');

  it('has the same bytes in every time zone', () => {
    const zone = process.env.TZ;
    const made = ['UTC', 'Asia/Kathmandu', 'America/Los_Angeles'].map((name) => {
      process.env.TZ = name;
      return Buffer.from(solutionZip(failed)).toString('base64');
    });
    if (zone === undefined) delete process.env.TZ;
    else process.env.TZ = zone;
    expect(new Set(made).size).toBe(1);
  });

  it('has another GUID for another name, trigger or action, and the same for another channel', () => {
    const others = [
      failed,
      { ...failed, name: 'Another' },
      specOf('data-source-refresh-succeeded', 'teams', { name: failed.name }),
      specOf('data-source-refresh-failed', 'email', { name: failed.name }),
    ];
    expect(new Set(others.map(flowGuid)).size).toBe(others.length);
    expect(flowGuid({ ...failed, channel: CHANNEL })).toBe(flowGuid(failed));
  });

  it('has no channel parameters without a channel', () => {
    const { workflow } = workflowOf(unzip(solutionZip(failed)));
    const { parameters } = workflow.properties.definition.actions.Post_message_in_a_chat_or_channel.inputs;
    expect(Object.keys(parameters)).toEqual(['poster', 'location', 'body/messageBody']);
  });

  it('has a portable file name for any flow name', () => {
    for (const name of ['../../etc', 'Größe: 10% & <mehr>', '数据', '..']) {
      const { path } = workflowOf(unzip(solutionZip({ ...failed, name })));
      expect(path).toMatch(/^Workflows\/[A-Za-z0-9]+-[0-9A-F-]{36}\.json$/);
    }
  });
});
