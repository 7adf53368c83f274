import type { ConnectorApi } from '../../custom-connector/connector-api';

/**
 * What the user does after the connector was created.
 * @param file that has the client id.
 */
export function nextSteps({ url, signIn }: ConnectorApi, entraClientId: string | undefined, file: string): string[] {
  const isLocal = url.startsWith('http:');
  return [
    ...(isLocal
      ? [`The address ${url} is on this machine, so Power Automate cannot reach it: these files are for a look.`]
      : []),
    ...(signIn.entra && entraClientId === undefined
      ? [`${file} has a placeholder as clientId: use --entra-client-id with the connector's own application.`]
      : []),
    ...(signIn.entra
      ? ["Add the redirect URL that the new connector shows to the connector's own application in Microsoft Entra ID."]
      : []),
    'Then allow the connector in your data policies and share it: docs/custom-connector.md.',
  ];
}
