import * as v from 'valibot';
import { mistakeAt, type RawMistake, write } from './messages';
import { secretReferenceEntry } from './secret-reference';

const FLOW_URL_HINT = `the HTTP URL of the flow in quotes, or \${NAME} to take it from a variable`;
const flowUrlText = v.pipe(
  v.string(write(FLOW_URL_HINT)),
  v.description(
    "The HTTP URL of the flow's trigger, in quotes and on one line. Anyone who has it can start the flow. To keep it " +
      `out of the file, write \${NAME}, which reads the environment variable NAME.`,
  ),
);

const flowUrlFrom = secretReferenceEntry(
  'Secret or parameter with the flow URL, instead of flowUrl. It is read when the flow is called.',
);

export const FLOW_KEYS = { flowUrl: v.optional(flowUrlText), flowUrlFrom };
/** JSON Schema rules for editors. */
export const ONE_FLOW = { oneOf: [{ required: ['flowUrl'] }, { required: ['flowUrlFrom'] }] };
export const AT_MOST_ONE_FLOW = { not: { required: ['flowUrl', 'flowUrlFrom'] } };

/** @param needed whether the entry must have a flow. */
export function flowMistakes(input: Record<string, unknown>, needed: boolean): RawMistake[] {
  const [url, from] = [input.flowUrl !== undefined, input.flowUrlFrom !== undefined];
  if (url && from) return [mistakeAt(input, 'flowUrlFrom', 'cannot be combined with "flowUrl"; keep one of them')];
  if (url || from) return [];
  if (needed) return [mistakeAt(input, 'flowUrl', `is missing; write ${FLOW_URL_HINT}, or flowUrlFrom`)];
  return input.auth === undefined || input.auth === null
    ? []
    : [mistakeAt(input, 'auth', 'has no effect without "flowUrl"; write flowUrl, or remove auth')];
}
