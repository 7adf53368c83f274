import { closestWord } from '../../lambda/subscriptions/core/entry/messages';

const MAX_NAMES = 5;

/** `observed: 'VIP customers' (did you mean this?), 'At risk'`: names from events, the most similar one first. */
export function observedText(wanted: string, observed: readonly string[]): string {
  if (observed.length === 0) return 'none has been observed yet';
  const meant = closestWord(wanted, observed);
  const others = observed.filter((name) => name !== meant).map(quoted);
  const names = meant === undefined ? others : [`${quoted(meant)} (did you mean this?)`, ...others];
  const more = names.length > MAX_NAMES ? ` and ${names.length - MAX_NAMES} more` : '';
  return `observed: ${names.slice(0, MAX_NAMES).join(', ')}${more}`;
}

export const quoted = (name: string): string => `'${name}'`;
