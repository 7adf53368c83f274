import * as v from 'valibot';
import { type RawMistake, write } from './messages';
import { secretReferenceEntry } from './secret-reference';

const FLOW_URL_HINT = `the HTTP URL of the flow in quotes, or \${NAME} to take it from a variable`;
const flowUrlText = v.pipe(
  v.string(write(FLOW_URL_HINT)),
  v.description(
    "The HTTP URL of the flow's trigger. Who has it can start the flow: keep it out of the file by " +
      `\${NAME}, which takes it from the environment variable NAME. In quotes and on one line.`,
  ),
);

const flowUrlFrom = secretReferenceEntry(
  'Where the flow URL is kept, in place of flowUrl: a secret or a parameter, which is read whenever the flow is called.',
);

/** The flow's URL, or where it is kept. */
export const FLOW_KEYS = { flowUrl: v.optional(flowUrlText), flowUrlFrom };
/** For editors. */
export const ONE_FLOW = { oneOf: [{ required: ['flowUrl'] }, { required: ['flowUrlFrom'] }] };
export const AT_MOST_ONE_FLOW = { not: { required: ['flowUrl', 'flowUrlFrom'] } };

/** @param needed whether there must be one of the two. */
export function flowMistakes(value: unknown, needed: boolean): RawMistake[] {
  if (typeof value !== 'object' || value === null) return [];
  const input = value as Record<string, unknown>;
  const mistake = (key: string, message: string): RawMistake => ({
    message,
    path: [{ type: 'object', origin: 'value', input, key, value: input[key] }],
  });
  const [url, from] = [input.flowUrl !== undefined, input.flowUrlFrom !== undefined];
  if (url && from) return [mistake('flowUrlFrom', 'cannot stand beside "flowUrl"; keep one of them')];
  if (needed && !url && !from) return [mistake('flowUrl', `is missing; write ${FLOW_URL_HINT}, or flowUrlFrom`)];
  const auth = input.auth !== undefined && input.auth !== null;
  if (auth && !url && !from) return [mistake('auth', 'stands without "flowUrl"; write flowUrl, or leave auth out')];
  return [];
}

export const needsFlow = <T>() =>
  v.rawCheck<T>(({ dataset, addIssue }) => {
    for (const mistake of flowMistakes(dataset.value, true)) addIssue(mistake);
  });
