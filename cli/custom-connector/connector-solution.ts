import { DEFINITION_VERSION } from '../../contract/custom-connector';
import { CONNECTOR_GUID, CONNECTOR_NAME, CONNECTOR_TITLE } from '../flows/connector-identity';
import { type PackageFile, packageFiles, xml } from '../flows/solution-package';
import type { ConnectorApi } from './connector-api';
import { type ConnectorFilesOptions, checkedDefinition, jsonText } from './connector-files';
import { ICON } from './icon';
import { connectorProperties } from './properties';

/**
 * The custom connector as an unmanaged solution. The elements have the names of the columns of Dataverse's table
 * `connector` (Microsoft, "connector table/entity reference"), as in the published solution microsoft/iom-provider-shopify.
 * Not tested with an import into a live environment.
 */
export function connectorSolution(
  api: ConnectorApi,
  options: Pick<ConnectorFilesOptions, 'entraClientId' | 'publisher'>,
): PackageFile[] {
  const definition = checkedDefinition(api);
  const { properties } = connectorProperties({ signIn: api.signIn, ...options });
  const { connectionParameters, connectionParameterSets: sets, policyTemplateInstances, iconBrandColor } = properties;
  const parts: Readonly<Record<string, string | Uint8Array>> = {
    openapidefinition: jsonText(definition),
    // With several sets, those of the first one: published connectors have both files.
    connectionparameters: jsonText(connectionParameters ?? sets?.values[0]?.parameters ?? {}),
    ...(sets && { connectionparametersets: jsonText(sets) }),
    ...(policyTemplateInstances && { policytemplateinstances: jsonText(policyTemplateInstances) }),
    iconblob: ICON,
  };
  const files = Object.entries(parts).map(([column, content]) => ({ path: fileOf(column), content }));
  const { description } = definition.info as { readonly description: string };
  return packageFiles({
    uniqueName: 'CustomerDataConnector',
    title: CONNECTOR_TITLE,
    version: `${DEFINITION_VERSION}.0`,
    components: [`<RootComponent type="372" id="{${CONNECTOR_GUID}}" schemaName="${CONNECTOR_NAME}" behavior="0" />`],
    connectors: [
      `<Connector>
      <connectorid>${CONNECTOR_GUID}</connectorid>
      <description>${xml(description)}</description>
      <displayname>${xml(CONNECTOR_TITLE)}</displayname>
      <iconbrandcolor>${iconBrandColor}</iconbrandcolor>
      <name>${CONNECTOR_NAME}</name>
      <connectortype>1</connectortype>
${Object.keys(parts)
  .map((column) => `      <${column}>/${fileOf(column)}</${column}>\n`)
  .join('')}    </Connector>`,
    ],
    files,
  });
}

const fileOf = (column: string): string =>
  `Connector/${CONNECTOR_NAME}_${column}.${column === 'iconblob' ? 'Png' : 'json'}`;
