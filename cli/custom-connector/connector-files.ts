import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DEFINITION_VERSION } from '../../contract/custom-connector';
import { displayValue } from '../../lambda/subscriptions/core/entry/messages';
import { CommandError } from '../shell/exit';
import type { ConnectorApi } from './connector-api';
import { connectorDefinition, type Json } from './definition';
import { DEFINITION_FILE } from './exported-file';
import { ICON } from './icon';
import { lintDefinition } from './lint';
import { connectorProperties, PLACEHOLDER_ID } from './properties';

export const PROPERTIES_FILE = 'apiProperties.json';
export const SETTINGS_FILE = 'settings.json';
export const ICON_FILE = 'icon.png';

export interface ConnectorFilesOptions {
  /** Client id of the connector's own application. Only with Microsoft Entra ID. */
  readonly entraClientId?: string;
  /** Id of the Power Platform environment. */
  readonly environment?: string;
  readonly publisher: string;
}

/** The definition of the connector for an API. */
export function definitionFor({ url, actions }: Pick<ConnectorApi, 'url' | 'actions'>): Json {
  const { host, protocol } = new URL(url);
  const schemes = [protocol === 'http:' ? 'http' : 'https'] as const;
  return connectorDefinition({ host, schemes, version: DEFINITION_VERSION, actions });
}

/** The connector's files by name, as `paconn` and `pac` read them. `previous`: settings that are already in the folder. */
export function connectorFiles(
  api: ConnectorApi,
  { entraClientId, environment, publisher }: ConnectorFilesOptions,
  previous: { readonly connectorId?: unknown; readonly environment?: unknown } = {},
): Readonly<Record<string, string | Buffer>> {
  const definition = checkedDefinition(api);
  const settings = {
    // `paconn create` returns the id, which `paconn update` needs.
    connectorId: previous.connectorId ?? '',
    environment: environment ?? previous.environment ?? PLACEHOLDER_ID,
    apiProperties: PROPERTIES_FILE,
    apiDefinition: DEFINITION_FILE,
    icon: ICON_FILE,
  };
  return {
    [DEFINITION_FILE]: jsonText(definition),
    [PROPERTIES_FILE]: jsonText(connectorProperties({ signIn: api.signIn, entraClientId, publisher })),
    [SETTINGS_FILE]: jsonText(settings),
    [ICON_FILE]: ICON,
  };
}

/** The definition of the connector, which has no fault. */
export function checkedDefinition(api: Pick<ConnectorApi, 'url' | 'actions'>): Json {
  const definition = definitionFor(api);
  const [fault] = lintDefinition(definition);
  if (fault) throw new Error(`the definition has a fault at ${fault.at}: ${fault.message}`);
  return definition;
}

export const jsonText = (value: object): string => `${JSON.stringify(value, undefined, 2)}\n`;

/**
 * Writes the files. Each file is replaced as a whole. Settings that Power Automate's tools need for updates are kept.
 * @throws CommandError if the folder cannot be written, or has the files of another connector.
 */
export function writeConnectorFiles(folder: string, api: ConnectorApi, options: ConnectorFilesOptions): string[] {
  const { title } = definitionFor(api).info as { readonly title: string };
  const existing = readJson(join(folder, DEFINITION_FILE));
  if (existing && existing.info?.title !== title) {
    throw new CommandError(`${displayValue(folder)} has the files of another connector: use -o with another folder`);
  }
  return writeFiles(folder, connectorFiles(api, options, readJson(join(folder, SETTINGS_FILE))));
}

/**
 * Writes files by name. Each file is replaced as a whole.
 * @throws CommandError if the folder cannot be written.
 */
export function writeFiles(folder: string, files: Readonly<Record<string, string | Uint8Array>>): string[] {
  try {
    mkdirSync(folder, { recursive: true });
    for (const [name, content] of Object.entries(files)) writeWhole(join(folder, name), content);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new CommandError(
      `cannot write to ${displayValue(folder)} (${code}): use -o with a folder that you can write`,
    );
  }
  return Object.keys(files);
}

/** A reader never sees a part of the file. */
function writeWhole(file: string, content: string | Uint8Array): void {
  const draft = `${file}.${process.pid}.tmp`;
  try {
    writeFileSync(draft, content);
    renameSync(draft, file);
  } finally {
    rmSync(draft, { force: true });
  }
}

/** Undefined if the file does not exist. A file that is not JSON has no known fields. */
function readJson(file: string): { readonly [key: string]: { readonly title?: unknown } | undefined } | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
  try {
    return JSON.parse(text) ?? {};
  } catch {
    return {};
  }
}
