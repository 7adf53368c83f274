import { type ConversionConfig, type JsonSchema, toJsonSchema } from '@valibot/to-json-schema';
import * as v from 'valibot';
import { type DefinedDetailType, EVENT_DEFINITIONS } from '../../lambda/events/core/events';
import { EVENT_EXAMPLES } from './event-examples';

/** Checks that are code have no counterpart in JSON Schema; every number in JSON is finite. */
const OPTIONS: ConversionConfig = { typeMode: 'input', ignoreActions: ['check', 'trim', 'finite'] };

/** What the schemas say besides, where the check is code. */
const BESIDES: Partial<Record<DefinedDetailType, JsonSchema>> = {
  RefreshStageCompleted: { oneOf: [{ required: ['stage'] }, { required: ['process'] }] },
};

/** JSON Schemas of the events' details, by detail type. They take what the connector takes, but for what they cannot say. */
export function eventSchemas(): Readonly<Record<DefinedDetailType, JsonSchema>> {
  const schemas = Object.entries(EVENT_DEFINITIONS).map(([name, definition]) => {
    const detailType = name as DefinedDetailType;
    const { $schema, type, description, properties, required } = toJsonSchema(definition, OPTIONS);
    const schema = {
      $schema,
      title: detailType,
      description,
      type,
      properties: described(properties ?? {}, definition.entries),
      required,
      ...BESIDES[detailType],
      examples: EVENT_EXAMPLES[detailType],
    };
    return [detailType, schema];
  });
  return Object.fromEntries(schemas);
}

/** The conversion reads a definition up to its first change of the value, the description stands behind it. */
function described(
  properties: NonNullable<JsonSchema['properties']>,
  entries: Readonly<Record<string, v.GenericSchema>>,
): NonNullable<JsonSchema['properties']> {
  return Object.fromEntries(
    Object.entries(properties).map(([key, schema]) => {
      const entry = entries[key] as v.GenericSchema;
      const field = 'wrapped' in entry ? (entry.wrapped as v.GenericSchema) : entry;
      return [key, { description: v.getDescription(field), ...(schema as JsonSchema) }];
    }),
  );
}
