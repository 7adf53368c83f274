import Ajv, { type ValidateFunction } from 'ajv';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MAX_BODY_BYTES, renderBody } from '../../../../../lambda/delivery/core/bodies/body';
import type { CloudEvent } from '../../../../../lambda/delivery/core/bodies/cloudevents';
import type { TeamsMessage } from '../../../../../lambda/delivery/core/bodies/teams-card';
import { oneLine } from '../../../../../lambda/shared/core/text';
import { BODY_FORMATS } from '../../../../../lambda/subscriptions/core/subscription';
import { schemaFiles } from '../../../../../scripts/docs/schemas';
import { anyInput } from './any-input';

const schemas = new Map(
  schemaFiles()
    .filter(({ path }) => path.startsWith('flow-body/'))
    .map(({ path, content }): [string, ValidateFunction] => [
      path.slice('flow-body/'.length, -'.schema.json'.length),
      new Ajv().compile(JSON.parse(content)),
    ]),
);

/** Every text and null of a JSON value. */
function leaves(value: unknown): unknown[] {
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(leaves) : [value];
}

const inFormat = (format: (typeof BODY_FORMATS)[number]) =>
  anyInput.map((input) => ({ ...input, subscription: { ...input.subscription, format } }));

describe.each(BODY_FORMATS)('any event as %s', (format) => {
  test('the body matches its schema and size limit and contains no null', () => {
    fc.assert(
      fc.property(inFormat(format), (input) => {
        const json = renderBody(input);
        const body = JSON.parse(json);
        const { trigger } = input.event;
        const fits = schemas.get(
          { flat: trigger, cloudevents: `cloudevents/${trigger}`, 'teams-card': format }[format],
        );
        expect(fits?.(body), JSON.stringify(fits?.errors)).toBe(true);
        expect(Buffer.byteLength(json)).toBeLessThanOrEqual(MAX_BODY_BYTES);
        expect(JSON.stringify(body)).toBe(json);
        for (const leaf of leaves(body)) {
          expect(leaf).not.toBeNull();
          if (typeof leaf === 'string') expect(leaf.isWellFormed() && !/[^\P{Cc}\n]/u.test(leaf)).toBe(true);
        }
      }),
      { numRuns: 300 },
    );
  });
});

test('a CloudEvent has the attributes that the specification requires, and the same id for every retry', () => {
  fc.assert(
    fc.property(inFormat('cloudevents'), fc.boolean(), fc.nat(), (input, isTest, delayedMinutes) => {
      const event: CloudEvent = JSON.parse(renderBody(input));
      expect(event.id).toBe(input.event.eventId);
      // A URI-reference with the characters of RFC 3986.
      expect(event.source).toMatch(/^\/customer-insights\/([A-Za-z0-9\-._~!'()*]|%[0-9A-F]{2})*$/);
      expect(decodeURIComponent(event.source.slice('/customer-insights/'.length))).toBe(event.data.instanceId);
      expect(event.subject).not.toBe('');
      expect(event.subject ?? '').not.toMatch(/\p{Noncharacter_Code_Point}|\p{Cc}/u);
      expect(event.time).toBe(new Date(input.event.occurredAt).toISOString());
      const again: CloudEvent = JSON.parse(renderBody({ ...input, isTest, delayedMinutes }));
      const { data, ...attributes } = event;
      const { data: _, ...same } = again;
      expect(same).toStrictEqual(attributes);
      const flat = { ...input, subscription: { ...input.subscription, format: 'flat' as const } };
      // The envelope can leave less room for the error.
      const { error: _e, errorHtml: _h, ...fields } = JSON.parse(renderBody(flat));
      expect(data).toMatchObject(fields);
    }),
    { numRuns: 200 },
  );
});

test('no external text is rendered as Markdown in a card', () => {
  fc.assert(
    fc.property(inFormat('teams-card'), (input) => {
      const { body, fallbackText } = (JSON.parse(renderBody(input)) as TeamsMessage).attachments[0]?.content ?? {};
      const facts = body?.flatMap((element) => (element.type === 'FactSet' ? element.facts : [])) ?? [];
      for (const text of [fallbackText ?? '', ...facts.map(({ value }) => value)]) {
        const bare = text.replaceAll(/\\[!-/:-@[-`{-~]/g, '!');
        expect(bare).not.toMatch(/[\\`*_~[\]<]|&[#\w]+;|^[#>]|^[-+](?!\d)|^\d+[.)](\s|$)/);
        expect(text).toBe(oneLine(text));
      }
    }),
    { numRuns: 300 },
  );
});
