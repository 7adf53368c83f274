import { type ConversionConfig, type JsonSchema, toJsonSchema } from '@valibot/to-json-schema';
import type { TriggerId } from '../../contract/events';
import { CLOUDEVENTS_BODIES } from '../../lambda/delivery/core/bodies/cloudevents';
import { FLAT_BODIES } from '../../lambda/delivery/core/bodies/flat-schema';
import { teamsMessageSchema } from '../../lambda/delivery/core/bodies/teams-card';
import type { BodyFormat } from '../../lambda/subscriptions/core/subscription';

/** JSON Schema cannot express checks that are code. */
export const SCHEMA_OPTIONS: ConversionConfig = {
  typeMode: 'input',
  ignoreActions: ['check', 'raw_check', 'trim', 'to_lower_case'],
};

export function bodySchema(trigger: TriggerId, format: BodyFormat): JsonSchema {
  // For documentation and checks only: the trigger of Teams Workflows has its own schema.
  if (format === 'teams-card') return toJsonSchema(teamsMessageSchema, SCHEMA_OPTIONS);
  const bodies = format === 'flat' ? FLAT_BODIES : CLOUDEVENTS_BODIES;
  return forFlowDesigner(toJsonSchema(bodies[trigger], SCHEMA_OPTIONS));
}

/**
 * Reduces a schema to keywords that the flow designer's "Request Body JSON Schema" supports. Does not restrict values:
 * a flow with this schema must accept bodies of later versions.
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
