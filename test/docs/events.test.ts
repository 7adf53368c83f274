import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import Ajv from 'ajv';
import { describe, expect, test } from 'vitest';
import { KNOWN_DETAIL_TYPES } from '../../contract/events';
import { checkDetail, EVENT_DEFINITIONS } from '../../lambda/events/core/events';
import { EVENTS_FOLDER, eventFiles } from '../../scripts/docs/schemas';

const published = (path: string) => readFileSync(join(EVENTS_FOLDER, path), 'utf8');
const schemaOf = (detailType: string) => JSON.parse(published(`${detailType}.schema.json`));
const DETAIL_TYPES = Object.keys(EVENT_DEFINITIONS);

test('every event has a published document that matches the code (if not, run: npm run schemas)', () => {
  for (const { path, content } of eventFiles()) expect(published(path), path).toBe(content);
  const names = readdirSync(EVENTS_FOLDER).filter((name) => name.endsWith('.json'));
  expect(names.sort()).toEqual(
    eventFiles()
      .map(({ path }) => path)
      .sort(),
  );
  expect(names).toEqual(expect.arrayContaining(KNOWN_DETAIL_TYPES.map((name) => `${name}.schema.json`)));
});

describe.each(DETAIL_TYPES)('the schema of %s', (detailType) => {
  const schema = schemaOf(detailType);
  const fits = new Ajv({ strict: true, strictRequired: false, strictTypes: false }).compile(schema);
  const isAccepted = (detail: object) => 'value' in checkDetail(detailType, detail);
  const examples: Record<string, unknown>[] = schema.examples;

  test('describes the event and each field', () => {
    expect(schema.title).toBe(detailType);
    expect(schema.description).toMatch(/\.$/);
    for (const [key, { description }] of Object.entries<{ description?: string }>(schema.properties)) {
      expect(description, key).toMatch(/^[A-Z"].*\.$/);
    }
  });

  test('accepts its examples and unknown fields, as the connector does', () => {
    expect(examples.length).toBeGreaterThan(0);
    for (const example of examples) {
      expect(fits(example), JSON.stringify(fits.errors)).toBe(true);
      expect(checkDetail(detailType, example)).toHaveProperty('value');
      expect(fits({ ...example, color: 'red' })).toBe(true);
      // The schema has every field of an example.
      expect(Object.keys(schema.properties)).toEqual(expect.arrayContaining(Object.keys(example)));
    }
  });

  test('accepts and rejects the same values as the connector, field by field', () => {
    const values = [
      null,
      '',
      'x',
      'x'.repeat(201),
      'https://example.com',
      '2026-11-05T06:00:00Z',
      '2026-11-05',
      '1.5e3',
    ];
    const others = [-1, 0, 1, 51, 0.5, 2 ** 53, true, [], ['a'], Array(51).fill('a'), {}, { a: 'x' }, { a: 'Failed' }];
    const large = Object.fromEntries(Array.from({ length: 51 }, (_, n) => [n, 'Failed']));
    const compared = { accepted: 0, rejected: 0 };
    for (const example of examples) {
      for (const key of Object.keys(schema.properties)) {
        for (const value of [undefined, ...values, ...others, large, 'Failed', 'Failure', 'above', 'OnDemand']) {
          // The connector accepts a list as an object with numbered names. The schema does not document that.
          if (Array.isArray(value) && schema.properties[key].type === 'object') continue;
          const detail = JSON.parse(JSON.stringify({ ...example, [key]: value }));
          expect(fits(detail), JSON.stringify({ [key]: value })).toBe(isAccepted(detail));
          compared[isAccepted(detail) ? 'accepted' : 'rejected']++;
        }
      }
    }
    expect(compared.accepted).toBeGreaterThan(10);
    expect(compared.rejected).toBeGreaterThan(10);
  });
});

describe('the AsyncAPI document', () => {
  const document = JSON.parse(published('asyncapi.json'));
  /** Resolves a reference to a part of the document or to a file beside it. */
  const resolve = (reference: string): Record<string, unknown> => {
    if (reference.startsWith('./')) return JSON.parse(published(reference.slice(2)));
    const path = reference.slice(2).split('/');
    return path.reduce((part, key) => part?.[key], document);
  };
  const references = (part: unknown): string[] => {
    if (typeof part !== 'object' || part === null) return [];
    if ('$ref' in part) return [part.$ref as string];
    return Object.values(part).flatMap(references);
  };
  const named = (messages: { $ref: string }[]) => messages.map(({ $ref }) => $ref.split('/').at(-1));

  /** Required and optional fields of AsyncAPI objects (specification 3.0.0, by the objects' names). */
  const OBJECTS = {
    root: [
      ['asyncapi', 'info'],
      ['id', 'servers', 'defaultContentType', 'channels', 'operations', 'components'],
    ],
    info: [
      ['title', 'version'],
      ['description', 'termsOfService', 'contact', 'license', 'tags', 'externalDocs'],
    ],
    channel: [
      [],
      [
        'address',
        'messages',
        'title',
        'summary',
        'description',
        'servers',
        'parameters',
        'tags',
        'externalDocs',
        'bindings',
      ],
    ],
    operation: [
      ['action', 'channel'],
      [
        'title',
        'summary',
        'description',
        'security',
        'tags',
        'externalDocs',
        'bindings',
        'traits',
        'messages',
        'reply',
      ],
    ],
    message: [
      [],
      [
        ...['headers', 'payload', 'correlationId', 'contentType', 'name', 'title', 'summary', 'description', 'tags'],
        ...['externalDocs', 'bindings', 'examples', 'traits'],
      ],
    ],
    parameter: [[], ['enum', 'default', 'description', 'examples', 'location']],
    example: [[], ['headers', 'payload', 'name', 'summary']],
  } as const;
  const hasShape = (kind: keyof typeof OBJECTS, part: object) => {
    const [required, optional] = OBJECTS[kind] as readonly [readonly string[], readonly string[]];
    expect(Object.keys(part), kind).toEqual(expect.arrayContaining([...required]));
    expect([...required, ...optional], kind).toEqual(expect.arrayContaining(Object.keys(part)));
  };

  test('conforms to the specification', () => {
    hasShape('root', document);
    expect(document.asyncapi).toBe('3.0.0');
    hasShape('info', document.info);
    for (const channel of Object.values<Record<string, object>>(document.channels)) {
      hasShape('channel', channel);
      for (const parameter of Object.values(channel.parameters ?? {})) hasShape('parameter', parameter);
      const placeholders = [...String(channel.address).matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      expect(Object.keys(channel.parameters ?? {})).toEqual(placeholders);
    }
    for (const operation of Object.values<{ action: string; channel: { $ref: string }; messages: [] }>(
      document.operations,
    )) {
      hasShape('operation', operation);
      expect(['send', 'receive']).toContain(operation.action);
      expect(resolve(operation.channel.$ref)).toBe(document.channels.bus);
      // An operation references the channel's messages, not the components.
      for (const { $ref } of operation.messages as { $ref: string }[])
        expect($ref).toMatch(/^#\/channels\/bus\/messages\//);
    }
    for (const message of Object.values<{ examples: object[] }>(document.components.messages)) {
      hasShape('message', message);
      for (const example of message.examples) hasShape('example', example);
    }
  });

  test('has a target for every reference', () => {
    const all = references(document);
    expect(all.length).toBeGreaterThan(40);
    for (const reference of all) expect(resolve(reference), reference).toBeDefined();
    for (const file of all.filter((reference) => reference.startsWith('./'))) {
      expect(existsSync(join(EVENTS_FOLDER, file))).toBe(true);
    }
  });

  test('has every event in the channel and in an operation', () => {
    expect(Object.keys(document.channels.bus.messages)).toEqual(DETAIL_TYPES);
    const operations = Object.values<{ messages: { $ref: string }[] }>(document.operations);
    expect(new Set(operations.flatMap(({ messages }) => named(messages)))).toEqual(new Set(DETAIL_TYPES));
    expect(named(document.operations.receiveProducerEvents.messages)).not.toContain('SegmentThresholdCrossed');
  });

  test.each(DETAIL_TYPES)('has examples of %s that match its payload', (detailType) => {
    const { payload, examples } = document.components.messages[detailType];
    const whole = (part: unknown): unknown => {
      if (typeof part !== 'object' || part === null) return part;
      if (Array.isArray(part)) return part.map(whole);
      if ('$ref' in part) {
        const { $schema, ...found } = resolve(part.$ref as string);
        return whole(found);
      }
      return Object.fromEntries(Object.entries(part).map(([key, value]) => [key, whole(value)]));
    };
    const fits = new Ajv({ formats: { 'date-time': true } }).compile(whole(payload) as object);
    for (const { payload: event } of examples) {
      expect(fits(event), JSON.stringify(fits.errors)).toBe(true);
      expect(fits({ ...event, 'detail-type': 'Other' })).toBe(false);
      expect(fits({ ...event, detail: {} })).toBe(false);
      expect(fits({ ...event, source: undefined })).toBe(false);
    }
    expect(examples.length).toBeGreaterThan(0);
  });
});
