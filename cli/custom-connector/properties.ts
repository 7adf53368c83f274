import { API_KEY_HEADER, type EntraSignInSettings, type SignInSettings } from '../../contract/custom-connector';
import type { Json } from './definition';

/** Stands for an id that is not known yet. Power Automate refuses it. */
export const PLACEHOLDER_ID = '00000000-0000-0000-0000-000000000000';

const KEY_PARAMETER = 'api_key';

export interface PropertiesInput {
  readonly signIn: SignInSettings;
  /** Client id of the connector's own application, which is not that of the API. @default PLACEHOLDER_ID */
  readonly entraClientId?: string;
  /** Who publishes the connector. */
  readonly publisher: string;
}

/** How connections sign in: one way, or a choice of several. */
interface SignInParts {
  readonly connectionParameters?: Json;
  readonly connectionParameterSets?: { readonly uiDefinition: Json; readonly values: readonly ParameterSet[] };
}

interface ParameterSet {
  readonly name: string;
  readonly uiDefinition: Json;
  readonly metadata: Json;
  readonly parameters: Json;
}

export interface ConnectorProperties extends SignInParts {
  readonly iconBrandColor: string;
  readonly capabilities: readonly string[];
  readonly publisher: string;
  readonly stackOwner: string;
  readonly policyTemplateInstances?: readonly Json[];
}

/** `apiProperties.json`: how connections sign in. */
export function connectorProperties({ signIn, entraClientId = PLACEHOLDER_ID, publisher }: PropertiesInput): {
  readonly properties: ConnectorProperties;
} {
  return {
    properties: {
      iconBrandColor: '#0B5C7A',
      capabilities: [],
      publisher,
      stackOwner: publisher,
      ...connectionParameters(signIn, entraClientId),
      ...(signIn.keys && { policyTemplateInstances: [SEND_KEY] }),
    },
  };
}

function connectionParameters({ keys, entra }: SignInSettings, clientId: string): SignInParts {
  const account = entra && { token: entraParameter(entra, clientId) };
  const key = keys && { [KEY_PARAMETER]: KEY };
  if (!account || !key) return { connectionParameters: account || key || {} };
  return {
    connectionParameterSets: {
      uiDefinition: { displayName: 'How to sign in', description: 'Sign in with your account, or with a key.' },
      values: [
        set('entra', 'Sign in', 'With your work account.', account, false),
        // Only a connection with a key can be shared: an account is personal.
        set('key', 'Key', 'With a key from the operator of the connector.', key, true),
      ],
    },
  };
}

const set = (
  name: string,
  displayName: string,
  description: string,
  parameters: Json,
  allowSharing: boolean,
): ParameterSet => ({
  name,
  uiDefinition: { displayName, description },
  metadata: { allowSharing },
  parameters,
});

const entraParameter = ({ tenantId, identifierUri }: EntraSignInSettings, clientId: string): Json => ({
  type: 'oauthSetting',
  oAuthSettings: {
    identityProvider: 'aad',
    clientId,
    scopes: [],
    redirectMode: 'GlobalPerConnector',
    redirectUrl: 'https://global.consent.azure-apim.net/redirect',
    properties: { IsFirstParty: 'False', AzureActiveDirectoryResourceId: identifierUri },
    customParameters: {
      loginUri: { value: 'https://login.microsoftonline.com' },
      tenantId: { value: tenantId },
      resourceUri: { value: identifierUri },
      enableOnbehalfOfLogin: { value: 'false' },
    },
  },
  uiDefinition: {
    displayName: 'Sign in',
    description: 'Sign in with your work account.',
    tooltip: 'Sign in with your work account.',
    constraints: { required: 'true', hidden: 'false' },
  },
});

const KEY: Json = {
  type: 'securestring',
  uiDefinition: {
    displayName: 'Key',
    description: 'The key from the operator of the connector.',
    tooltip: 'The key from the operator of the connector.',
    constraints: { required: 'true', clearText: false, tabIndex: 2 },
  },
};

const SEND_KEY: Json = {
  templateId: 'setheader',
  title: 'Send the key',
  parameters: {
    'x-ms-apimTemplateParameter.name': API_KEY_HEADER,
    'x-ms-apimTemplateParameter.value': `@connectionParameters('${KEY_PARAMETER}','')`,
    'x-ms-apimTemplateParameter.existsAction': 'override',
    'x-ms-apimTemplate-policySection': 'Request',
  },
};
