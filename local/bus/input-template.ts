import type { BusEvent } from './event-bus';

/** The whole event as JSON (EventBridge user guide, "Input transformation", predefined variables). */
const WHOLE_EVENT = 'aws.events.event.json';
const VARIABLE = /<([^<>]*)>/g;
/** A text of the template's JSON, or a variable between texts. */
const TEXT_OR_VARIABLE = /"(?:[^"\\]|\\.)*"|<([^<>]*)>/g;
/** The implemented part of EventBridge's JSON paths: names separated by dots. */
const PATH = /^\$(?:\.[\w-]+)*$/;

/** What a rule's target receives instead of the event. */
export interface InputTransformer {
  readonly template: string;
  /** JSON paths into the event, by the variable's name. */
  readonly paths: Readonly<Record<string, string>>;
}

/** @throws Error for a path or template that is not implemented, or that would give something else than JSON. */
export function checkInputTransformer({ template, paths }: InputTransformer): void {
  for (const path of Object.values(paths)) {
    if (!PATH.test(path)) throw new Error(`the local run implements paths such as $.detail.status, and not ${path}`);
  }
  for (const [, name = ''] of template.matchAll(VARIABLE)) {
    if (name === WHOLE_EVENT || Object.hasOwn(paths, name)) continue;
    throw new Error(`the local run does not implement the variable <${name}> of input templates`);
  }
  const filled = template.replaceAll(TEXT_OR_VARIABLE, (part, name) => (name === undefined ? part : '{}'));
  try {
    JSON.parse(filled);
  } catch {
    throw new Error(`the input template gives no JSON: ${template}`);
  }
}

/**
 * What a target receives. A variable between the template's texts becomes a JSON value, one within a text becomes a part
 * of it. A variable whose path is not in the event becomes nothing (EventBridge user guide, "Common issues").
 */
export function fillInputTemplate({ template, paths }: InputTransformer, event: BusEvent): string {
  const json = (name: string): string | undefined =>
    JSON.stringify(name === WHOLE_EVENT ? event : valueAt(event, paths[name] ?? ''));
  const inText = (name: string): string => json(name)?.replace(/^"(.*)"$/s, '$1') ?? '';
  // Functions, so that no `$` of an event is taken for a group.
  return template.replaceAll(TEXT_OR_VARIABLE, (part, name) =>
    name === undefined ? part.replaceAll(VARIABLE, (_, inner) => inText(inner)) : (json(name) ?? ''),
  );
}

const valueAt = (event: unknown, path: string): unknown =>
  path
    .split('.')
    .slice(1)
    .reduce<unknown>((value, name) => (value as Record<string, unknown> | null | undefined)?.[name], event);
