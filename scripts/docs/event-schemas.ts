import { type ConversionConfig, type JsonSchema, toJsonSchema } from '@valibot/to-json-schema';
import * as v from 'valibot';
import { type DefinedDetailType, EVENT_DEFINITIONS } from '../../lambda/events/core/events';
import { EVENT_EXAMPLES } from './event-examples';

/** JSON Schema cannot express checks in code. Every JSON number is finite. */
const OPTIONS: ConversionConfig = { typeMode: 'input', ignoreActions: ['check', 'trim', 'finite'] };

/** Additions to the schemas for checks in code. */
const ADDITIONS: Partial<Record<DefinedDetailType, JsonSchema>> = {
  RefreshStageCompleted: { oneOf: [{ required: ['stage'] }, { required: ['process'] }] },
};

/** JSON Schemas of the details of events, by detail type. They accept all events that the connector accepts. */
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
      ...ADDITIONS[detailType],
      examples: EVENT_EXAMPLES[detailType],
    };
    return [detailType, schema];
  });
  return Object.fromEntries(schemas);
}

/** Adds the descriptions. The conversion stops at the first transformation of a definition, before the description. */
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
