import { join } from 'node:path';
import { type ConnectorApi, connectorApi } from '../../custom-connector/connector-api';
import {
  type ConnectorFilesOptions,
  ICON_FILE,
  PROPERTIES_FILE,
  SETTINGS_FILE,
  writeConnectorFiles,
} from '../../custom-connector/connector-files';
import { DEFAULT_FILES_FOLDER, DEFINITION_FILE } from '../../custom-connector/exported-file';
import { connectorCommand } from '../../frame/command';
import { UsageError } from '../../shell/exit';
import type { Terminal } from '../../shell/terminal';
import { checkExport } from './export-check';
import { nextSteps } from './export-notes';
import { exportSolution } from './export-solution';

const GUID = /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/i;
/** IDs of environments are GUIDs, some with a prefix such as `Default-`. */
const ENVIRONMENT = /^([A-Za-z]+-)?[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/i;

export const exportFiles = connectorCommand({
  name: 'connector export',
  description: 'write the files of the custom connector for Power Automate',
  args: {
    output: {
      type: 'string',
      alias: 'o',
      valueHint: 'FOLDER',
      description: 'folder of the files',
      default: DEFAULT_FILES_FOLDER,
    },
    as: {
      type: 'enum',
      valueHint: 'KIND',
      options: ['files', 'solution'],
      default: 'files',
      description: 'files for paconn and pac, or two Power Platform solutions: the connector, and example flows',
    },
    check: { type: 'boolean', description: 'check the definition and the files in the folder, and write nothing' },
    'entra-client-id': {
      type: 'string',
      valueHint: 'ID',
      description: "client id of the connector's own application in Microsoft Entra ID, which is not that of the API",
    },
    environment: {
      type: 'string',
      valueHint: 'ID',
      description: 'for --as files: id of the Power Platform environment',
    },
    publisher: {
      type: 'string',
      valueHint: 'NAME',
      description: 'for --as files: publisher that Power Automate shows',
      default: 'Your organization',
    },
  },
  notes: [
    'The files describe the API of the stack. Export them again after an upgrade: doctor reports outdated files.',
    '--as solution writes 1-connector.zip and 2-flows.zip, to import in this order. The flows start with triggers of the connector.',
    '--check counts the marks of a good connector for each trigger, lints the definition, and compares it with the file in the folder. It exits with 1 if it finds a fault.',
    `A second export replaces the files, and keeps connectorId and environment in ${SETTINGS_FILE}.`,
  ],
  examples: [
    'connector export -o connector-files',
    'connector export -o connector-files --entra-client-id 00000000-0000-0000-0000-000000000000',
    'connector export --as solution -o connector-solution',
    'connector export --check',
  ],
  async run({ output, as, check, environment, publisher, ...args }, { terminal, ...context }) {
    const entraClientId = idOption('--entra-client-id', args['entra-client-id'], GUID);
    const options = { entraClientId, environment: idOption('--environment', environment, ENVIRONMENT), publisher };
    const api = connectorApi(await context.connector());
    if (entraClientId !== undefined && !api.signIn.entra) {
      throw new UsageError('--entra-client-id has no effect: the API does not accept Microsoft Entra ID');
    }
    if (environment !== undefined && as === 'solution') {
      throw new UsageError('--environment has no effect with --as solution: select the environment for the import');
    }
    if (check) return checkExport(output, api, terminal);
    const write = as === 'solution' ? exportSolution : exportAsFiles;
    write(output, api, options, terminal);
    return true;
  },
});

function exportAsFiles(folder: string, api: ConnectorApi, options: ConnectorFilesOptions, { line }: Terminal): void {
  const files = writeConnectorFiles(folder, api, options);
  line(`wrote ${files.length} files to ${folder}: ${files.join(', ')}`);
  line('');
  line('Create the connector with one of these tools:');
  line('');
  const secret = api.signIn.entra ? ' --secret <client secret of the connector>' : '';
  line(`  cd ${folder} && paconn login && paconn create --settings ${SETTINGS_FILE}${secret}`);
  line('');
  line(
    `  pac connector create --api-definition-file ${join(folder, DEFINITION_FILE)} --api-properties-file ${join(folder, PROPERTIES_FILE)} --icon-file ${join(folder, ICON_FILE)}`,
  );
  line('');
  for (const step of nextSteps(api, options.entraClientId, PROPERTIES_FILE)) line(step);
}

function idOption(option: string, value: string | undefined, form: RegExp): string | undefined {
  if (value === undefined || form.test(value)) return value;
  throw new UsageError(`${option} is not an id: use an id such as 00000000-0000-0000-0000-000000000000`);
}
