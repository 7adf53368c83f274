import { numberText } from '../../lambda/shared/core/number-text';

/** Maximum number of subscription names in one finding. */
const MAX_NAMES = 5;
/** Maximum number of findings of one kind that are each about one subscription. One more names the others. */
const MAX_ALIKE = 100;

/** `problem`: needs a fix now. `note`: needs no fix yet. */
export type Severity = 'problem' | 'note';

export interface Finding {
  readonly severity: Severity;
  /** The observation, a phrase. */
  readonly title: string;
  /** The consequence, one or more sentences. */
  readonly impact: string;
  /** What to do, one or more sentences. */
  readonly action: string;
}

export const problem = (title: string, impact: string, action: string): Finding => ({
  severity: 'problem',
  title,
  impact,
  action,
});
export const note = (title: string, impact: string, action: string): Finding => ({
  severity: 'note',
  title,
  impact,
  action,
});

export const problemsFirst = (findings: readonly Finding[]): Finding[] =>
  (['problem', 'note'] as const).flatMap((level) => findings.filter(({ severity }) => severity === level));

/** A finding for each of the first items, and one for all others. */
export function firstOf<Item>(
  items: readonly Item[],
  found: (item: Item) => Finding,
  more: (others: readonly Item[]) => Finding,
): Finding[] {
  const findings = items.slice(0, MAX_ALIKE).map(found);
  return items.length > MAX_ALIKE ? [...findings, more(items.slice(MAX_ALIKE))] : findings;
}

/** `a, b, c, d, e and 2 more`. */
export function moreNames(names: readonly string[]): string {
  const more = names.length > MAX_NAMES ? ` and ${numberText(names.length - MAX_NAMES)} more` : '';
  return `${names.slice(0, MAX_NAMES).join(', ')}${more}`;
}
