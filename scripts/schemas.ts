/** Writes the published JSON Schemas, docs/schemas, and the events' documents, docs/events, from the definitions in the code. Run it by `npm run schemas`. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type ConversionConfig, type JsonSchema, toJsonSchema } from '@valibot/to-json-schema';
import { CLOUDEVENTS_BODIES } from '../lambda/core/bodies/cloudevents';
import { FLAT_BODIES } from '../lambda/core/bodies/flat';
import { teamsMessageSchema } from '../lambda/core/bodies/teams-card';
import { subscriptionFileSchema } from '../lambda/core/subscription-entry';
import { asyncApi } from './async-api';
import { eventSchemas } from './event-schemas';

const DOCS_FOLDER = join(__dirname, '..', 'docs');
export const SCHEMAS_FOLDER = join(DOCS_FOLDER, 'schemas');
export const EVENTS_FOLDER = join(DOCS_FOLDER, 'events');

export interface SchemaFile {
  /** Under its folder. */
  readonly path: string;
  readonly content: string;
}

/** Checks that are code have no counterpart in JSON Schema. */
const OPTIONS: ConversionConfig = { typeMode: 'input', ignoreActions: ['check', 'raw_check', 'trim', 'to_lower_case'] };

/** The documents of the bus's events. */
export function eventFiles(): SchemaFile[] {
  return [
    ...Object.entries(eventSchemas()).map(([detailType, schema]) => ({
      path: `${detailType}.schema.json`,
      content: serialize(schema),
    })),
    { path: 'asyncapi.json', content: serialize(asyncApi()) },
  ];
}

/** Every published schema of bodies and files. */
export function schemaFiles(): SchemaFile[] {
  return [
    { path: 'subscriptions.schema.json', content: serialize(subscriptionsSchema()) },
    ...Object.entries(FLAT_BODIES).map(([trigger, definition]) => ({
      path: `flow-body/${trigger}.schema.json`,
      content: serialize(forFlowDesigner(toJsonSchema(definition, OPTIONS))),
    })),
    ...Object.entries(CLOUDEVENTS_BODIES).map(([trigger, definition]) => ({
      path: `flow-body/cloudevents/${trigger}.schema.json`,
      content: serialize(forFlowDesigner(toJsonSchema(definition, OPTIONS))),
    })),
    // Nobody pastes this one: the trigger of Teams Workflows has its own. It says what is sent, and checks it.
    { path: 'flow-body/teams-card.schema.json', content: serialize(toJsonSchema(teamsMessageSchema, OPTIONS)) },
  ];
}

/** For editors, by `# yaml-language-server: $schema=…` on the first line of a subscription file. */
function subscriptionsSchema(): JsonSchema {
  const { $schema, ...schema } = toJsonSchema(subscriptionFileSchema, OPTIONS);
  return { $schema, title: 'Power Automate subscriptions', ...schema };
}

/**
 * A schema in the few words that the flow designer's "Request Body JSON Schema" is sure to know. Values are not limited
 * to those of today: a flow that was made with this schema must not refuse the body of a later version.
 */
function forFlowDesigner({ type, const: only, title, description, properties, required }: JsonSchema): JsonSchema {
  return {
    type: type ?? (typeof only as 'string'),
    ...(title && { title }),
    ...(description && { description }),
    ...(properties && { properties: mapValues(properties, forFlowDesigner) }),
    ...(required && { required }),
  };
}

function mapValues(
  properties: NonNullable<JsonSchema['properties']>,
  change: (schema: JsonSchema) => JsonSchema,
): NonNullable<JsonSchema['properties']> {
  return Object.fromEntries(
    Object.entries(properties).map(([key, schema]) => [key, typeof schema === 'boolean' ? schema : change(schema)]),
  );
}

/** JSON as the formatter of this repository writes it: lists of texts on one line where they fit into 120 columns. */
function serialize(schema: object): string {
  const json = JSON.stringify(schema, undefined, 2).replaceAll(
    /^(.*)\[\n\s+("[^\n]*"(?:,\n\s+"[^\n]*")*)\n\s+\](,?)$/gm,
    (lines, start: string, items: string, end: string) => {
      const line = `${start}[${items.replaceAll(/,\n\s+/g, ', ')}]${end}`;
      return line.length <= 120 ? line : lines;
    },
  );
  return `${json}\n`;
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
