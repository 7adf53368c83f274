import { messageHtml, recipients, SUBJECT } from './message';
import { type FlowWish, flowHash } from './wish';
import { ACTIONS, workflowDefinition } from './workflow';

/**
 * The flow as an ARM template with a Logic App (Consumption). It has no output with the URL: outputs stand in the
 * deployment's history, in clear. It was not deployed.
 */
export function logicAppTemplate(wish: FlowWish): object {
  const { api, title } = ACTIONS[wish.by];
  const connection = `${api}-customer-data`;
  const managedApi = `[subscriptionResourceId('Microsoft.Web/locations/managedApis', parameters('location'), '${api}')]`;
  const connectionId = `[resourceId('Microsoft.Web/connections', '${connection}')]`;
  return {
    $schema: 'https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#',
    contentVersion: '1.0.0.0',
    // A text in brackets would be an expression.
    metadata: { description: wish.name.replace(/^\[/, '[[') },
    parameters: {
      location: { type: 'string', defaultValue: '[resourceGroup().location]' },
      logicAppName: { type: 'string', defaultValue: `${wish.trigger}-${wish.by}-${flowHash(wish).slice(0, 6)}` },
      ...(wish.by === 'teams' && {
        teamId: parameter('Id of the team: groupId in the link to the channel.', wish.channel?.teamId),
        channelId: parameter('Id of the channel: 19:…@thread.tacv2 in the link to it.', wish.channel?.channelId),
      }),
    },
    resources: [
      {
        type: 'Microsoft.Web/connections',
        apiVersion: '2016-06-01',
        name: connection,
        location: "[parameters('location')]",
        // Somebody has to sign in to it once: Logic App, API connections, Edit API connection, Authorize.
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
          definition: workflowDefinition(wish, {
            parameters: { $connections: { defaultValue: {}, type: 'Object' } },
            triggerInputs: { method: 'POST' },
            tell: (schema) => ({
              type: 'ApiConnection',
              inputs: {
                host: { connection: { name: `@parameters('$connections')['${api}']['connectionId']` } },
                method: 'post',
                ...requestOf(wish, messageHtml(wish, schema)),
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

/** Paths of the connectors' operations, as the designer writes them. */
function requestOf(wish: FlowWish, html: string): object {
  if (wish.by === 'email') {
    return {
      path: '/v2/Mail',
      body: { To: recipients(wish), Subject: SUBJECT, Body: html, Importance: 'Normal' },
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
