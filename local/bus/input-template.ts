import type { BusEvent } from './event-bus';

/** The whole event as JSON (EventBridge user guide, "Input transformation", predefined variables). */
const WHOLE_EVENT = 'aws.events.event.json';
const VARIABLE = /<([^<>]*)>/g;
/** A string in the template's JSON, or a variable outside strings. */
const TEXT_OR_VARIABLE = /"(?:[^"\\]|\\.)*"|<([^<>]*)>/g;
/** The implemented part of EventBridge's JSON paths: names separated by dots. */
const PATH = /^\$(?:\.[\w-]+)*$/;

/** Transforms an event to the input of a rule's target. */
export interface InputTransformer {
  readonly template: string;
  /** JSON paths into the event, by variable name. */
  readonly paths: Readonly<Record<string, string>>;
}

/** @throws Error for a path or variable that is not implemented, or a template that does not produce JSON. */
export function checkInputTransformer({ template, paths }: InputTransformer): void {
  for (const path of Object.values(paths)) {
    if (!PATH.test(path)) throw new Error(`the local run implements only paths such as $.detail.status, not ${path}`);
  }
  for (const [, name = ''] of template.matchAll(VARIABLE)) {
    if (name === WHOLE_EVENT || Object.hasOwn(paths, name)) continue;
    throw new Error(`the local run does not implement the variable <${name}> of input templates`);
  }
  const filled = template.replaceAll(TEXT_OR_VARIABLE, (part, name) => (name === undefined ? part : '{}'));
  try {
    JSON.parse(filled);
  } catch {
    throw new Error(`the input template does not produce JSON: ${template}`);
  }
}

/**
 * The input of a target. A variable outside strings becomes a JSON value; a variable in a string becomes part of the
 * string. A variable whose path is missing in the event becomes empty (EventBridge user guide, "Common issues").
 */
export function fillInputTemplate({ template, paths }: InputTransformer, event: BusEvent): string {
  const json = (name: string): string | undefined =>
    JSON.stringify(name === WHOLE_EVENT ? event : valueAt(event, paths[name] ?? ''));
  const inText = (name: string): string => json(name)?.replace(/^"(.*)"$/s, '$1') ?? '';
  // Functions as replacements, because `$` in a replacement string has a special meaning.
  return template.replaceAll(TEXT_OR_VARIABLE, (part, name) =>
    name === undefined ? part.replaceAll(VARIABLE, (_, inner) => inText(inner)) : (json(name) ?? ''),
  );
}

const valueAt = (event: unknown, path: string): unknown =>
  path
    .split('.')
    .slice(1)
    .reduce<unknown>((value, name) => (value as Record<string, unknown> | null | undefined)?.[name], event);
