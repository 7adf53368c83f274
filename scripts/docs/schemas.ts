/** Generates the published JSON Schemas (docs/schemas) and the documents of events (docs/events). Run: `npm run schemas`. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type JsonSchema, toJsonSchema } from '@valibot/to-json-schema';
import { bodySchema, SCHEMA_OPTIONS } from '../../cli/events/body-schemas';
import { TRIGGER_IDS } from '../../contract/events';
import { subscriptionFileSchema } from '../../lambda/subscriptions/core/entry/schema';
import { asyncApi } from './async-api';
import { eventSchemas } from './event-schemas';

const DOCS_FOLDER = join(__dirname, '..', '..', 'docs');
export const SCHEMAS_FOLDER = join(DOCS_FOLDER, 'schemas');
export const EVENTS_FOLDER = join(DOCS_FOLDER, 'events');

export interface SchemaFile {
  /** Relative to its folder. */
  readonly path: string;
  readonly content: string;
}

/** The documents of the events on the bus. */
export function eventFiles(): SchemaFile[] {
  return [
    ...Object.entries(eventSchemas()).map(([detailType, schema]) => ({
      path: `${detailType}.schema.json`,
      content: serialize(schema),
    })),
    { path: 'asyncapi.json', content: serialize(asyncApi()) },
  ];
}

/** The published schemas of bodies and files. */
export function schemaFiles(): SchemaFile[] {
  return [
    { path: 'subscriptions.schema.json', content: serialize(subscriptionsSchema()) },
    ...TRIGGER_IDS.map((trigger) => ({
      path: `flow-body/${trigger}.schema.json`,
      content: serialize(bodySchema(trigger, 'flat')),
    })),
    ...TRIGGER_IDS.map((trigger) => ({
      path: `flow-body/cloudevents/${trigger}.schema.json`,
      content: serialize(bodySchema(trigger, 'cloudevents')),
    })),
    { path: 'flow-body/teams-card.schema.json', content: serialize(bodySchema(TRIGGER_IDS[0], 'teams-card')) },
  ];
}

/** Editors use it with `# yaml-language-server: $schema=…` on the first line of a subscription file. */
function subscriptionsSchema(): JsonSchema {
  const { $schema, ...schema } = toJsonSchema(subscriptionFileSchema, SCHEMA_OPTIONS);
  return { $schema, title: 'Power Automate subscriptions', ...schema };
}

/** JSON in the format of this repository: short lists of texts on one line, `1e126` without a plus sign. */
function serialize(schema: object): string {
  const json = JSON.stringify(schema, undefined, 2).replaceAll(
    /^(.*)\[\n\s+("[^\n]*"(?:,\n\s+"[^\n]*")*)\n\s+\](,?)$/gm,
    (lines, start: string, items: string, end: string) => {
      const line = `${start}[${items.replaceAll(/,\n\s+/g, ', ')}]${end}`;
      return line.length <= 120 ? line : lines;
    },
  );
  return `${json.replaceAll(/^(\s+"\w+": -?\d+e)\+(\d+,?)$/gm, '$1$2')}\n`;
}

if (process.argv[1] === __filename) {
  for (const [folder, files] of [[SCHEMAS_FOLDER, schemaFiles()] as const, [EVENTS_FOLDER, eventFiles()] as const]) {
    for (const { path, content } of files) {
      const file = join(folder, path);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, content);
    }
  }
}
