import { CONNECTOR_ACTIONS, type ConnectorActionId, type SignInSettings } from '../../contract/custom-connector';
import { Output } from '../../contract/outputs';
import type { Connector } from '../connector/connector';
import { CommandError } from '../shell/exit';

/** The API of the custom connector. */
export interface ConnectorApi {
  /** URL without a path. */
  readonly url: string;
  readonly signIn: SignInSettings;
  readonly actions: readonly ConnectorActionId[];
}

/** The API of a connector, from the outputs of its stack. Undefined: the connector has no API. */
export function findConnectorApi(connector: Connector): ConnectorApi | undefined {
  const url = connector.optionalOutput(Output.CONNECTOR_API_URL);
  if (url === undefined) return undefined;
  return {
    url,
    signIn: JSON.parse(connector.output(Output.CONNECTOR_API_SIGN_IN)) as SignInSettings,
    actions: actionsIn(connector.optionalOutput(Output.CONNECTOR_API_ACTIONS)),
  };
}

/** Whether flows can report their outcomes to the API of the connector. */
export const acceptsReports = (connector: Connector): boolean =>
  findConnectorApi(connector)?.actions.includes('report-outcomes') ?? false;

/** Actions of an API from the output of its stack. A stack of an older version has no actions, and no output for them. */
export function actionsIn(output = ''): ConnectorActionId[] {
  const names = output.split(',');
  return CONNECTOR_ACTIONS.filter((action) => names.includes(action));
}

/** @throws CommandError if the connector has no API. */
export function connectorApi(connector: Connector): ConnectorApi {
  const api = findConnectorApi(connector);
  if (api) return api;
  throw new CommandError(
    `stack ${connector.stackName} has no API for a custom connector: call addConnectorApi() on the connector in the CDK app, and deploy it`,
  );
}

/** Why generated flows lack their last step, and what to do. */
export const NO_OUTCOMES =
  'No outcome is reported, because the API lacks the action: add ConnectorAction.REPORT_OUTCOMES to actions of addConnectorApi(), deploy it, and run this command again.';
