import { Token } from 'aws-cdk-lib';
import type { EntraSignInSettings, SignInSettings } from '../../contract/custom-connector';
import { validateNameCount } from '../shared/validate';
import { isGuid } from '../subscriptions/validate';

/** The application in Microsoft Entra ID that represents the API, and what its callers need. */
export interface EntraSignInOptions {
  /** Directory (tenant) ID of the app registration: a GUID. Only users and applications of this tenant can sign in. */
  readonly tenantId: string;

  /** Application (client) ID of the app registration that represents the API: a GUID. */
  readonly clientId: string;

  /**
   * Application ID URI of the app registration, which tokens can have as their audience.
   *
   * @default - `api://` and the `clientId`
   */
  readonly identifierUri?: string;

  /** Name of the scope that a user's token must have, such as `Flows.Use`: one word, without the identifier URI. */
  readonly scope: string;

  /**
   * Values of app roles. A token must have one of them. Tokens of applications always need a role, because they have no scope.
   *
   * @default - users need only the scope, and applications cannot sign in
   */
  readonly roles?: string[];
}

/** Maximum length of a scope or of the value of an app role, characters (Microsoft Graph, `permissionScope` and `appRole`). */
const MAX_WORD_LENGTH = 120;
const URI = /^[a-z][a-z0-9+.-]*:\S+$/i;

/** A way in which callers of the custom connector's API sign in. */
export class ConnectorSignIn {
  /**
   * Callers sign in with an API key. The CLI creates and revokes keys (`connector key create`). Keys are stored as hashes.
   */
  public static keys(): ConnectorSignIn {
    return new ConnectorSignIn({ keys: true });
  }

  /**
   * Callers sign in with Microsoft Entra ID.
   *
   * @param options the application that represents the API
   */
  public static entra(options: EntraSignInOptions): ConnectorSignIn {
    return new ConnectorSignIn({ entra: entraSettings(options) });
  }

  private constructor(
    /** @internal */
    public readonly _settings: Partial<SignInSettings>,
  ) {}
}

/**
 * Combines the ways to sign in.
 * @throws Error if the list is empty, or has one of them twice.
 */
export function signInSettings(ways: ConnectorSignIn[]): SignInSettings {
  if (ways.length === 0) {
    throw new Error('signIn is empty: write ConnectorSignIn.entra(…), ConnectorSignIn.keys(), or both');
  }
  for (const way of ['keys', 'entra'] as const) {
    if (ways.filter(({ _settings }) => _settings[way] !== undefined).length > 1) {
      throw new Error(`signIn has ConnectorSignIn.${way} twice: write it once`);
    }
  }
  return Object.assign({ keys: false }, ...ways.map(({ _settings }) => _settings));
}

// The messages never show a value, which may be a misplaced secret.

function entraSettings({ tenantId, clientId, identifierUri, scope, roles = [] }: EntraSignInOptions) {
  validateGuid('tenantId', tenantId, 'Directory (tenant) ID');
  validateGuid('clientId', clientId, 'Application (client) ID');
  const uri = identifierUri ?? `api://${lowerCase(clientId)}`;
  if (!Token.isUnresolved(uri) && !URI.test(uri)) {
    throw new Error('identifierUri is not a URI: write the Application ID URI of the app registration');
  }
  validateWord('scope', scope, "'Flows.Use'");
  if (Token.isUnresolved(roles)) throw new Error('roles is a token: write the roles, or a list of tokens');
  for (const role of roles) validateWord('roles', role, "'Flow.Author'");
  validateNameCount('roles', roles, 0, 100);
  const entra: EntraSignInSettings = {
    tenantId: lowerCase(tenantId),
    clientId: lowerCase(clientId),
    identifierUri: uri,
    scope,
    roles: [...roles],
  };
  return entra;
}

function validateGuid(option: string, value: string, name: string): void {
  if (Token.isUnresolved(value) || isGuid(value)) return;
  const problem = value === '' ? 'empty' : 'not a GUID';
  throw new Error(`${option} is ${problem}: write the ${name} of the app registration`);
}

function validateWord(option: string, value: string, example: string): void {
  if (Token.isUnresolved(value)) return;
  const isWord = /^\S+$/.test(value) && value.length <= MAX_WORD_LENGTH && !value.includes('://');
  if (isWord) return;
  throw new Error(
    `${option} has a value that is not one word: write 1 to ${MAX_WORD_LENGTH} characters without blanks and without the identifier URI, such as ${example}`,
  );
}

/** Upper and lower case of a token would be that of its placeholder. */
const lowerCase = (value: string): string => (Token.isUnresolved(value) ? value : value.toLowerCase());
