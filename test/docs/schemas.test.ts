// biome-ignore-all lint/suspicious/noTemplateCurlyInString: subscription files write variables this way.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import Ajv, { type ValidateFunction } from 'ajv';
import { describe, expect, test } from 'vitest';
import { TRIGGER_IDS } from '../../contract/events';
import { renderBody } from '../../lambda/delivery/core/bodies/body';
import { BODY_FORMATS } from '../../lambda/subscriptions/core/subscription';
import { SCHEMAS_FOLDER, schemaFiles } from '../../scripts/docs/schemas';
import { EXAMPLES, exampleInput } from '../lambda/delivery/core/bodies/examples';

const published = (path: string) => readFileSync(join(SCHEMAS_FOLDER, path), 'utf8');

test('the published schemas match the code (if not, run: npm run schemas)', () => {
  for (const { path, content } of schemaFiles()) expect(published(path), path).toBe(content);
  const names = readdirSync(SCHEMAS_FOLDER, { recursive: true, encoding: 'utf8' }).filter((name) => /json$/.test(name));
  expect(names.map((name) => name.replaceAll('\\', '/')).sort()).toEqual(
    schemaFiles()
      .map(({ path }) => path)
      .sort(),
  );
});

test.each(BODY_FORMATS)('the example of %s in docs/bodies.md is the body that is sent', (format) => {
  const page = readFileSync(join(SCHEMAS_FOLDER, '..', 'bodies.md'), 'utf8');
  const [, example] = new RegExp(`<!-- example: ${format} -->\n\`\`\`json\n([^]*?)\n\`\`\``).exec(page) ?? [];
  const sent = renderBody(exampleInput(EXAMPLES['segment-threshold-crossed'], format));
  expect(JSON.parse(example ?? '')).toStrictEqual(JSON.parse(sent));
});

describe('the schema of subscription files', () => {
  const fits = new Ajv({ strict: true, strictRequired: false, strictTypes: false }).compile(
    JSON.parse(published('subscriptions.schema.json')),
  );
  const failed = { name: 'crm', trigger: 'data-source-refresh-failed', flowUrl: '${CRM_FLOW_URL}' };
  const segment = { name: 'vip', trigger: 'segment-threshold-crossed', segment: 'VIP', above: 10000 };
  const measure = { name: 'rev', trigger: 'measure-threshold-crossed', measure: 'Revenue', atOrBelow: '0.5' };
  const full = { name: 'full', trigger: 'full-refresh-completed', flowUrl: '${FLOW_URL}' };

  const FALL = { percent: 20, comparedWith: 'previous' };
  const ENTRA = { type: 'entra', tenantId: 'contoso.com', clientId: '66666666-7777-8888-9999-aaaaaaaaaaaa' };

  test.each<[object]>([
    [failed],
    [{ ...failed, dataSource: 'CRM', includeRetries: true, owners: 'kim@example.com', instanceId: 'emea' }],
    [{ ...segment, recoverTo: 9000, owners: ['kim@example.com'], link: 'https://example.com' }],
    [{ ...measure, dimensions: { Region: 'EMEA' }, format: 'flat' }],
    [{ ...segment, above: undefined, fallsBy: FALL }],
    [
      {
        ...segment,
        above: undefined,
        changesBy: { absolute: '12.5', comparedWith: 'sameTimeYesterday', minimumBase: 5 },
      },
    ],
    [{ ...measure, format: 'cloudevents' }],
    [{ ...measure, flowUrlFrom: { secret: 'crm/flow-url', field: 'url' } }],
    [{ ...failed, flowUrl: undefined, flowUrlFrom: { parameter: '/crm/flow-url' } }],
    [{ ...full, format: 'teams-card' }],
    [{ ...full, auth: ENTRA }],
    [{ ...segment, auth: { ...ENTRA, cloud: 'gcc', clientSecret: { secret: 'app', field: 'value' } } }],
    [{ ...full, auth: { ...ENTRA, clientSecret: { parameter: '/app' } } }],
    [{ ...full, kind: 'OnDemand', status: ['Failed', 'TimedOut'] }],
    [{ ...full, trigger: 'unification-refresh-completed', status: 'Failed' }],
  ])('accepts %j', (entry) => {
    expect(fits(JSON.parse(JSON.stringify({ set: 'a', subscriptions: [entry] }))), JSON.stringify(fits.errors)).toBe(
      true,
    );
  });

  test.each<[object]>([
    [{ ...segment, fallsBy: FALL }],
    [{ ...segment, above: undefined, fallsBy: FALL, risesBy: FALL }],
    [{ ...segment, above: undefined, fallsBy: FALL, recoverTo: 5 }],
    [{ ...segment, above: undefined, fallsBy: { ...FALL, absolute: 5 } }],
    [{ ...segment, above: undefined, fallsBy: { comparedWith: 'previous' } }],
    [{ ...segment, above: undefined, fallsBy: { percent: 20 } }],
    [{ ...segment, above: undefined, fallsBy: { ...FALL, comparedWith: 'lastMonth' } }],
    [{ ...failed, flowUrl: undefined }],
    [{ ...failed, flowUrlFrom: { secret: 'crm' } }],
    [{ ...measure, flowUrl: '${CRM_FLOW_URL}', flowUrlFrom: { secret: 'crm' } }],
    [{ ...measure, flowUrlFrom: { secret: 'https://example.com' } }],
    [{ ...measure, flowUrlFrom: { secret: 'crm', parameter: 'crm' } }],
    [{ ...measure, flowUrlFrom: { field: 'url' } }],
    [{ ...failed, datasource: 'CRM' }],
    [{ ...failed, name: 'a b' }],
    [{ ...full, auth: 'entra' }],
    [{ ...full, auth: { ...ENTRA, clientId: undefined } }],
    [{ ...full, auth: { ...ENTRA, clientSecret: 'abc' } }],
    [{ ...full, auth: { ...ENTRA, authority: 'https://example.com' } }],
    [{ ...failed, above: 5 }],
    [{ ...segment, above: undefined }],
    [{ ...segment, below: 5 }],
    [{ ...segment, segment: undefined }],
    [{ ...segment, segment: 7 }],
    [{ ...measure, dimensions: { Year: 2024 } }],
    [{ ...full, kind: 'manual' }],
    [{ ...full, format: 'card' }],
    [{ ...full, status: 'failed' }],
    [{ ...full, trigger: 'full-refresh' }],
  ])('rejects %j', (entry) => {
    expect(fits(JSON.parse(JSON.stringify({ subscriptions: [entry] })))).toBe(false);
  });

  test('rejects an unknown key at the top level and a list without a key', () => {
    expect(fits({ subscriptions: [], other: 1 })).toBe(false);
    expect(fits([])).toBe(false);
    expect(fits({ subscriptions: [] })).toBe(true);
  });

  test('describes each key', () => {
    const schema = JSON.parse(published('subscriptions.schema.json'));
    for (const { properties } of schema.properties.subscriptions.items.oneOf) {
      for (const [key, { description }] of Object.entries<{ description?: string }>(properties)) {
        expect(description, key).toMatch(/\.$/);
      }
    }
  });
});

describe.each(TRIGGER_IDS.map((trigger) => [trigger]))('the schema of the body for %s', (trigger) => {
  const schema = JSON.parse(published(`flow-body/${trigger}.schema.json`));

  test('uses only keywords that the flow designer supports', () => {
    const keywords = new Set<string>();
    const collect = (part: Record<string, unknown>) => {
      for (const keyword of Object.keys(part)) keywords.add(keyword);
      expect(['object', 'string', 'number', 'integer', 'boolean']).toContain(part.type);
      expect(part.title, JSON.stringify(part)).toBeTruthy();
      for (const property of Object.values(part.properties ?? {})) collect(property);
    };
    collect(schema);
    expect([...keywords].sort()).toEqual(['description', 'properties', 'required', 'title', 'type']);
  });

  // A flow without finishWithin has no address to report to, and an empty one would hide that.
  test('requires every text but outcomeUrl, accepts empty texts and fields of later versions', () => {
    const fits: ValidateFunction = new Ajv().compile(schema);
    const sample: Record<string, unknown> = { later: 1 };
    for (const [key, { type }] of Object.entries<{ type: string }>(schema.properties)) {
      sample[key] = { string: '', number: 0.5, integer: 1, boolean: false, object: {} }[type];
      if (key === 'outcomeUrl') expect(schema.required).not.toContain(key);
      else if (type === 'string' || type === 'object' || type === 'boolean') expect(schema.required).toContain(key);
    }
    expect(fits(sample)).toBe(true);
    expect(fits({ ...sample, title: null })).toBe(false);
    expect(fits({ ...sample, title: undefined })).toBe(false);
  });
});
