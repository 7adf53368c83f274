import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { counted } from '../../../lambda/shared/core/text';
import { displayValue } from '../../../lambda/subscriptions/core/entry/messages';
import type { ConnectorApi } from '../../custom-connector/connector-api';
import { definitionFor, jsonText } from '../../custom-connector/connector-files';
import type { Json } from '../../custom-connector/definition';
import { DEFINITION_FILE } from '../../custom-connector/exported-file';
import {
  countMarks,
  definitionFaults,
  MARKS,
  type MarkResult,
  type TriggerMarks,
  triggerMarks,
} from '../../custom-connector/marks';
import type { Terminal } from '../../shell/terminal';
import { readTextFile } from '../../shell/text-file';

/**
 * Checks the definition of an API, and the file in the folder if it exists. Writes nothing.
 * @returns whether there is no fault.
 */
export function checkExport(folder: string, api: ConnectorApi, terminal: Terminal): boolean {
  const definition = definitionFor(api);
  const faults = [...definitionFaults(definition), ...folderFaults(folder, definition)];
  const triggers = triggerMarks(definition);
  terminal.table({ head: ['trigger', ...MARKS, 'marks'], rows: triggers.map(row) });
  const [has, open] = [countMarks(triggers, true), countMarks(triggers, undefined)];
  terminal.line('');
  terminal.line(`Sum: ${has} of ${triggers.length * MARKS.length} marks. ${open} do not apply:`);
  for (const line of NOT_APPLICABLE) terminal.line(line);
  terminal.line('');
  if (faults.length === 0) {
    terminal.line('No faults.');
    return true;
  }
  for (const fault of faults) terminal.problem(fault);
  terminal.problem(counted(faults.length, 'fault', 'faults'));
  return false;
}

const NOT_APPLICABLE = [
  '  trigger metadata: x-ms-trigger-metadata describes triggers that Power Automate polls. Microsoft\'s schema allows only kind "query" with mode "polling", and these triggers are webhooks.',
  '  dynamic values, dynamic list: the trigger has no field whose values are names from the API. Its other fields have fixed choices, and the API has no list of instances.',
];

const row = ({ operationId, marks }: TriggerMarks): string[] => {
  const results = MARKS.map((mark) => marks[mark]);
  return [operationId, ...results.map(cell), `${results.filter((result) => result).length} of ${MARKS.length}`];
};

const cell = (result: MarkResult): string => (result === undefined ? '-' : result ? 'yes' : 'no');

function folderFaults(folder: string, definition: Json): string[] {
  const file = join(folder, DEFINITION_FILE);
  if (!existsSync(file) || readTextFile(file) === jsonText(definition)) return [];
  return [
    `${DEFINITION_FILE} in ${displayValue(folder)} differs from the definition of this API: run connector export to replace it.`,
  ];
}
