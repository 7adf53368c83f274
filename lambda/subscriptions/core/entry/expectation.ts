import * as v from 'valibot';
import { isTimeZone } from '../../../shared/core/local-time';
import { type Expectation, WEEKDAYS, type Weekday } from '../subscription';
import { duration } from './duration';
import { checkEach, closestWord, type Issue, invalidValue, mistakeAt, write, writeOneOf } from './messages';

const EXPECT_HINT = '{ every: 24h, grace: 1h } or { by: "07:00", days: [mon, tue], timeZone: Europe/Berlin }';

const TIME = /^([01]\d|2[0-3]):[0-5]\d$/;
const TIME_HINT = 'a time in quotes from "00:00" to "23:59", such as "07:00"';
/** YAML 1.1 reads 07:00 without quotes as a number; YAML 1.2 reads it as a string. */
function timeMessage({ input }: Issue): string {
  const [, hours, minutes] = /^(\d{1,2})[:.]?(\d{2})?$/.exec(String(input).trim()) ?? [];
  const meant = hours && `${hours.padStart(2, '0')}:${minutes ?? '00'}`;
  return invalidValue(input, meant && typeof input === 'string' && TIME.test(meant) ? `"${meant}"` : TIME_HINT);
}

const DAYS_IN_ORDER: readonly Weekday[] = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];
const DAYS_HINT = `a list of ${DAYS_IN_ORDER.join(', ')}, such as [mon, tue, wed, thu, fri]`;
const LONG_DAYS = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'];
const dayMessage = writeOneOf(DAYS_IN_ORDER, Object.fromEntries(LONG_DAYS.map((day) => [day, day.slice(0, 3)])));

const ZONE_HINT = 'a time zone of the tz database, such as Europe/Berlin or UTC';
function zoneMessage({ input }: Issue): string {
  const near = typeof input === 'string' ? closestWord(input, Intl.supportedValuesOf('timeZone')) : undefined;
  return invalidValue(input, near ?? ZONE_HINT);
}

const expectEntry = v.pipe(
  v.strictObject(
    {
      every: v.optional(
        duration('5m', '90d', 'Longest time from the end of a refresh to the end of the next one, such as 24h.'),
      ),
      by: v.optional(
        v.pipe(
          v.string(timeMessage),
          v.regex(TIME, timeMessage),
          v.description('Local time by which a refresh has ended, such as "07:00", in quotes.'),
        ),
      ),
      days: v.optional(
        v.pipe(
          v.array(v.picklist(WEEKDAYS, dayMessage), write(DAYS_HINT)),
          v.minLength(1, `is an empty list; remove it to expect a refresh every day, or write ${DAYS_HINT}`),
          v.check(
            (days) => new Set(days).size === days.length,
            ({ input }) => {
              const days = input as string[];
              return `has ${days.find((day, at) => days.indexOf(day) !== at)} twice; write each day once`;
            },
          ),
          v.description('Days on which a refresh is expected. Default: every day.'),
          v.transform((days) => DAYS_IN_ORDER.filter((day) => days.includes(day))),
        ),
      ),
      timeZone: v.optional(
        v.pipe(
          v.string(zoneMessage),
          v.check(isTimeZone, zoneMessage),
          v.description('Time zone of "by", such as Europe/Berlin. Default: UTC.'),
        ),
      ),
      grace: v.optional(
        duration('0m', '7d', 'How late a refresh may be before the flow starts, such as 1h. Default: 0m.'),
      ),
    },
    (issue) => (issue.expected === 'never' ? `is not known; write ${EXPECT_HINT}` : write(EXPECT_HINT)(issue)),
  ),
  checkEach((given) => {
    const [every, by] = [given.every !== undefined, given.by !== undefined];
    if (every && by)
      return [
        mistakeAt(
          given,
          'by',
          'cannot be combined with "every"; keep one, and create a second subscription for the other',
        ),
      ];
    if (!every && !by) return [mistakeAt(given, 'every', `is missing; write ${EXPECT_HINT}`)];
    const daily = ['days', 'timeZone'].filter((key) => every && given[key] !== undefined);
    return daily.map((key) => mistakeAt(given, key, 'belongs to "by"; remove it, or write by instead of every'));
  }),
  v.metadata({
    oneOf: [
      { required: ['every'], not: { anyOf: [{ required: ['days'] }, { required: ['timeZone'] }] } },
      { required: ['by'] },
    ],
  }),
  v.description('When a refresh is expected: every … after the last one, or by a local time.'),
);

/** Keys of a subscription that expects refreshes. */
export const expectationKeys = {
  expect: expectEntry,
  alsoWhenBack: v.optional(
    v.pipe(
      v.boolean(write('true or false')),
      v.description('true: also starts the flow when the refresh comes at last. Default: it does not.'),
    ),
  ),
  repeatEvery: v.optional(
    duration(
      '5m',
      '30d',
      'Starts the flow again at this interval while the refresh does not come, such as 12h. Default: once.',
    ),
  ),
  firstRefreshWithin: v.optional(
    duration(
      '1m',
      '90d',
      'Time for the first refresh, from when the subscription is made, such as 3d. Default: as for later ones.',
    ),
  ),
  anyOutcome: v.optional(
    v.pipe(
      v.boolean(write('true or false')),
      v.description('true: a refresh that failed or timed out is enough, too. Default: only a successful one.'),
    ),
  ),
};

/** What `expectationKeys` accept. */
export interface ExpectationEntry extends Omit<Expectation, 'rhythm' | 'grace'> {
  readonly expect: v.InferOutput<typeof expectEntry>;
}

/** An expectation as it is stored. Undefined and false keys are left out by the caller. */
export function toExpectation({
  expect,
  alsoWhenBack,
  anyOutcome,
  repeatEvery,
  firstRefreshWithin,
}: ExpectationEntry): Expectation {
  const { every, by, days, timeZone = 'UTC', grace = 0 } = expect;
  const daily = { by: by as string, ...(days && { days }), timeZone };
  return {
    rhythm: every === undefined ? daily : { every },
    grace,
    ...(firstRefreshWithin !== undefined && { firstRefreshWithin }),
    ...(repeatEvery !== undefined && { repeatEvery }),
    ...(alsoWhenBack && { alsoWhenBack }),
    ...(anyOutcome && { anyOutcome }),
  };
}
