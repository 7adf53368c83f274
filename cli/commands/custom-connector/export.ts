import { join } from 'node:path';
import { connectorApi } from '../../custom-connector/connector-api';
import { ICON_FILE, PROPERTIES_FILE, SETTINGS_FILE, writeConnectorFiles } from '../../custom-connector/connector-files';
import { DEFAULT_FILES_FOLDER, DEFINITION_FILE } from '../../custom-connector/exported-file';
import { connectorCommand } from '../../frame/command';
import { UsageError } from '../../shell/exit';

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
    'entra-client-id': {
      type: 'string',
      valueHint: 'ID',
      description: "client id of the connector's own application in Microsoft Entra ID, which is not that of the API",
    },
    environment: { type: 'string', valueHint: 'ID', description: 'id of the Power Platform environment' },
    publisher: {
      type: 'string',
      valueHint: 'NAME',
      description: 'publisher that Power Automate shows',
      default: 'Your organization',
    },
  },
  notes: [
    'The files describe the API of the stack. Export them again after an upgrade: doctor reports outdated files.',
    `A second export replaces the files, and keeps connectorId and environment in ${SETTINGS_FILE}.`,
  ],
  examples: [
    'connector export -o connector-files',
    'connector export -o connector-files --entra-client-id 00000000-0000-0000-0000-000000000000',
  ],
  async run({ output, environment, publisher, ...args }, { terminal, ...context }) {
    const entraClientId = idOption('--entra-client-id', args['entra-client-id'], GUID);
    const options = { entraClientId, environment: idOption('--environment', environment, ENVIRONMENT), publisher };
    const api = connectorApi(await context.connector());
    if (entraClientId !== undefined && !api.signIn.entra) {
      throw new UsageError('--entra-client-id has no effect: the API does not accept Microsoft Entra ID');
    }
    const files = writeConnectorFiles(output, api, options);
    terminal.line(`wrote ${files.length} files to ${output}: ${files.join(', ')}`);
    terminal.line('');
    terminal.line('Create the connector with one of these tools:');
    terminal.line('');
    const secret = api.signIn.entra ? ' --secret <client secret of the connector>' : '';
    terminal.line(`  cd ${output} && paconn login && paconn create --settings ${SETTINGS_FILE}${secret}`);
    terminal.line('');
    terminal.line(
      `  pac connector create --api-definition-file ${join(output, DEFINITION_FILE)} --api-properties-file ${join(output, PROPERTIES_FILE)} --icon-file ${join(output, ICON_FILE)}`,
    );
    terminal.line('');
    for (const step of nextSteps(api.signIn.entra !== undefined, entraClientId, api.url)) terminal.line(step);
  },
});

function idOption(option: string, value: string | undefined, form: RegExp): string | undefined {
  if (value === undefined || form.test(value)) return value;
  throw new UsageError(`${option} is not an id: use an id such as 00000000-0000-0000-0000-000000000000`);
}

function nextSteps(entra: boolean, clientId: string | undefined, url: string): string[] {
  const isLocal = url.startsWith('http:');
  return [
    ...(isLocal
      ? [`The address ${url} is on this machine, so Power Automate cannot reach it: these files are for a look.`]
      : []),
    ...(entra && clientId === undefined
      ? [
          `${PROPERTIES_FILE} has a placeholder as clientId: use --entra-client-id with the connector's own application.`,
        ]
      : []),
    ...(entra
      ? ["Add the redirect URL that the new connector shows to the connector's own application in Microsoft Entra ID."]
      : []),
    'Then allow the connector in your data policies and share it: docs/custom-connector.md.',
  ];
}
