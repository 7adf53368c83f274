import { type FlowSpec, flowHash } from './flow-spec';
import { messageHtml, recipients, SUBJECT } from './message';
import { ACTIONS, httpTrigger, workflowDefinition } from './workflow';

/**
 * The flow as an ARM template with a Logic App (Consumption). The URL is not an output: the deployment history shows
 * outputs in plain text. Not tested with a deployment.
 */
export function logicAppTemplate(spec: FlowSpec): object {
  const { api, title } = ACTIONS[spec.action];
  const connection = `${api}-customer-data`;
  const managedApi = `[subscriptionResourceId('Microsoft.Web/locations/managedApis', parameters('location'), '${api}')]`;
  const connectionId = `[resourceId('Microsoft.Web/connections', '${connection}')]`;
  return {
    $schema: 'https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#',
    contentVersion: '1.0.0.0',
    // ARM evaluates a text in brackets as an expression.
    metadata: { description: spec.name.replace(/^\[/, '[[') },
    parameters: {
      location: { type: 'string', defaultValue: '[resourceGroup().location]' },
      logicAppName: { type: 'string', defaultValue: `${spec.trigger}-${spec.action}-${flowHash(spec).slice(0, 6)}` },
      ...(spec.action === 'teams' && {
        teamId: parameter('Id of the team: groupId in the link to the channel.', spec.channel?.teamId),
        channelId: parameter('Id of the channel: 19:…@thread.tacv2 in the link to it.', spec.channel?.channelId),
      }),
    },
    resources: [
      {
        type: 'Microsoft.Web/connections',
        apiVersion: '2016-06-01',
        name: connection,
        location: "[parameters('location')]",
        // Needs one sign-in after the deployment: Logic App, API connections, Edit API connection, Authorize.
        properties: { displayName: title, api: { id: managedApi } },
      },
      {
        type: 'Microsoft.Logic/workflows',
        apiVersion: '2019-05-01',
        name: "[parameters('logicAppName')]",
        location: "[parameters('location')]",
        dependsOn: [connectionId],
        properties: {
          state: 'Enabled',
          definition: workflowDefinition(spec, {
            parameters: { $connections: { defaultValue: {}, type: 'Object' } },
            trigger: (schema) => httpTrigger({ method: 'POST', schema }),
            messageAction: (schema) => ({
              type: 'ApiConnection',
              inputs: {
                host: { connection: { name: `@parameters('$connections')['${api}']['connectionId']` } },
                method: 'post',
                ...requestOf(spec, messageHtml(spec, schema)),
              },
            }),
          }),
          parameters: {
            $connections: { value: { [api]: { connectionId, connectionName: connection, id: managedApi } } },
          },
        },
      },
    ],
  };
}

const parameter = (description: string, defaultValue: string | undefined) => ({
  type: 'string',
  ...(defaultValue !== undefined && { defaultValue }),
  metadata: { description },
});

function requestOf(spec: FlowSpec, html: string): object {
  if (spec.action === 'email') {
    return {
      path: '/v2/Mail',
      body: { To: recipients(spec), Subject: SUBJECT, Body: html, Importance: 'Normal' },
    };
  }
  const [poster, location] = ["@{encodeURIComponent('Flow bot')}", "@{encodeURIComponent('Channel')}"];
  return {
    path: `/beta/teams/conversation/message/poster/${poster}/location/${location}`,
    body: {
      recipient: { groupId: "[parameters('teamId')]", channelId: "[parameters('channelId')]" },
      messageBody: html,
    },
  };
}
