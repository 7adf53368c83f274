/**
 * A generated flow as an unmanaged Power Platform solution, for *Solutions, Import solution*.
 *
 * Microsoft documents the files of a solution only in "Solution component file reference". These files follow the
 * output of `pac solution export`. Not tested with an import into a live environment.
 */
import { strToU8, type Zippable, zipSync } from 'fflate';
import { type FlowAction, type FlowSpec, flowHash } from './flow-spec';
import { messageHtml, recipients, SUBJECT } from './message';
import { ACTIONS, workflowDefinition } from './workflow';

/** Publisher prefix of the solution's components: 2 to 8 letters and digits (Microsoft, "Solution publisher"). */
const PREFIX = 'pacon';
const VERSION = '1.0.0.0';
/** Windows language code of English. */
const LANGUAGE = 1033;

export interface PackageFile {
  readonly path: string;
  readonly content: string;
}

/** The bytes of the package. Equal specs give equal bytes. */
export function solutionZip(spec: FlowSpec): Uint8Array {
  const files: Zippable = {};
  for (const { path, content } of solutionFiles(spec)) files[path] = strToU8(content);
  // A fixed date, in local time because zip stores local times: the earliest that the format supports.
  return zipSync(files, { level: 9, mtime: new Date(1980, 0, 1) });
}

export function solutionFiles(spec: FlowSpec): PackageFile[] {
  const file = workflowFile(spec);
  return [
    { path: '[Content_Types].xml', content: CONTENT_TYPES },
    { path: 'solution.xml', content: solutionXml(spec) },
    { path: 'customizations.xml', content: customizationsXml(spec, file) },
    { path: file, content: `${JSON.stringify(workflow(spec), undefined, 2)}\n` },
  ];
}

/** The GUID of the flow: its hash as a custom UUID (RFC 9562, version 8). */
export function flowGuid(spec: FlowSpec): string {
  const hex = flowHash(spec);
  const parts = [hex.slice(0, 8), hex.slice(8, 12), `8${hex.slice(13, 16)}`, `a${hex.slice(17, 20)}`, hex.slice(20)];
  return parts.join('-');
}

function workflowFile(spec: FlowSpec): string {
  const name = spec.name.replaceAll(/[^A-Za-z0-9]/g, '');
  return `Workflows/${name || 'Flow'}-${flowGuid(spec).toUpperCase()}.json`;
}

/** Connection reference that the import asks for. All generated flows with the same action share it. */
const connectionOf = (action: FlowAction): string => `${PREFIX}_shared${ACTIONS[action].api}`;

function workflow(spec: FlowSpec): object {
  const api = `shared_${ACTIONS[spec.action].api}`;
  return {
    properties: {
      connectionReferences: {
        [api]: {
          runtimeSource: 'embedded',
          connection: { connectionReferenceLogicalName: connectionOf(spec.action) },
          api: { name: api },
        },
      },
      definition: workflowDefinition(spec, {
        parameters: {
          $connections: { defaultValue: {}, type: 'Object' },
          $authentication: { defaultValue: {}, type: 'SecureObject' },
        },
        // Anyone, because the URL has a signature. The default of new flows allows only the tenant.
        triggerInputs: { method: 'POST', triggerAuthenticationType: 'All' },
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
      }),
      templateName: null,
    },
    schemaVersion: '1.0.0.0',
  };
}

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

const XML: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
const xml = (text: string): string => text.replaceAll(/[&<>"]/g, (character) => XML[character] ?? '');
const DECLARATION = '<?xml version="1.0" encoding="utf-8"?>';
const INSTANCE = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"';
const localized = (text: string): string =>
  `<LocalizedNames><LocalizedName description="${xml(text)}" languagecode="${LANGUAGE}" /></LocalizedNames>`;

const CONTENT_TYPES = `${DECLARATION}
<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">
  <Default Extension="xml" ContentType="application/octet-stream" />
  <Default Extension="json" ContentType="application/octet-stream" />
</Types>
`;

/** Name of the solution and its component, the flow (type 29: workflow). */
function solutionXml(spec: FlowSpec): string {
  return `${DECLARATION}
<ImportExportXml version="9.2.0.0" SolutionPackageVersion="9.2" languagecode="${LANGUAGE}" generatedBy="CrmLive" ${INSTANCE}>
  <SolutionManifest>
    <UniqueName>CustomerDataFlow_${flowHash(spec).slice(0, 12)}</UniqueName>
    ${localized(spec.name)}
    <Descriptions />
    <Version>${VERSION}</Version>
    <Managed>0</Managed>
    <Publisher>
      <UniqueName>PowerAutomateConnector</UniqueName>
      ${localized('Power Automate Connector')}
      <Descriptions />
      <EMailAddress xsi:nil="true"></EMailAddress>
      <SupportingWebsiteUrl xsi:nil="true"></SupportingWebsiteUrl>
      <CustomizationPrefix>${PREFIX}</CustomizationPrefix>
      <CustomizationOptionValuePrefix>46100</CustomizationOptionValuePrefix>
      <Addresses />
    </Publisher>
    <RootComponents>
      <RootComponent type="29" id="{${flowGuid(spec)}}" behavior="0" />
    </RootComponents>
    <MissingDependencies />
  </SolutionManifest>
</ImportExportXml>
`;
}

/**
 * The record of the flow and its connection reference. Category 5 is a cloud flow. State 0, status 1 is switched off:
 * the user must check the channel or the owners before the flow runs.
 */
function customizationsXml(spec: FlowSpec, file: string): string {
  const { api, title } = ACTIONS[spec.action];
  return `${DECLARATION}
<ImportExportXml ${INSTANCE}>
  <Entities />
  <Roles />
  <Workflows>
    <Workflow WorkflowId="{${flowGuid(spec)}}" Name="${xml(spec.name)}">
      <JsonFileName>/${file}</JsonFileName>
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
    </Workflow>
  </Workflows>
  <FieldSecurityProfiles />
  <Templates />
  <EntityMaps />
  <EntityRelationships />
  <OrganizationSettings />
  <optionsets />
  <CustomControls />
  <EntityDataProviders />
  <connectionreferences>
    <connectionreference connectionreferencelogicalname="${connectionOf(spec.action)}">
      <connectionreferencedisplayname>${xml(title)}</connectionreferencedisplayname>
      <connectorid>/providers/Microsoft.PowerApps/apis/shared_${api}</connectorid>
      <iscustomizable>1</iscustomizable>
      <statecode>0</statecode>
      <statuscode>1</statuscode>
    </connectionreference>
  </connectionreferences>
  <Languages>
    <Language>${LANGUAGE}</Language>
  </Languages>
</ImportExportXml>
`;
}
