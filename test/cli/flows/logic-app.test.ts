import { describe, expect, it } from 'vitest';
import { bodySchema } from '../../../cli/events/body-schemas';
import { defaultFlowName, type FlowSpec } from '../../../cli/flows/flow-spec';
import { logicAppTemplate } from '../../../cli/flows/logic-app';
import { messageHtml } from '../../../cli/flows/message';
import { TRIGGER_IDS } from '../../../contract/events';

const CHANNEL = { teamId: '01234567-89ab-cdef-0123-456789abcdef', channelId: '19:abc@thread.tacv2' };
const specOf = (trigger: FlowSpec['trigger'], action: FlowSpec['action'], more: Partial<FlowSpec> = {}): FlowSpec => ({
  ...{ trigger, action, name: defaultFlowName(trigger, action), to: [] },
  ...more,
});
// biome-ignore lint/suspicious/noExplicitAny: a JSON document.
const templateOf = (given: FlowSpec): any => JSON.parse(JSON.stringify(logicAppTemplate(given)));

/** All expressions of a template: texts in brackets. */
function expressions(value: unknown): string[] {
  if (typeof value === 'string') return /^\[.*\]$/.test(value) ? [value] : [];
  return value && typeof value === 'object' ? Object.values(value).flatMap(expressions) : [];
}

describe.each(TRIGGER_IDS)('a Logic App for %s', (trigger) => {
  const teams = templateOf(specOf(trigger, 'teams'));
  const email = templateOf(specOf(trigger, 'email'));
  const [connection, workflow] = email.resources;

  it('has a connection and a workflow that uses it', () => {
    expect(email.resources.map(({ type, apiVersion }: Record<string, string>) => `${type}@${apiVersion}`)).toEqual([
      'Microsoft.Web/connections@2016-06-01',
      'Microsoft.Logic/workflows@2019-05-01',
    ]);
    const { value } = workflow.properties.parameters.$connections;
    expect(Object.keys(value)).toEqual(['office365']);
    expect(value.office365.id).toBe(connection.properties.api.id);
    expect(workflow.dependsOn).toEqual([value.office365.connectionId]);
    expect(value.office365.connectionId).toContain(`'${connection.name}'`);
  });

  it('has an HTTP trigger with the published schema, and ends for a test body', () => {
    const { triggers, actions } = workflow.properties.definition;
    const { $schema: _, ...schema } = bodySchema(trigger, 'flat');
    expect(triggers.manual).toEqual({ type: 'Request', kind: 'Http', inputs: { method: 'POST', schema } });
    expect(actions.Is_it_a_test.actions.End_the_test.type).toBe('Terminate');
  });

  it('calls the operations of the connectors', () => {
    const mail = workflow.properties.definition.actions['Send_an_email_(V2)'];
    expect(mail).toMatchObject({
      type: 'ApiConnection',
      runAfter: { Is_it_a_test: ['Succeeded'] },
      inputs: {
        host: { connection: { name: "@parameters('$connections')['office365']['connectionId']" } },
        method: 'post',
        path: '/v2/Mail',
      },
    });
    expect(Object.keys(mail.inputs.body)).toEqual(['To', 'Subject', 'Body', 'Importance']);
    const post = teams.resources[1].properties.definition.actions.Post_message_in_a_chat_or_channel;
    expect(post.inputs.path).toBe(
      "/beta/teams/conversation/message/poster/@{encodeURIComponent('Flow bot')}/location/@{encodeURIComponent('Channel')}",
    );
    expect(post.inputs.body).toEqual({
      recipient: { groupId: "[parameters('teamId')]", channelId: "[parameters('channelId')]" },
      messageBody: messageHtml(specOf(trigger, 'teams'), bodySchema(trigger, 'flat')),
    });
  });

  it('uses only its own parameters, and does not output the URL, which is a credential', () => {
    for (const template of [teams, email]) {
      const named = expressions(template).flatMap((text) => [...text.matchAll(/parameters\('(\w+)'\)/g)]);
      expect(new Set(named.map(([, name]) => name))).toEqual(new Set(Object.keys(template.parameters)));
      expect(JSON.stringify(template)).not.toMatch(/listCallbackUrl|\bsig\b/);
    }
  });
});

it('escapes a name in brackets', () => {
  const { metadata } = templateOf(specOf('full-refresh-completed', 'email', { name: '[parameters(1)]' }));
  expect(metadata.description).toBe('[[parameters(1)]');
});

it('uses a known channel as the default of the parameters', () => {
  const { parameters } = templateOf(specOf('full-refresh-completed', 'teams', { channel: CHANNEL }));
  expect([parameters.teamId.defaultValue, parameters.channelId.defaultValue]).toEqual(Object.values(CHANNEL));
  const open = templateOf(specOf('full-refresh-completed', 'teams')).parameters;
  expect('defaultValue' in open.teamId || 'defaultValue' in open.channelId).toBe(false);
});
