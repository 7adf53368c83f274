import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { definitionFor } from '../../../cli/custom-connector/connector-files';
import { API_KEY_HEADER, CONNECTOR_ACTIONS } from '../../../contract/custom-connector';
import { readConnectorFile } from '../../../local/power-automate/connector-file';
import { dropdownValues } from '../../../local/power-automate/dropdown-values';
import type { Action, Field, FieldValue, FieldValues } from '../../../local/power-automate/model';
import type { Caller } from '../../../local/power-automate/pages';
import { registrationRequest } from '../../../local/power-automate/requests';
import { runAction } from '../../../local/power-automate/run-action';
import { API_URL } from '../../support/custom-connector';
import { callbackUrl, MemoryApi } from '../../support/memory/memory-api';
import { requestTo } from '../../support/power-automate/memory-client';

/** Of each action. A soak has up to 5,000, because there are many actions. */
const RUNS = Math.min(Number(process.env.PROPERTY_RUNS ?? 200), 5000);
const FILE = readConnectorFile(JSON.parse(JSON.stringify(definitionFor({ url: API_URL, actions: CONNECTOR_ACTIONS }))));

const text = fc.oneof(
  fc.constantFrom('VIP', 'Revenue', 'Orders', 'a/b', '?&=#%', '../a', 'Größe', '{"Region":"EMEA"}', 'vip_0'),
  fc.string({ minLength: 1, maxLength: 30 }).filter((value) => value.trim() !== '' && value.isWellFormed()),
);
/** A URL drops these segments of its path. */
const DOTS = ['.', '..'];
const anyValue = ({ in: place, type, format, choices }: Field): fc.Arbitrary<FieldValue> => {
  if (choices) return fc.constantFrom(...choices.map(({ value }) => value));
  if (format === 'date-time') {
    return fc.date({ noInvalidDate: true, min: new Date(0), max: new Date(4e12) }).map((date) => date.toISOString());
  }
  if (type === 'boolean') return fc.boolean();
  if (type === 'integer') return fc.integer();
  return type === 'number'
    ? fc.double({ noNaN: true, noDefaultInfinity: true })
    : place === 'path'
      ? text.filter((value) => !DOTS.includes(value))
      : text;
};

/** Values of the fields that a flow author sees: all required ones, and some of the others. */
const valuesOf = ({ fields }: Action): fc.Arbitrary<FieldValues> => {
  const shown = fields.filter(({ visibility }) => visibility !== 'internal');
  const all = shown.map((field) => {
    const value = field.isList ? fc.array(anyValue(field) as fc.Arbitrary<string>, { maxLength: 3 }) : anyValue(field);
    return [field.name, value] as const;
  });
  const requiredKeys = shown.filter(({ required }) => required).map(({ name }) => name);
  return fc.record(Object.fromEntries(all), { requiredKeys }) as fc.Arbitrary<FieldValues>;
};

/** An API without subjects and flows, or with some of each. */
async function world(isEmpty: boolean): Promise<Caller> {
  const api = new MemoryApi();
  const caller = { connection: { headers: { [API_KEY_HEADER]: api.key } }, send: requestTo(api) };
  if (isEmpty) return caller;
  api.subjects.segment = Array.from({ length: 250 }, (_, n) => `Segment ${n}`);
  api.subjects.measure = ['Revenue', 'a/b'];
  api.subjects['data-source'] = ['Orders'];
  const trigger = FILE.triggers.find(({ fields }) =>
    fields.every(({ required, isCallback }) => isCallback || !required),
  );
  if (trigger) await caller.send(registrationRequest(FILE, trigger, {}, callbackUrl(), caller.connection));
  return caller;
}

/** The values, with the first value of each dropdown that has one. */
async function chosen({ fields }: Action, values: FieldValues, caller: Caller): Promise<FieldValues> {
  const all: Record<string, FieldValue> = { ...values };
  for (const { name, dropdown } of fields) {
    const found = dropdown && (await dropdownValues(FILE, fields, dropdown, all, caller));
    if (found && 'items' in found && found.items[0]) all[name] = found.items[0].value;
  }
  return all;
}

describe.each(FILE.actions.map((action) => [action.operationId, action] as const))('the action %s', (_, action) => {
  it('can be called by the exported file alone, and its response fits the file', async () => {
    await fc.assert(
      fc.asyncProperty(valuesOf(action), fc.boolean(), fc.boolean(), async (typed, isEmpty, isChosen) => {
        const caller = await world(isEmpty);
        const values = isChosen ? await chosen(action, typed, caller) : typed;
        const { status, faults, problems } = await runAction(FILE, action, values, caller);
        expect(faults).toEqual([]);
        // Values that the designer accepts can be wrong for the API, and an empty API has no subjects.
        if (status === undefined || status >= 300) {
          expect([400, 404, 409], problems.join(' ')).toContain(status);
          expect(problems.join()).not.toMatch(/https?:\/\/[a-z0-9]|undefined|\[object/);
        }
      }),
      { numRuns: RUNS },
    );
  }, 300_000);

  it('is refused without a key, as the file says', async () => {
    await fc.assert(
      fc.asyncProperty(valuesOf(action), async (values) => {
        const keyless = { ...(await world(true)), connection: { headers: {} } };
        const { status, faults } = await runAction(FILE, action, values, keyless);
        expect([status, faults]).toEqual([401, []]);
      }),
      { numRuns: 3 },
    );
  });

  it('has a list for each dropdown, once the fields that it depends on are filled in', async () => {
    await fc.assert(
      fc.asyncProperty(valuesOf(action), async (values) => {
        for (const { dropdown } of action.fields) {
          const found = dropdown && (await dropdownValues(FILE, action.fields, dropdown, values, await world(false)));
          if (found && 'problem' in found) expect(found.problem).toMatch(/^Fill in '.+' first\.$/);
        }
      }),
      { numRuns: 5 },
    );
  });
});

const WITHOUT_INPUTS = FILE.actions.filter(({ fields }) => fields.every(({ required }) => !required));
it.each(WITHOUT_INPUTS)('$operationId succeeds without inputs in an empty API', async (action) => {
  const { status, problems, faults } = await runAction(FILE, action, {}, await world(true));
  expect([problems, faults, status]).toEqual([[], [], action.method === 'GET' ? 200 : 202]);
});

it('a list of several pages has all items', async () => {
  const action = FILE.actions.find(({ operationId }) => operationId === 'ListSegments') as Action;
  const { body } = await runAction(FILE, action, {}, await world(false));
  expect((body as { readonly value: unknown[] }).value).toHaveLength(250);
});
