/**
 * A ready-made flow as a solution of Power Platform, unmanaged, for *Solutions, Import solution*.
 *
 * What a solution with a cloud flow holds is not written down by Microsoft beyond "Solution component file reference";
 * the files here follow what `pac solution export` writes. It was not imported into a live environment.
 */
import { strToU8, type Zippable, zipSync } from 'fflate';
import { messageHtml, recipients, SUBJECT } from './message';
import { type FlowWish, flowHash, type Then } from './wish';
import { ACTIONS, workflowDefinition } from './workflow';

/** Prefix of what the solution brings along: 2 to 8 letters and digits (Microsoft, "Solution publisher"). */
const PREFIX = 'pacon';
const VERSION = '1.0.0.0';
/** English; the number is Windows' own. */
const LANGUAGE = 1033;

/** A file of the package. */
export interface PackageFile {
  readonly path: string;
  readonly content: string;
}

/** The package's bytes: the same for the same wish, wherever and whenever it is made. */
export function solutionZip(wish: FlowWish): Uint8Array {
  const files: Zippable = {};
  for (const { path, content } of solutionFiles(wish)) files[path] = strToU8(content);
  // The earliest date that a zip knows, in local time, as it is written there.
  return zipSync(files, { level: 9, mtime: new Date(1980, 0, 1) });
}

/** The package's files, in the order in which they are packed. */
export function solutionFiles(wish: FlowWish): PackageFile[] {
  const file = workflowFile(wish);
  return [
    { path: '[Content_Types].xml', content: CONTENT_TYPES },
    { path: 'solution.xml', content: solutionXml(wish) },
    { path: 'customizations.xml', content: customizationsXml(wish, file) },
    { path: file, content: `${JSON.stringify(workflow(wish), undefined, 2)}\n` },
  ];
}

/** The flow's GUID: a hash of what it is known by, as RFC 9562 frames one of one's own making (version 8). */
export function flowGuid(wish: FlowWish): string {
  const hex = flowHash(wish);
  const parts = [hex.slice(0, 8), hex.slice(8, 12), `8${hex.slice(13, 16)}`, `a${hex.slice(17, 20)}`, hex.slice(20)];
  return parts.join('-');
}

function workflowFile(wish: FlowWish): string {
  const name = wish.name.replaceAll(/[^A-Za-z0-9]/g, '');
  return `Workflows/${name || 'Flow'}-${flowGuid(wish).toUpperCase()}.json`;
}

/** Connection that whoever imports the solution is asked for; flows that are imported so share it. */
const connectionOf = (then: Then): string => `${PREFIX}_shared${ACTIONS[then].api}`;

function workflow(wish: FlowWish): object {
  const api = `shared_${ACTIONS[wish.by].api}`;
  return {
    properties: {
      connectionReferences: {
        [api]: {
          runtimeSource: 'embedded',
          connection: { connectionReferenceLogicalName: connectionOf(wish.by) },
          api: { name: api },
        },
      },
      definition: workflowDefinition(wish, {
        parameters: {
          $connections: { defaultValue: {}, type: 'Object' },
          $authentication: { defaultValue: {}, type: 'SecureObject' },
        },
        // Anyone: the URL is signed. New flows allow the tenant alone.
        triggerInputs: { method: 'POST', triggerAuthenticationType: 'All' },
        tell: (schema) => ({
          type: 'OpenApiConnection',
          inputs: {
            host: {
              apiId: `/providers/Microsoft.PowerApps/apis/${api}`,
              connectionName: api,
              operationId: wish.by === 'teams' ? 'PostMessageToConversation' : 'SendEmailV2',
            },
            parameters: parametersOf(wish, messageHtml(wish, schema)),
            authentication: "@parameters('$authentication')",
          },
        }),
      }),
      templateName: null,
    },
    schemaVersion: '1.0.0.0',
  };
}

function parametersOf(wish: FlowWish, html: string): object {
  if (wish.by === 'email') {
    return {
      'emailMessage/To': recipients(wish),
      'emailMessage/Subject': SUBJECT,
      'emailMessage/Body': html,
      'emailMessage/Importance': 'Normal',
    };
  }
  const { channel } = wish;
  return {
    poster: 'Flow bot',
    location: 'Channel',
    // Left out, the designer asks for them.
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

/** What the solution is called, and that the flow (29 is a workflow) is in it. */
function solutionXml(wish: FlowWish): string {
  return `${DECLARATION}
<ImportExportXml version="9.2.0.0" SolutionPackageVersion="9.2" languagecode="${LANGUAGE}" generatedBy="CrmLive" ${INSTANCE}>
  <SolutionManifest>
    <UniqueName>CustomerDataFlow_${flowHash(wish).slice(0, 12)}</UniqueName>
    ${localized(wish.name)}
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
      <RootComponent type="29" id="{${flowGuid(wish)}}" behavior="0" />
    </RootComponents>
    <MissingDependencies />
  </SolutionManifest>
</ImportExportXml>
`;
}

/**
 * The flow's record and the connection that it needs. Category 5 is a cloud flow; state 0, status 1 is switched off:
 * whoever imports it has to look at the channel or the owners first.
 */
function customizationsXml(wish: FlowWish, file: string): string {
  const { api, title } = ACTIONS[wish.by];
  return `${DECLARATION}
<ImportExportXml ${INSTANCE}>
  <Entities />
  <Roles />
  <Workflows>
    <Workflow WorkflowId="{${flowGuid(wish)}}" Name="${xml(wish.name)}">
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
      ${localized(wish.name)}
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
    <connectionreference connectionreferencelogicalname="${connectionOf(wish.by)}">
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
