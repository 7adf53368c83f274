import { describe, expect, it } from 'vitest';
import { connectorFiles } from '../../../cli/custom-connector/connector-files';
import { connectorSolution } from '../../../cli/custom-connector/connector-solution';
import { ICON } from '../../../cli/custom-connector/icon';
import { CONNECTOR_GUID, CONNECTOR_NAME } from '../../../cli/flows/connector-identity';
import { packageZip } from '../../../cli/flows/solution-package';
import { CONNECTOR_ACTIONS, DEFINITION_VERSION, type SignInSettings } from '../../../contract/custom-connector';
import { API_URL } from '../../support/custom-connector';
import { elements, parseXml } from '../../support/xml';
import { unzip } from '../../support/zip';

const ID = '11111111-2222-3333-4444-555555555555';
const entra = { tenantId: ID, clientId: ID, identifierUri: `api://${ID}`, scope: 'flows', roles: [] };
const OPTIONS = { entraClientId: '99999999-2222-3333-4444-555555555555', publisher: 'Data team' };
/** Maximum length of the columns of Dataverse's table `connector` (Microsoft, "connector table/entity reference"). */
const MAX_LENGTHS = { file: 500_000, description: 1000, displayname: 200, name: 500, iconbrandcolor: 100 };

describe.each<[string, SignInSettings]>([
  ['keys', { keys: true }],
  ['Microsoft Entra ID', { keys: false, entra }],
  ['both', { keys: true, entra }],
])('the solution of a connector with %s', (_, signIn) => {
  const api = { url: API_URL, signIn, actions: CONNECTOR_ACTIONS };
  const files = unzip(packageZip(connectorSolution(api, OPTIONS)));
  const exported = connectorFiles(api, OPTIONS);
  const { properties } = JSON.parse(String(exported['apiProperties.json']));
  const customizations = parseXml(files.get('customizations.xml') ?? '');
  const [connector] = elements(customizations, 'Connector');
  const columns = Object.fromEntries(connector?.children.map(({ name, text }) => [name, text]) ?? []);
  const content = (column: string) => files.get((columns[column] ?? '').slice(1)) ?? 'null';

  it('names each of its files in a column of the connector, and has no other', () => {
    const named = Object.values(columns).filter((text) => text.startsWith('/'));
    expect([
      '[Content_Types].xml',
      'solution.xml',
      'customizations.xml',
      ...named.map((path) => path.slice(1)),
    ]).toEqual([...files.keys()]);
    for (const [column, path] of Object.entries(columns).filter(([, text]) => text.startsWith('/')))
      expect(path).toBe(`/Connector/${CONNECTOR_NAME}_${column}.${column === 'iconblob' ? 'Png' : 'json'}`);
    const types = elements(parseXml(files.get('[Content_Types].xml') ?? ''), 'Default');
    const extensions = [...files.keys()].map((path) => path.slice(path.lastIndexOf('.') + 1));
    expect(new Set(types.map(({ attributes }) => attributes.Extension))).toEqual(new Set(extensions));
  });

  it('contains what the exported files contain', () => {
    expect(content('openapidefinition')).toBe(exported['apiDefinition.swagger.json']);
    expect(JSON.parse(content('policytemplateinstances'))).toEqual(properties.policyTemplateInstances ?? null);
    expect(JSON.parse(content('connectionparametersets'))).toEqual(properties.connectionParameterSets ?? null);
    expect(JSON.parse(content('connectionparameters'))).toEqual(
      properties.connectionParameters ?? properties.connectionParameterSets.values[0].parameters,
    );
    expect(content('iconblob')).toBe(ICON.toString('utf8'));
    const { info } = JSON.parse(content('openapidefinition'));
    expect(columns).toMatchObject({
      connectorid: CONNECTOR_GUID,
      name: CONNECTOR_NAME,
      connectortype: '1',
      displayname: info.title,
      description: info.description,
      iconbrandcolor: properties.iconBrandColor,
    });
  });

  it('fits into the columns', () => {
    for (const [column, text] of Object.entries(columns)) {
      const limit = text.startsWith('/') ? MAX_LENGTHS.file : (MAX_LENGTHS[column as keyof typeof MAX_LENGTHS] ?? 36);
      expect((text.startsWith('/') ? content(column) : text).length).toBeLessThanOrEqual(limit);
    }
  });

  it('is unmanaged, and has the connector as its only component', () => {
    const solution = parseXml(files.get('solution.xml') ?? '');
    const text = (name: string) => elements(solution, name)[0]?.text;
    expect([text('Managed'), text('Version')]).toEqual(['0', `${DEFINITION_VERSION}.0`]);
    expect(elements(solution, 'RootComponent').map(({ attributes }) => attributes)).toEqual([
      { type: '372', id: `{${CONNECTOR_GUID}}`, schemaName: CONNECTOR_NAME, behavior: '0' },
    ]);
    expect(CONNECTOR_NAME).toMatch(new RegExp(`^${text('CustomizationPrefix')}_[a-z0-9]+$`));
    expect(elements(customizations, 'Workflow')).toEqual([]);
  });

  it('has the same bytes for the same API, and no secret', () => {
    expect(packageZip(connectorSolution(api, OPTIONS))).toEqual(packageZip(connectorSolution(api, OPTIONS)));
    expect([...files.values()].join('')).not.toMatch(/clientSecret|sig=/i);
  });
});

it('is the same connector for every API, so that a flow can move to another environment', () => {
  const guids = [API_URL, 'https://other.example.com'].map((url) => {
    const api = { url, signIn: { keys: true }, actions: CONNECTOR_ACTIONS };
    const files = unzip(packageZip(connectorSolution(api, OPTIONS)));
    return elements(parseXml(files.get('customizations.xml') ?? ''), 'connectorid')[0]?.text;
  });
  expect(new Set(guids).size).toBe(1);
});
