import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import Ajv from 'ajv';
import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { beforeAll, describe, expect, test } from 'vitest';
import { KNOWN_DETAIL_TYPES } from '../../../contract/events';
import { TriggerRules, type TriggerRulesProps } from '../../../lib';
import { resources } from '../support';

function rulesWith(props: TriggerRulesProps) {
  const stack = new Stack(new App(), 'Stack');
  const rules = new TriggerRules(stack, 'Rules', props);
  return { stack, rules, template: Template.fromStack(stack) };
}
const published = (detailType: string) =>
  JSON.parse(readFileSync(join(__dirname, '../../../docs/events', `${detailType}.schema.json`), 'utf8'));

test('by default, there is no registry', () => {
  for (const props of [{}, { schemaRegistry: false }]) {
    const { rules, template } = rulesWith(props);
    expect(rules.schemaRegistryName).toBeUndefined();
    template.resourceCountIs('AWS::EventSchemas::Registry', 0);
    template.resourceCountIs('AWS::EventSchemas::Schema', 0);
  }
});

describe('the registry', () => {
  interface Document {
    readonly openapi: string;
    readonly paths: object;
    readonly components: { readonly schemas: Readonly<Record<string, Record<string, unknown>>> };
  }
  let made: ReturnType<typeof rulesWith>;
  let schemas: Map<string, { name: string; type: string; content: Document; registry: unknown }>;
  beforeAll(() => {
    made = rulesWith({ schemaRegistry: true, eventSource: 'crm/emea' });
    schemas = new Map(
      Object.values(resources(made.template, 'AWS::EventSchemas::Schema')).map(({ Properties }) => {
        const content: Document = JSON.parse(Properties.Content);
        const name: string = Properties.SchemaName;
        return [
          name.split('@')[1] as string,
          { name, type: Properties.Type, content, registry: Properties.RegistryName },
        ];
      }),
    );
  });

  test('has a schema for every event, with the name that schema discovery would use', () => {
    const [id, ...others] = Object.keys(made.template.findResources('AWS::EventSchemas::Registry'));
    expect(others).toEqual([]);
    expect([...schemas.keys()].sort()).toEqual([...KNOWN_DETAIL_TYPES].sort());
    for (const [detailType, { name, type, registry }] of schemas) {
      expect(name).toBe(`crm-emea@${detailType}`);
      expect(type).toBe('OpenApi3');
      expect(registry).toEqual({ 'Fn::GetAtt': [id, 'RegistryName'] });
    }
    expect(made.stack.resolve(made.rules.schemaRegistryName)).toEqual({ 'Fn::GetAtt': [id, 'RegistryName'] });
  });

  test('describes the events with keywords of OpenAPI 3.0', () => {
    // OpenAPI specification 3.0.0, "Schema Object". Other keywords of the schemas would be rejected.
    const words = new Set([
      ...[
        'title',
        'description',
        'type',
        'properties',
        'required',
        'enum',
        'default',
        'pattern',
        'minLength',
        'maxLength',
      ],
      ...[
        'minimum',
        'maximum',
        'exclusiveMinimum',
        'exclusiveMaximum',
        'minItems',
        'maxItems',
        'maxProperties',
        'items',
        'additionalProperties',
        'anyOf',
        'oneOf',
      ],
    ]);
    const check = (schema: Record<string, unknown>) => {
      for (const [word, value] of Object.entries(schema)) {
        expect(words, word).toContain(word);
        if (word.startsWith('exclusive')) expect(value, word).toBe(true);
        if (word === 'properties') Object.values(value as Record<string, Record<string, unknown>>).forEach(check);
        if (word === 'items' || word === 'additionalProperties') check(value as Record<string, unknown>);
        if (word === 'anyOf' || word === 'oneOf') (value as Record<string, unknown>[]).forEach(check);
      }
    };
    for (const [detailType, { content }] of schemas) {
      const { AWSEvent, [detailType]: detail } = content.components.schemas;
      expect(content).toMatchObject({ openapi: '3.0.0', paths: {} });
      expect(AWSEvent).toMatchObject({
        'x-amazon-events-detail-type': detailType,
        'x-amazon-events-source': 'crm/emea',
        properties: { detail: { $ref: `#/components/schemas/${detailType}` } },
      });
      check(detail as Record<string, unknown>);
    }
  });

  /** Converts an OpenAPI 3.0 schema to JSON Schema, in which exclusive bounds are numbers. */
  const jsonSchemaOf = (schema: unknown): object =>
    JSON.parse(JSON.stringify(schema), (_, part) => {
      if (part?.exclusiveMinimum === true) part.exclusiveMinimum = part.minimum;
      if (part?.exclusiveMaximum === true) part.exclusiveMaximum = part.maximum;
      return part;
    });

  test('accepts the same events as the published schemas', () => {
    for (const [detailType, { content }] of schemas) {
      const fits = new Ajv({ strict: false }).compile(jsonSchemaOf(content.components.schemas[detailType]));
      const { examples, required, properties } = published(detailType);
      for (const example of examples) {
        expect(fits(example), JSON.stringify(fits.errors)).toBe(true);
        for (const key of required) expect(fits({ ...example, [key]: undefined }), key).toBe(false);
        for (const key of Object.keys(properties)) expect(fits({ ...example, [key]: null }), key).toBe(false);
      }
    }
  });
});
