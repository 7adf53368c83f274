import * as v from 'valibot';
import { COMPARED_WITH } from '../../../shared/core/change';
import { decimalSchema, isDecimal } from '../../../shared/core/numbers';
import { checkEach, closestWord, type Issue, mistakeAt, type RawMistake, write, writeOneOf } from './messages';

/** The keys of a threshold on changes. */
export const CHANGE_KEYS = ['risesBy', 'fallsBy', 'changesBy'] as const;
/** Above, a typing error is likelier than a change. */
const MAX_PERCENT = 1_000_000;

const EXAMPLE = '{ percent: 20, comparedWith: sameTimeLastWeek }';
const KEYS = ['percent', 'absolute', 'comparedWith', 'minimumBase'];

/** A number from more than 0 up to a limit. */
function amount(hint: string, description: string, most = Number.POSITIVE_INFINITY) {
  const message = (issue: Issue) => {
    const sign = /^([\d.]+)\s*%$/.exec(String(issue.input))?.[1];
    return write(sign === undefined ? hint : `it without a percent sign, ${sign}`)(issue);
  };
  return v.optional(
    v.pipe(
      decimalSchema(message),
      // The schema reports what is not a number.
      v.check((value) => !isDecimal(value) || (Number(value) > 0 && Number(value) <= most), message),
      v.description(description),
      v.transform(Number),
    ),
  );
}

const mapMessage = (issue: Issue) => {
  const key = issue.path?.at(-1)?.key;
  if (issue.expected === 'never') return `is not known; write ${closestWord(key, KEYS) ?? `one of ${KEYS.join(', ')}`}`;
  if (key === 'comparedWith') return `is missing; write one of ${COMPARED_WITH.join(', ')}`;
  return write(EXAMPLE)(issue);
};

const MEANINGS: Readonly<Record<string, (typeof COMPARED_WITH)[number]>> = {
  ...Object.fromEntries(['last', 'lastvalue', 'before'].map((word) => [word, 'previous'])),
  ...Object.fromEntries(['yesterday', 'day', 'lastday', '24h'].map((word) => [word, 'sameTimeYesterday'])),
  ...Object.fromEntries(['lastweek', 'week', 'aweekago', '7d'].map((word) => [word, 'sameTimeLastWeek'])),
};

/** Mistakes in the combination of a change's keys. */
function unitMistakes(input: Record<string, unknown>): RawMistake[] {
  const [percent, absolute] = [input.percent !== undefined, input.absolute !== undefined];
  if (percent && absolute) return [mistakeAt(input, 'absolute', 'cannot be combined with "percent"; keep one of them')];
  if (percent || absolute) return [];
  return [
    mistakeAt(
      input,
      'percent',
      'is missing; write a percentage such as percent: 20, or an amount such as absolute: 500',
    ),
  ];
}

const change = (description: string) =>
  v.optional(
    v.pipe(
      v.strictObject(
        {
          percent: amount(
            `a percentage of more than 0, up to ${MAX_PERCENT}, such as 20`,
            'Size of the change in percent of the size of the earlier value, or more.',
            MAX_PERCENT,
          ),
          absolute: amount('a number of more than 0, such as 500', 'Size of the change as a difference, or more.'),
          comparedWith: v.pipe(
            v.picklist(COMPARED_WITH, writeOneOf(COMPARED_WITH, MEANINGS)),
            v.description(
              'The earlier value. previous: the last value. sameTimeYesterday, sameTimeLastWeek: the latest value that ' +
                'is at least 24 hours or 7 days older.',
            ),
          ),
          minimumBase: amount(
            'a number of more than 0, such as 1000; without it, no earlier value is too small',
            'Ignores the change if the earlier value is smaller in size. Default: no earlier value is too small.',
          ),
        },
        mapMessage,
      ),
      checkEach(unitMistakes),
      v.metadata({ oneOf: [{ required: ['percent'] }, { required: ['absolute'] }] }),
      v.description(description),
    ),
  );

export const changes = {
  risesBy: change('Fires when the value has risen by this much, compared with an earlier value.'),
  fallsBy: change('Fires when the value has fallen by this much, compared with an earlier value.'),
  changesBy: change('Fires when the value has risen or fallen by this much, compared with an earlier value.'),
};

/** Mistakes in the combination of a change with an entry's other keys. */
export function changeMistakes(input: Record<string, unknown>): RawMistake[] {
  const key = CHANGE_KEYS.find((one) => input[one] !== undefined);
  if (!key) return [];
  const mistakes = ['recoverTo', 'fireIfAlreadyBeyond']
    .filter((option) => input[option] !== undefined)
    .map((option) => mistakeAt(input, option, `cannot be combined with "${key}"; remove it`));
  const percent = Number((input[key] as { percent?: unknown } | null)?.percent);
  if (key === 'fallsBy' && input.segment !== undefined && percent > 100 && percent <= MAX_PERCENT) {
    const wrong = `is ${percent} percent, but a member count falls by up to 100 percent; write a percentage up to 100`;
    mistakes.push(mistakeAt(input, key, wrong));
  }
  return mistakes;
}
