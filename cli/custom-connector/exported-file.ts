import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { displayValue } from '../../lambda/subscriptions/core/entry/messages';
import { UsageError } from '../shell/exit';
import { readTextFile } from '../shell/text-file';

/** Folder of the exported files, in the working directory. */
export const DEFAULT_FILES_FOLDER = 'connector-files';
/** The definition of the custom connector in that folder. Microsoft's tools write and read this name. */
export const DEFINITION_FILE = 'apiDefinition.swagger.json';

/** The parts of an exported definition that become outdated. A part is undefined if the file does not have it. */
export interface ExportedDefinition {
  readonly file: string;
  readonly version?: string;
  /** Host of the API. */
  readonly host?: string;
}

/**
 * Reads the exported definition in a folder.
 * @param folder Undefined: the default folder.
 * @returns undefined if the default folder has no definition.
 * @throws UsageError if the given folder has no definition; TextFileError if the file is unreadable.
 */
export function readExportedDefinition(folder: string | undefined): ExportedDefinition | undefined {
  const file = join(folder ?? DEFAULT_FILES_FOLDER, DEFINITION_FILE);
  if (existsSync(file)) return { file, ...partsOf(readTextFile(file)) };
  if (folder === undefined) return undefined;
  throw new UsageError(
    `${displayValue(folder)} has no ${DEFINITION_FILE}: use --connector-files FOLDER with a folder of connector export`,
  );
}

function partsOf(text: string): Omit<ExportedDefinition, 'file'> {
  try {
    const { info, host } = JSON.parse(text);
    const textOf = (value: unknown) => (typeof value === 'string' ? value : undefined);
    return { version: textOf(info?.version), host: textOf(host) };
  } catch {
    return {};
  }
}
