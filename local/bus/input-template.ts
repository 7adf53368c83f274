import type { BusEvent } from './event-bus';

/** The whole event as JSON (EventBridge user guide, "Input transformation", predefined variables). */
const WHOLE_EVENT = 'aws.events.event.json';
const VARIABLE = /<([^<>]*)>/g;

/** @throws Error for a template that is not implemented, or that would give something else than JSON. */
export function checkInputTemplate(template: string): void {
  for (const [, name] of template.matchAll(VARIABLE)) {
    if (name === WHOLE_EVENT) continue;
    throw new Error(`the local run does not implement the variable <${name}> of input templates`);
  }
  const filled = template.replaceAll(VARIABLE, '{}');
  try {
    JSON.parse(filled);
  } catch {
    throw new Error(`the input template gives no JSON: ${template}`);
  }
}

/** What a target gets in place of the event. */
export const fillInputTemplate = (template: string, event: BusEvent): string =>
  // A function, so that no `$` of an event is taken for a group.
  template.replaceAll(VARIABLE, () => JSON.stringify(event));
