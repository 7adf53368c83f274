import * as v from 'valibot';
import { type RawMistake, write } from './messages';
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
export function flowMistakes(value: unknown, needed: boolean): RawMistake[] {
  if (typeof value !== 'object' || value === null) return [];
  const input = value as Record<string, unknown>;
  const mistake = (key: string, message: string): RawMistake => ({
    message,
    path: [{ type: 'object', origin: 'value', input, key, value: input[key] }],
  });
  const [url, from] = [input.flowUrl !== undefined, input.flowUrlFrom !== undefined];
  if (url && from) return [mistake('flowUrlFrom', 'cannot be combined with "flowUrl"; keep one of them')];
  if (needed && !url && !from) return [mistake('flowUrl', `is missing; write ${FLOW_URL_HINT}, or flowUrlFrom`)];
  const auth = input.auth !== undefined && input.auth !== null;
  if (auth && !url && !from) return [mistake('auth', 'has no effect without "flowUrl"; write flowUrl, or remove auth')];
  return [];
}

export const needsFlow = <T>() =>
  v.rawCheck<T>(({ dataset, addIssue }) => {
    for (const mistake of flowMistakes(dataset.value, true)) addIssue(mistake);
  });
