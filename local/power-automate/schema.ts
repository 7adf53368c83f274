import Ajv, { type ErrorObject } from 'ajv';
import type { Schema } from './model';

/** Formats that a file can name without a check, such as `double`, are ignored. */
const ajv = new Ajv({
  ...{ allErrors: true, strict: false, logger: false },
  formats: {
    'date-time': (text) => /^\d{4}-\d\d-\d\dT.*(Z|[+-]\d\d:\d\d)$/.test(text) && !Number.isNaN(Date.parse(text)),
  },
});

/** Where a value differs from a schema of the file, as sentences. Empty: it fits. */
export function schemaFaults(schema: Schema, value: unknown): string[] {
  try {
    const fits = ajv.compile(schema);
    return fits(value) ? [] : (fits.errors ?? []).map(faultText);
  } catch (error) {
    return [`the file has a schema that is not valid: ${(error as Error).message}`];
  }
}

function faultText({ instancePath, message, params }: ErrorObject): string {
  const place = instancePath.slice(1).replaceAll('/', ' > ') || 'the body';
  const { allowedValues } = params as { readonly allowedValues?: readonly unknown[] };
  return allowedValues ? `${place} must be one of ${allowedValues.join(', ')}` : `${place} ${message}`;
}
