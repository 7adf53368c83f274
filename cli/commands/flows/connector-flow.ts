/** Parts of the command `flow` that need the custom connector. */
import { connectorApi, NO_OUTCOMES } from '../../custom-connector/connector-api';
import { CONNECTOR_API } from '../../flows/connector-identity';
import {
  type ConnectorTrigger,
  type ConnectorTriggerOptions,
  connectorTriggerOf,
  openFields,
} from '../../flows/connector-trigger';
import type { FlowSpec } from '../../flows/flow-spec';
import type { Context } from '../../frame/command';
import { UsageError } from '../../shell/exit';

/** @throws UsageError for an invalid option; CommandError if the connector has no API. */
export async function byConnector(
  spec: FlowSpec,
  { api, set }: Pick<ConnectorTriggerOptions, 'api' | 'set'>,
  context: Context,
): Promise<ConnectorFlow> {
  if (api !== undefined && !/^shared_[A-Za-z0-9.-]+$/.test(api)) {
    throw new UsageError(`--connector-id is not the id of a custom connector: use an id such as ${CONNECTOR_API}`);
  }
  const { actions } = connectorApi(await context.connector());
  return { ...spec, connector: connectorTriggerOf(spec.trigger, { api, set, actions }) };
}

/** A flow with the trigger of the connector. */
type ConnectorFlow = FlowSpec & { readonly connector: ConnectorTrigger };

/** What the user does next. */
export function connectorNotes({ trigger, action, channel, to, connector }: ConnectorFlow, hasId: boolean): string[] {
  const open = openFields(trigger, connector.inputs);
  if (action === 'email' && to.length === 0 && connector.inputs.owners === undefined) open.push('Owners');
  const enter = open.length > 0 ? `enter ${open.join(', ')} in its trigger, ` : '';
  const select = action === 'teams' && !channel ? 'select the channel, ' : '';
  const notes = [
    `Next: import the custom connector (connector export --as solution), then this file (make.powerautomate.com, Solutions, Import solution). Open the flow, ${enter}${select}save it and switch it on: it registers itself.`,
  ];
  if (!connector.reports) notes.push(NO_OUTCOMES);
  if (!hasId) {
    notes.push(
      'The file names the custom connector by the GUID that connector export --as solution gives it. If the import does not find the connector, use --connector-id.',
    );
  }
  return notes;
}
