import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { ResponseBody } from '../../../../lambda/custom-connector/core/definition/responses';
import type { ApiRequest } from '../../../../lambda/custom-connector/core/http';
import { listPage } from '../../../../lambda/custom-connector/core/subjects';

/** Number of random histories. The soak run uses more. */
const RUNS = Number(process.env.PROPERTY_RUNS ?? 500);

/** Names that differ only in case, form or a few characters, so that positions are close to each other. */
const close = fc.string({
  unit: fc.constantFrom('a', 'A', 'ß', 'S', 's', 'é', 'e', '\u0301', '🎉', '\uffee', '#'),
  minLength: 1,
  maxLength: 4,
});
const nameOf = fc.oneof(close, fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }));

/** Changes of the catalog between two pages. */
const change = fc.record({
  added: fc.array(nameOf, { maxLength: 4 }),
  removed: fc.array(fc.nat(), { maxLength: 2 }),
});

it('pages list every name that stays exactly once, whatever is added and removed between them', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(nameOf, { maxLength: 40 }),
      fc.array(change, { maxLength: 40 }),
      fc.integer({ min: 1, max: 7 }),
      fc.option(close, { nil: undefined }),
      (initial, changes, size, search) => {
        const present = new Set(initial);
        const ever = new Set(initial);
        const stayed = new Set(initial);
        const listed: string[] = [];
        const instanceId = 'ü &#?';
        let request: ApiRequest | undefined = {
          route: 'GET /v1/segments',
          parameters: {},
          query: { instanceId, ...(search !== undefined && { search }) },
          headers: {},
          origin: 'https://example.com',
        };
        for (let page = 0; request; page++) {
          // Each page has a name that no earlier page has.
          expect(page).toBeLessThanOrEqual(ever.size);
          const items = [...present].map((name) => ({ name, title: name }));
          const body = listPage(items, request, size).body as ResponseBody<'List'>;
          expect(body.value.length).toBeLessThanOrEqual(size);
          listed.push(...body.value.map(({ name }) => name));
          const link = body['@odata.nextLink'];
          if (link === undefined) break;
          const { searchParams, pathname } = new URL(link);
          request = { ...request, route: `GET ${pathname}`, query: Object.fromEntries(searchParams) };
          expect(request.query).toMatchObject({ instanceId, ...(search && { search }) });
          const { added, removed } = changes[page] ?? { added: [], removed: [] };
          for (const name of added) ever.add(name) && present.add(name);
          for (const at of removed) {
            const name = [...present][at % Math.max(1, present.size)];
            if (name !== undefined && present.delete(name)) stayed.delete(name);
          }
        }
        const wanted = (name: string) =>
          name
            .normalize('NFC')
            .toUpperCase()
            .includes((search ?? '').trim().normalize('NFC').toUpperCase());
        expect(new Set(listed).size).toBe(listed.length);
        expect([...stayed].filter((name) => wanted(name) && !listed.includes(name))).toEqual([]);
        expect(listed.filter((name) => !ever.has(name) || !wanted(name))).toEqual([]);
      },
    ),
    { numRuns: RUNS },
  );
});

it('any token is a position or a mistake, never an error', () => {
  const token = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.base64String(),
    fc.uint8Array().map((bytes) => Buffer.from(bytes).toString('base64url')),
  );
  fc.assert(
    fc.property(token, ($skipToken) => {
      const request = { route: 'GET /v1/segments', parameters: {}, query: { $skipToken }, headers: {}, origin: '' };
      const { status } = listPage([{ name: 'a', title: 'a' }], request);
      expect([200, 400]).toContain(status);
    }),
    { numRuns: RUNS },
  );
});
