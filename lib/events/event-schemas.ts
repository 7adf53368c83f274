import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Stack, Token } from 'aws-cdk-lib';
import { CfnRegistry, CfnSchema } from 'aws-cdk-lib/aws-eventschemas';
import { Construct } from 'constructs';
import { packageRoot } from '../shared/package-root';

const EVENTS_FOLDER = 'docs/events';
const SCHEMA_FILE = '.schema.json';

interface Json {
  readonly [keyword: string]: unknown;
}

/** A schema registry with the schemas of the connector's events, in the format of EventBridge's own schemas. */
export class EventSchemas extends Construct {
  public readonly registryName: string;

  constructor(scope: Construct, id: string, eventSource: string) {
    super(scope, id);

    const registry = new CfnRegistry(this, 'Registry', { description: `Events of ${eventSource}` });
    this.registryName = registry.attrRegistryName;
    const folder = join(packageRoot(), EVENTS_FOLDER);
    for (const file of readdirSync(folder).sort()) {
      if (!file.endsWith(SCHEMA_FILE)) continue;
      const detailType = file.slice(0, -SCHEMA_FILE.length);
      const schema = JSON.parse(readFileSync(join(folder, file), 'utf8'));
      new CfnSchema(this, detailType, {
        registryName: registry.attrRegistryName,
        // The name that schema discovery would use, so that tools find the schema.
        schemaName: `${schemaNamePart(eventSource)}@${detailType}`,
        type: 'OpenApi3',
        description: schema.description,
        content: Stack.of(this).toJsonString(openApi(detailType, eventSource, schema)),
      });
    }
  }
}

/** Schema names allow only letters, digits and .-_@ (EventBridge Schemas API reference). Event sources allow more. */
const schemaNamePart = (eventSource: string): string =>
  Token.isUnresolved(eventSource) ? eventSource : eventSource.replaceAll(/[^A-Za-z0-9._-]/g, '-');

/** Schema of an event with its envelope, in the format of schema discovery (EventBridge user guide, "Creating an event schema"). */
function openApi(detailType: string, eventSource: string, schema: Json): Json {
  const text = { type: 'string' };
  return {
    openapi: '3.0.0',
    info: { title: detailType, version: '1.0.0' },
    paths: {},
    components: {
      schemas: {
        AWSEvent: {
          type: 'object',
          required: ['detail-type', 'resources', 'detail', 'id', 'source', 'time', 'region', 'version', 'account'],
          'x-amazon-events-detail-type': detailType,
          'x-amazon-events-source': eventSource,
          properties: {
            detail: { $ref: `#/components/schemas/${detailType}` },
            account: text,
            'detail-type': text,
            id: text,
            region: text,
            resources: { type: 'array', items: text },
            source: text,
            time: { type: 'string', format: 'date-time' },
            version: text,
          },
        },
        [detailType]: schemaObject(schema),
      },
    },
  };
}

/** Keywords of JSON Schema that OpenAPI 3.0 does not support (OpenAPI specification 3.0.0, "Schema Object"). */
const JSON_SCHEMA_ONLY = ['$schema', 'propertyNames', 'examples'];

/** Converts a JSON schema and its subschemas to OpenAPI. */
function schemaObject(schema: Json): Json {
  return Object.fromEntries(
    Object.entries(schema)
      .filter(([keyword]) => !JSON_SCHEMA_ONLY.includes(keyword))
      .flatMap(([keyword, value]) => boundOf(keyword, value) ?? [[keyword, subschemasOf(keyword, value)]]),
  );
}

/** An exclusive bound is a number in JSON Schema. In OpenAPI 3.0, it is a flag in addition to the bound. */
function boundOf(keyword: string, value: unknown): [string, unknown][] | undefined {
  if (keyword !== 'exclusiveMinimum' && keyword !== 'exclusiveMaximum') return undefined;
  return [
    [keyword === 'exclusiveMinimum' ? 'minimum' : 'maximum', value],
    [keyword, true],
  ];
}

function subschemasOf(keyword: string, value: unknown): unknown {
  switch (keyword) {
    case 'properties':
      return Object.fromEntries(Object.entries(value as Json).map(([key, one]) => [key, schemaObject(one as Json)]));
    case 'anyOf':
    case 'oneOf':
      return (value as Json[]).map(schemaObject);
    case 'items':
    case 'additionalProperties':
      return schemaObject(value as Json);
    default:
      return value;
  }
}
