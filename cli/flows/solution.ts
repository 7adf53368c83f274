/** Generated flows as an unmanaged Power Platform solution. Not tested with an import into a live environment. */
import { CONNECTOR_GUID, CONNECTOR_REFERENCE, CONNECTOR_TITLE } from './connector-identity';
import { connectorTrigger, outcomeReport } from './connector-steps';
import { type FlowAction, type FlowSpec, flowHash } from './flow-spec';
import { messageHtml, recipients, SUBJECT } from './message';
import {
  guidOf,
  localized,
  type PackageFile,
  PREFIX,
  packageFiles,
  packageZip,
  VERSION,
  xml,
} from './solution-package';
import { ACTIONS, httpTrigger, workflowDefinition } from './workflow';

/** The bytes of the package with one flow. Equal specs give equal bytes. */
export const solutionZip = (spec: FlowSpec): Uint8Array => packageZip(solutionFiles(spec));

export const solutionFiles = (spec: FlowSpec): PackageFile[] =>
  packageFiles(solutionOf([spec], `CustomerDataFlow_${flowHash(spec).slice(0, 12)}`, spec.name));

/** The bytes of a package with several flows. */
export const flowsZip = (specs: readonly FlowSpec[]): Uint8Array =>
  packageZip(packageFiles(solutionOf(specs, 'CustomerDataFlows', 'Customer data flows')));

const solutionOf = (specs: readonly FlowSpec[], uniqueName: string, title: string) => ({
  uniqueName,
  title,
  components: specs.map((spec) => `<RootComponent type="29" id="{${flowGuid(spec)}}" behavior="0" />`),
  workflows: specs.map(workflowXml),
  connectionReferences: [...new Set(specs.flatMap(connectionReferences))],
  files: specs.map((spec) => ({
    path: workflowFile(spec),
    content: `${JSON.stringify(workflow(spec), undefined, 2)}\n`,
  })),
});

/** The GUID of the flow. */
export const flowGuid = (spec: FlowSpec): string => guidOf(flowHash(spec));

function workflowFile(spec: FlowSpec): string {
  const name = spec.name.replaceAll(/[^A-Za-z0-9]/g, '');
  return `Workflows/${name || 'Flow'}-${flowGuid(spec).toUpperCase()}.json`;
}

/** Connection reference that the import asks for. All generated flows with the same action share it. */
const connectionOf = (action: FlowAction): string => `${PREFIX}_shared${ACTIONS[action].api}`;

function workflow(spec: FlowSpec): object {
  const { connector } = spec;
  const api = `shared_${ACTIONS[spec.action].api}`;
  return {
    properties: {
      connectionReferences: {
        ...(connector && { [connector.api]: embedded(connector.api, CONNECTOR_REFERENCE) }),
        [api]: embedded(api, connectionOf(spec.action)),
      },
      definition: workflowDefinition(spec, {
        parameters: {
          $connections: { defaultValue: {}, type: 'Object' },
          $authentication: { defaultValue: {}, type: 'SecureObject' },
        },
        trigger: (schema) =>
          connector
            ? connectorTrigger(spec.trigger, connector)
            : // Anyone, because the URL has a signature. The default of new flows allows only the tenant.
              httpTrigger({ method: 'POST', triggerAuthenticationType: 'All', schema }),
        messageAction: (schema) => ({
          type: 'OpenApiConnection',
          inputs: {
            host: {
              apiId: `/providers/Microsoft.PowerApps/apis/${api}`,
              connectionName: api,
              operationId: spec.action === 'teams' ? 'PostMessageToConversation' : 'SendEmailV2',
            },
            parameters: parametersOf(spec, messageHtml(spec, schema)),
            authentication: "@parameters('$authentication')",
          },
        }),
        report: connector?.reports ? (outcome, message) => outcomeReport(connector.api, outcome, message) : undefined,
      }),
      templateName: null,
    },
    schemaVersion: '1.0.0.0',
  };
}

const embedded = (api: string, connectionReferenceLogicalName: string) => ({
  runtimeSource: 'embedded',
  connection: { connectionReferenceLogicalName },
  api: { name: api },
});

function parametersOf(spec: FlowSpec, html: string): object {
  if (spec.action === 'email') {
    return {
      'emailMessage/To': recipients(spec),
      'emailMessage/Subject': SUBJECT,
      'emailMessage/Body': html,
      'emailMessage/Importance': 'Normal',
    };
  }
  const { channel } = spec;
  return {
    poster: 'Flow bot',
    location: 'Channel',
    // Without them, the designer asks for the channel.
    ...(channel && { 'body/recipient/groupId': channel.teamId, 'body/recipient/channelId': channel.channelId }),
    'body/messageBody': html,
  };
}

/**
 * The record of a flow. Category 5 is a cloud flow. State 0, status 1 is switched off: the user must check the channel
 * or the owners before the flow runs.
 */
const workflowXml = (spec: FlowSpec): string => `<Workflow WorkflowId="{${flowGuid(spec)}}" Name="${xml(spec.name)}">
      <JsonFileName>/${workflowFile(spec)}</JsonFileName>
      <Type>1</Type>
      <Subprocess>0</Subprocess>
      <Category>5</Category>
      <Mode>0</Mode>
      <Scope>4</Scope>
      <OnDemand>0</OnDemand>
      <TriggerOnCreate>0</TriggerOnCreate>
      <TriggerOnDelete>0</TriggerOnDelete>
      <AsyncAutodelete>0</AsyncAutodelete>
      <SyncWorkflowLogOnFailure>0</SyncWorkflowLogOnFailure>
      <StateCode>0</StateCode>
      <StatusCode>1</StatusCode>
      <RunAs>1</RunAs>
      <IsTransacted>1</IsTransacted>
      <IntroducedVersion>${VERSION}</IntroducedVersion>
      <IsCustomizable>1</IsCustomizable>
      <BusinessProcessType>0</BusinessProcessType>
      <IsCustomProcessingStepAllowedForOtherPublishers>1</IsCustomProcessingStepAllowedForOtherPublishers>
      <ModernFlowType>0</ModernFlowType>
      <PrimaryEntity>none</PrimaryEntity>
      ${localized(spec.name)}
    </Workflow>`;

function connectionReferences({ action, connector }: FlowSpec): string[] {
  const { api, title } = ACTIONS[action];
  // Names the connector of the other solution by its GUID, because the id of its API differs by environment.
  const custom = `\n      <customconnectorid><connectorid>${CONNECTOR_GUID}</connectorid></customconnectorid>`;
  return [
    ...(connector ? [referenceXml(CONNECTOR_REFERENCE, CONNECTOR_TITLE, connector.api, custom)] : []),
    referenceXml(connectionOf(action), title, `shared_${api}`),
  ];
}

const referenceXml = (logicalName: string, title: string, api: string, custom = ''): string =>
  `<connectionreference connectionreferencelogicalname="${logicalName}">
      <connectionreferencedisplayname>${xml(title)}</connectionreferencedisplayname>
      <connectorid>/providers/Microsoft.PowerApps/apis/${api}</connectorid>${custom}
      <iscustomizable>1</iscustomizable>
      <statecode>0</statecode>
      <statuscode>1</statuscode>
    </connectionreference>`;
