import type { ConnectorFile, Field, FieldValue, Trigger } from '../../../local/power-automate/model';
import {
  type Connection,
  dropdownItems,
  dropdownRequest,
  type HttpClient,
} from '../../../local/power-automate/requests';

/** How an author fills in the fields of a trigger. */
export interface Author {
  readonly connection: Connection;
  readonly pick: <T>(of: readonly T[]) => T;
  readonly numbers: readonly number[];
  /** A name that the author types where a dropdown has no values. */
  readonly typed: (field: string) => string;
}

/** Fills in the required fields of a trigger, from their dropdowns where these have values, and some of the others. */
export async function fillIn(
  file: ConnectorFile,
  trigger: Trigger,
  { connection, pick, numbers, typed }: Author,
  send: HttpClient,
): Promise<Record<string, FieldValue>> {
  const values: Record<string, FieldValue> = {};
  const valueFor = async (field: Field): Promise<FieldValue | undefined> => {
    if (field.choices) return field.isList ? [pick(field.choices).value] : pick(field.choices).value;
    if (field.type === 'number') return pick(numbers);
    if (field.type === 'boolean') return pick([true, false]);
    const request = field.dropdown && dropdownRequest(file, trigger.fields, field.dropdown, values, connection);
    if (!request || 'missing' in request || !field.dropdown) return typed(field.name);
    const found = dropdownItems(field.dropdown, await send(request)) ?? [];
    if (found.length === 0) return field.required ? typed(field.name) : undefined;
    return pick(found).value;
  };
  for (const field of trigger.fields) {
    const isWanted = field.required || (field.visibility !== 'advanced' && pick([true, false]));
    // An earlier value belongs to a change, and only to a change.
    const isChange = /By$/.test(String(values.direction));
    const fits = field.name === 'comparedWith' ? isChange : isWanted;
    const value = !field.isCallback && fits ? await valueFor(field) : undefined;
    if (value !== undefined) values[field.name] = value;
  }
  // An expectation has one subject, and texts with a form.
  if (trigger.fields.some(({ name }) => name === 'every')) {
    const [subject, name] = pick([
      ['dataSource', 'VIP'],
      ['segment', 'VIP'],
      ['run', 'unification'],
    ] as const);
    return { [subject]: name, every: pick(['1h', '24h']) };
  }
  return values;
}
