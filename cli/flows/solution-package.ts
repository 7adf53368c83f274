/**
 * The frame of an unmanaged Power Platform solution, for *Solutions, Import solution*.
 *
 * Microsoft documents the files of a solution only in "Solution component file reference". These files follow the
 * output of `pac solution export`. Not tested with an import into a live environment.
 */
import { strToU8, type Zippable, zipSync } from 'fflate';

/** Publisher prefix of the components: 2 to 8 letters and digits (Microsoft, "Solution publisher"). */
export const PREFIX = 'pacon';
/** Version of a solution and its components. */
export const VERSION = '1.0.0.0';
/** Windows language code of English. */
const LANGUAGE = 1033;

export interface PackageFile {
  readonly path: string;
  readonly content: string | Uint8Array;
}

export interface Solution {
  readonly uniqueName: string;
  /** Display name in Power Platform. */
  readonly title: string;
  /** Four numbers. An import of a lower version than the installed one is refused. @default VERSION */
  readonly version?: string;
  /** `RootComponent` elements. */
  readonly components: readonly string[];
  /** `Workflow` elements. */
  readonly workflows?: readonly string[];
  /** `Connector` elements. */
  readonly connectors?: readonly string[];
  /** `connectionreference` elements. */
  readonly connectionReferences?: readonly string[];
  /** Files that the elements name. */
  readonly files: readonly PackageFile[];
}

/** The bytes of the package. Equal files give equal bytes. */
export function packageZip(files: readonly PackageFile[]): Uint8Array {
  const zippable: Zippable = {};
  for (const { path, content } of files) zippable[path] = typeof content === 'string' ? strToU8(content) : content;
  // A fixed date, in local time because zip stores local times: the earliest that the format supports.
  return zipSync(zippable, { level: 9, mtime: new Date(1980, 0, 1) });
}

/** The files of the solution's package. */
export const packageFiles = (solution: Solution): PackageFile[] => [
  { path: '[Content_Types].xml', content: contentTypes(solution.files) },
  { path: 'solution.xml', content: solutionXml(solution) },
  { path: 'customizations.xml', content: customizationsXml(solution) },
  ...solution.files,
];

/** A GUID from a hash of 128 bits, as a custom UUID (RFC 9562, version 8). */
export function guidOf(hex: string): string {
  const parts = [hex.slice(0, 8), hex.slice(8, 12), `8${hex.slice(13, 16)}`, `a${hex.slice(17, 20)}`, hex.slice(20)];
  return parts.join('-');
}

const XML: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
export const xml = (text: string): string => text.replaceAll(/[&<>"]/g, (character) => XML[character] ?? '');
export const localized = (text: string): string =>
  `<LocalizedNames><LocalizedName description="${xml(text)}" languagecode="${LANGUAGE}" /></LocalizedNames>`;

const DECLARATION = '<?xml version="1.0" encoding="utf-8"?>';
const INSTANCE = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"';

/** Each extension needs a line, in the letters of the file's name. */
function contentTypes(files: readonly PackageFile[]): string {
  const extensions = new Set(['xml', 'json', ...files.map(({ path }) => path.slice(path.lastIndexOf('.') + 1))]);
  const lines = [...extensions].map(
    (extension) => `  <Default Extension="${extension}" ContentType="application/octet-stream" />`,
  );
  return `${DECLARATION}
<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">
${lines.join('\n')}
</Types>
`;
}

function solutionXml({ uniqueName, title, version = VERSION, components }: Solution): string {
  return `${DECLARATION}
<ImportExportXml version="9.2.0.0" SolutionPackageVersion="9.2" languagecode="${LANGUAGE}" generatedBy="CrmLive" ${INSTANCE}>
  <SolutionManifest>
    <UniqueName>${uniqueName}</UniqueName>
    ${localized(title)}
    <Descriptions />
    <Version>${version}</Version>
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
${components.map((component) => `      ${component}\n`).join('')}    </RootComponents>
    <MissingDependencies />
  </SolutionManifest>
</ImportExportXml>
`;
}

function customizationsXml({ workflows, connectors, connectionReferences }: Solution): string {
  return `${DECLARATION}
<ImportExportXml ${INSTANCE}>
  <Entities />
  <Roles />
${list('Workflows', workflows) || '  <Workflows />\n'}  <FieldSecurityProfiles />
  <Templates />
  <EntityMaps />
  <EntityRelationships />
  <OrganizationSettings />
  <optionsets />
  <CustomControls />
  <EntityDataProviders />
${list('Connectors', connectors)}${list('connectionreferences', connectionReferences)}  <Languages>
    <Language>${LANGUAGE}</Language>
  </Languages>
</ImportExportXml>
`;
}

const list = (name: string, elements: readonly string[] = []): string =>
  elements.length === 0 ? '' : `  <${name}>\n${elements.map((one) => `    ${one}\n`).join('')}  </${name}>\n`;
