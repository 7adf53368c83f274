/** Parts of the command `flow` that need the custom connector. */
import type { TriggerId } from '../../../contract/events';
import { connectorApi, NO_OUTCOMES, reportsOutcomes } from '../../custom-connector/connector-api';
import { CONNECTOR_API } from '../../flows/connector-identity';
import type { ConnectorTrigger, FlowSpec } from '../../flows/flow-spec';
import { openFields, triggerInputs } from '../../flows/trigger-inputs';
import type { Context } from '../../frame/command';
import { UsageError } from '../../shell/exit';

interface ConnectorTriggerOptions {
  readonly api?: string;
  readonly set: readonly string[];
}

/** @throws UsageError for an invalid option; CommandError if the connector has no API. */
export async function connectorTriggerOf(
  trigger: TriggerId,
  { api = CONNECTOR_API, set }: ConnectorTriggerOptions,
  context: Context,
): Promise<ConnectorTrigger> {
  if (!/^shared_[A-Za-z0-9.-]+$/.test(api)) {
    throw new UsageError(`--connector-id is not the id of a custom connector: use an id such as ${CONNECTOR_API}`);
  }
  const inputs = triggerInputs(trigger, set);
  return { api, inputs, reports: reportsOutcomes(connectorApi(await context.connector())) };
}

/** What the user does next. */
export function connectorNotes(spec: FlowSpec & { readonly connector: ConnectorTrigger }, hasId: boolean): string[] {
  const { trigger, action, channel, to, connector } = spec;
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
