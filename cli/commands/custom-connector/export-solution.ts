import { join } from 'node:path';
import { type ConnectorApi, NO_OUTCOMES } from '../../custom-connector/connector-api';
import { type ConnectorFilesOptions, writeFiles } from '../../custom-connector/connector-files';
import { connectorSolution } from '../../custom-connector/connector-solution';
import { connectorTriggerOf } from '../../flows/connector-trigger';
import { defaultFlowName, type FlowSpec } from '../../flows/flow-spec';
import { flowsZip } from '../../flows/solution';
import { packageZip } from '../../flows/solution-package';
import type { Terminal } from '../../shell/terminal';
import { nextSteps } from './export-notes';

/** In the order of their import, which their names show. */
const CONNECTOR_ZIP = '1-connector.zip';
const FLOWS_ZIP = '2-flows.zip';

/** Flows that most installations need. `flow TRIGGER --by connector` generates the others. */
const EXAMPLES = [
  { trigger: 'data-source-refresh-failed', action: 'teams' },
  { trigger: 'segment-threshold-crossed', action: 'email' },
] as const;

/** Writes the custom connector and example flows as two solutions, and prints how to import them. */
export function exportSolution(
  folder: string,
  api: ConnectorApi,
  options: ConnectorFilesOptions,
  { line }: Terminal,
): void {
  const flows = EXAMPLES.map(
    ({ trigger, action }): FlowSpec => ({
      ...{ trigger, action, name: defaultFlowName(trigger, action), to: [] },
      connector: connectorTriggerOf(trigger, { actions: api.actions }),
    }),
  );
  const files = writeFiles(folder, {
    [CONNECTOR_ZIP]: packageZip(connectorSolution(api, options)),
    [FLOWS_ZIP]: flowsZip(flows),
  });
  line(`wrote ${files.length} files to ${folder}: ${files.join(', ')}`);
  line('');
  line('Import them in this order, because a solution cannot contain both a new connector and the flows that use it:');
  line('');
  line(`  pac solution import --path ${join(folder, CONNECTOR_ZIP)}`);
  line(`  pac solution import --path ${join(folder, FLOWS_ZIP)}`);
  line('');
  line('Without pac: make.powerautomate.com, Solutions, Import solution. Create a connection between the two imports.');
  line(`The flows are switched off: ${flows.map(({ name }) => name).join('; ')}.`);
  line('Open each flow, complete its trigger and its message, save it and switch it on: it registers itself.');
  line('For more flows: flow TRIGGER --then teams --by connector -o FILE.');
  if (flows.some(({ connector }) => !connector?.reports)) line(NO_OUTCOMES);
  if (api.signIn.entra) {
    line(
      `${CONNECTOR_ZIP} has no client secret. After the import, enter it on the Security page of the connector. If that page cannot edit two ways to sign in, use paconn update with the files of connector export.`,
    );
  }
  for (const step of nextSteps(api, options.entraClientId, CONNECTOR_ZIP)) line(step);
  line('');
  line('Not tried: these files were not imported into an environment. If an import fails, use --as files.');
}
