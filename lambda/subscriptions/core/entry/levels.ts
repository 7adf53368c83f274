import * as v from 'valibot';
import { decimalHint, decimalSchema, isDecimal } from '../../../shared/core/numbers';
import { THRESHOLD_OPERATORS, type ThresholdOperator } from '../../../shared/core/position';
import { CHANGE_KEYS, changeMistakes } from './changes';
import { type Issue, mistakeAt, type RawMistake, write } from './messages';

const LEVEL_HINT = decimalHint('a number such as 10000 or 12.5');
const levelMessage = (issue: Issue) => {
  const grouped = /^([+-]?\d{1,3}(?:[,_' ]\d{3})+)(\.\d+)?$/.exec(String(issue.input));
  return write(grouped ? `it without separators, ${String(issue.input).replaceAll(/[,_' ]/g, '')}` : LEVEL_HINT)(issue);
};
const level = (description: string) =>
  v.optional(v.pipe(decimalSchema(levelMessage), v.description(description), v.transform(Number)));

export const levels = {
  above: level('Fires when the value rises above this number.'),
  atOrAbove: level('Fires when the value reaches this number or rises above it.'),
  below: level('Fires when the value falls below this number.'),
  atOrBelow: level('Fires when the value falls to this number or below it.'),
  recoverTo: level('After firing, fires again only after the value has returned to this number.'),
  fireIfAlreadyBeyond: v.optional(
    v.pipe(
      v.boolean(write('true or false')),
      v.description('true: also fires once if the value is already beyond. Default: waits until the value crosses.'),
    ),
  ),
};
const LEVEL_EXAMPLE =
  'one of above, atOrAbove, below, atOrBelow, such as above: 10000, or a change: risesBy, fallsBy, changesBy';
const CONDITIONS = [...THRESHOLD_OPERATORS, ...CHANGE_KEYS];

/** JSON Schema rules for editors: exactly one level or change. A change has no options of levels. */
export const ONE_CONDITION = [
  ...THRESHOLD_OPERATORS.map((operator) => ({ required: [operator] })),
  ...CHANGE_KEYS.map((key) => ({
    required: [key],
    not: { anyOf: [{ required: ['recoverTo'] }, { required: ['fireIfAlreadyBeyond'] }] },
  })),
];

type Levels = { readonly [K in ThresholdOperator | 'recoverTo']?: number | undefined };
type Conditions = Levels & { readonly [K in (typeof CHANGE_KEYS)[number]]?: unknown };

/** Where the recovery level must be, by operator. */
const RECOVERY: Readonly<Record<ThresholdOperator, readonly [(r: number, t: number) => boolean, string]>> = {
  above: [(r, t) => r <= t, 'up to'],
  atOrAbove: [(r, t) => r < t, 'less than'],
  below: [(r, t) => r >= t, 'at least'],
  atOrBelow: [(r, t) => r > t, 'more than'],
};

/** Mistakes in the combination of an entry's levels and changes, by key. */
function levelRules(given: Conditions): (readonly [key: keyof Conditions, message: string])[] {
  const [operator, second] = CONDITIONS.filter((condition) => given[condition] !== undefined);
  if (!operator) return [['above', `is missing; write ${LEVEL_EXAMPLE}`]];
  if (second) {
    return [
      [second, `cannot be combined with "${operator}"; keep one, and create a second subscription for the other`],
    ];
  }
  if (!isOperator(operator)) return [];
  const [level, recoverTo] = [given[operator], given.recoverTo];
  if (typeof level !== 'number' || typeof recoverTo !== 'number') return [];
  // Reported by the key's own check.
  if (!isDecimal(level) || !isDecimal(recoverTo)) return [];
  const [fits, words] = RECOVERY[operator];
  if (fits(recoverTo, level)) return [];
  return [['recoverTo', `is ${recoverTo}, on the wrong side of "${operator}"; write a number ${words} ${level}`]];
}

const isOperator = (key: string): key is ThresholdOperator => THRESHOLD_OPERATORS.some((one) => one === key);

export const levelMistakes = (input: Conditions & Record<string, unknown>): RawMistake[] => [
  ...levelRules(input).map(([key, message]) => mistakeAt(input, key, message)),
  ...changeMistakes(input),
];
