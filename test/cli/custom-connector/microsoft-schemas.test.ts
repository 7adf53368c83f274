import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import Ajv, { type ValidateFunction } from 'ajv';
import { describe, expect, test } from 'vitest';
import { connectorFiles } from '../../../cli/custom-connector/connector-files';
import { CONNECTOR_ACTIONS, type EntraSignInSettings, type SignInSettings } from '../../../contract/custom-connector';

const FOLDER = join(__dirname, '../../fixtures/power-platform');
const ENTRA: EntraSignInSettings = {
  tenantId: '11111111-1111-1111-1111-111111111111',
  clientId: '00000000-0000-0000-0000-000000000000',
  identifierUri: 'api://00000000-0000-0000-0000-000000000000',
  scope: 'Flows.Use',
  roles: [],
};
const HTTPS = 'https://abc123.execute-api.eu-central-1.amazonaws.com';

// biome-ignore lint/suspicious/noExplicitAny: the files have any form.
type Json = any;

/** Converts draft 4 to a draft that ajv supports: limits have no boolean, and a schema names its id otherwise. */
function fromDraft4(schema: Json): Json {
  if (Array.isArray(schema)) return schema.map(fromDraft4);
  if (typeof schema === 'string') {
    // References to the schema of schemas, whose definitions have other names.
    return schema.replace('draft-04/schema', 'draft-07/schema').replace('/positiveInteger', '/nonNegativeInteger');
  }
  if (typeof schema !== 'object' || schema === null) return schema;
  const { id, $schema, exclusiveMinimum, exclusiveMaximum, ...rest } = schema;
  const converted = Object.fromEntries(Object.entries(rest).map(([key, value]) => [key, fromDraft4(value)]));
  // Properties can have these names, too.
  const isProperty = (value: unknown) => typeof value === 'object';
  return {
    ...converted,
    ...(isProperty(id) && { id: fromDraft4(id) }),
    ...(isProperty(exclusiveMinimum) && { exclusiveMinimum: fromDraft4(exclusiveMinimum) }),
    ...(isProperty(exclusiveMaximum) && { exclusiveMaximum: fromDraft4(exclusiveMaximum) }),
  };
}

function schema(name: string): ValidateFunction {
  const parsed = JSON.parse(readFileSync(join(FOLDER, `${name}.schema.json`), 'utf8'));
  const ajv = new Ajv({ strict: false, validateFormats: false, allErrors: true, logger: false });
  return ajv.compile(fromDraft4(parsed));
}

const [definitionSchema, propertiesSchema, settingsSchema] = [
  'apiDefinition.swagger',
  'paconn-apiProperties',
  'paconn-settings',
].map(schema) as [ValidateFunction, ValidateFunction, ValidateFunction];

const errorsOf = (fits: ValidateFunction, value: Json): string[] =>
  fits(value) ? [] : (fits.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);

function filesOf(signIn: SignInSettings, url = HTTPS): Record<string, Json> {
  const { 'icon.png': _, ...files } = connectorFiles(
    { url, signIn, actions: CONNECTOR_ACTIONS },
    { publisher: 'Data team' },
  );
  return Object.fromEntries(Object.entries(files).map(([name, text]) => [name, JSON.parse(String(text))]));
}

describe("Microsoft's schema of the definition", () => {
  test.each([HTTPS, 'http://127.0.0.1:4599', 'https://connector.example.com'])(
    'accepts the definition for %s',
    (url) => {
      expect(errorsOf(definitionSchema, filesOf({ keys: true }, url)['apiDefinition.swagger.json'])).toEqual([]);
    },
  );

  test.each<[string, (definition: Json) => void]>([
    ['a callback flag that is a text', (d) => (callback(d)['x-ms-notification-url'] = 'true')],
    ['an unknown kind of trigger', (d) => (post(d)['x-ms-trigger'] = 'webhook')],
    ['an unknown extension', (d) => (post(d)['x-ms-hint'] = 'x')],
    ['a keyword of OpenAPI 3', (d) => (post(d).requestBody = {})],
    // Why the definition has no trigger metadata.
    ['metadata of a webhook', (d) => (post(d)['x-ms-trigger-metadata'] = { kind: 'webhook', mode: 'push' })],
    ['metadata with a mode but no kind', (d) => (post(d)['x-ms-trigger-metadata'] = { mode: 'polling' })],
  ])('rejects %s', (_, plant) => {
    const definition = filesOf({ keys: true })['apiDefinition.swagger.json'];
    plant(definition);
    expect(errorsOf(definitionSchema, definition)).not.toEqual([]);
  });
  const post = (definition: Json) => definition.paths['/triggers/segment-threshold-crossed'].post;
  const callback = (definition: Json) => post(definition).parameters[0].schema.properties.callbackUrl;
});

/** The published schema is older than two features: sets of parameters, and a redirect URL for each connector. */
function forOldSchema({ properties }: Json): Json[] {
  const { connectionParameterSets, ...rest } = properties;
  const all = connectionParameterSets
    ? connectionParameterSets.values.map((one: Json) => ({ ...rest, connectionParameters: one.parameters }))
    : [rest];
  return structuredClone(all).map((one: Json) => {
    for (const { oAuthSettings } of Object.values<Json>(one.connectionParameters)) {
      if (oAuthSettings?.redirectMode === 'GlobalPerConnector') oAuthSettings.redirectMode = 'Global';
      delete oAuthSettings?.customParameters.enableOnbehalfOfLogin;
    }
    return { properties: one };
  });
}

describe("Microsoft's schemas of the other files", () => {
  test.each<[string, SignInSettings]>([
    ['keys', { keys: true }],
    ['Microsoft Entra ID', { keys: false, entra: ENTRA }],
    ['both', { keys: true, entra: ENTRA }],
  ])('accept the files for a sign-in with %s', (_, signIn) => {
    const files = filesOf(signIn);
    const properties = forOldSchema(files['apiProperties.json']);
    expect(properties.flatMap((one) => errorsOf(propertiesSchema, one))).toEqual([]);
    expect(errorsOf(settingsSchema, files['settings.json'])).toEqual([]);
  });

  test('reject other properties', () => {
    const [properties] = forOldSchema(filesOf({ keys: true })['apiProperties.json']);
    expect(errorsOf(propertiesSchema, { properties: { ...properties.properties, iconBrandColor: 7 } })).not.toEqual([]);
  });
});
