import { describe, expect, it } from 'vitest';
import { countOption, durationOption, instantOption } from '../cli/frame/option-values';
import { UsageError } from '../cli/shell/exit';
import { writeEntry } from '../events/entry';
import type { ConnectorEvent } from '../events/types';
import { checkDetail } from '../lambda/events/core/events';
import { checkEntry } from '../lambda/subscriptions/core/subscription-entry';
import { readOptions } from '../local/run/options';
import { UserError } from '../local/shared/user-error';

const MOST = Number.MAX_SAFE_INTEGER;

/** A JSON value and how it is read: as a number, or as the text that an error message shows. */
const WRITTEN: readonly [json: string, whole: number | string, decimal: number | string][] = [
  ['0', 0, 0],
  ['-0', 0, 0],
  ['7', 7, 7],
  ['7.0', 7, 7],
  ['1e3', 1000, 1000],
  ['1.5', '1.5', 1.5],
  ['-1', '-1', -1],
  ['-1.5', '-1.5', -1.5],
  ['9007199254740991', MOST, MOST],
  ['9007199254740992', '9007199254740992', 2 ** 53],
  ['9007199254740993', '9007199254740992', 2 ** 53],
  ['1000000000000000000000000000000', '1e+30', 1e30],
  ['1e125', '1e+125', 1e125],
  ['1e126', '1e+126', '1e+126'],
  ['-1e126', '-1e+126', '-1e+126'],
  ['1e-130', '1e-130', 1e-130],
  ['1e-131', '1e-131', '1e-131'],
  ['1e400', 'Infinity', 'Infinity'],
  ['-1e400', '-Infinity', '-Infinity'],
  ['"12"', '"12"', 12],
  ['" 12.50 "', '" 12.50 "', 12.5],
  ['"1e3"', '"1e3"', 1000],
  ['"-0"', '"-0"', 0],
  ['"+7"', '"+7"', 7],
  ['"007"', '"007"', 7],
  ['"1e400"', '"1e400"', '"1e400"'],
  ['"1e-400"', '"1e-400"', 0],
  ['"0x10"', '"0x10"', '"0x10"'],
  ['"1.2.3"', '"1.2.3"', '"1.2.3"'],
  ['"NaN"', '"NaN"', '"NaN"'],
  ['"Infinity"', '"Infinity"', '"Infinity"'],
  ['"many"', '"many"', '"many"'],
  ['true', 'true', 'true'],
];
/** Values that the messages of events and of entries name differently. */
const EMPTY: readonly [json: string, inEvents: string, inEntries: string][] = [
  ['""', 'is ""', 'is empty'],
  ['null', 'is null', 'is empty'],
  ['[]', 'is []', 'is a list'],
  ['{}', 'is {}', 'is a map of keys'],
];

const whole = (least: number, most = MOST) => `a whole number from ${least} to ${most}`;
const decimal = (what: string) => `${what}: 0, or in size from 1e-130 to less than 1e+126`;

const RUN = { runId: 'run-1', status: 'Failed' };
const OBSERVED = { observedAt: '2026-11-19T06:00:00Z' };
const DEAD = {
  connector: 'c',
  subscription: 's',
  reason: 'r',
  since: OBSERVED.observedAt,
  deliveryId: 'd',
  trigger: 'full-refresh-completed',
  subject: 'run-1',
  attempts: 1,
};
const EVENT_FIELDS: readonly [type: string, field: string, detail: object, hint: string, kind: 'whole' | 'decimal'][] =
  [
    ['SegmentRefreshed', 'memberCount', { segment: 'A', ...OBSERVED }, whole(0), 'whole'],
    ['SegmentRefreshed', 'sequence', { segment: 'A', memberCount: 1, ...OBSERVED }, whole(0), 'whole'],
    ['MeasureRefreshed', 'sequence', { measure: 'A', value: 1, ...OBSERVED }, whole(0), 'whole'],
    [
      'MeasureRefreshed',
      'value',
      { measure: 'A', ...OBSERVED },
      decimal('a number or a decimal string such as "12.5"'),
      'decimal',
    ],
    ['DataSourceRefreshed', 'recordCount', { dataSource: 'A', ...RUN }, whole(0), 'whole'],
    ['DataSourceRefreshed', 'attempt', { dataSource: 'A', ...RUN }, whole(0), 'whole'],
    ['FlowDeliveryDead', 'attempts', DEAD, whole(0), 'whole'],
    ['FlowDeliveryDead', 'httpStatus', DEAD, whole(0), 'whole'],
  ];

describe.each(EVENT_FIELDS)('%s.%s', (detailType, field, rest, hint, kind) => {
  const detailOf = (json: string) => ({ ...rest, [field]: JSON.parse(json) });

  it.each(WRITTEN)('%s', (json, asWhole, asDecimal) => {
    const expected = kind === 'whole' ? asWhole : asDecimal;
    const checked = checkDetail(detailType, detailOf(json));
    if (typeof expected === 'number') {
      // DynamoDB and JSON have no -0.
      const value = (checked as { value: Record<string, number> }).value[field] as number;
      expect(value + 0).toBe(expected);
    } else expect(checked).toEqual({ reason: `${detailType}: "${field}" is ${expected}: write ${hint}` });
  });

  it.each(EMPTY)('%s', (json, is) => {
    expect(checkDetail(detailType, detailOf(json))).toEqual({
      reason: `${detailType}: "${field}" ${is}: write ${hint}`,
    });
  });
});

/** The library writes Infinity as a text. */
it.each(EVENT_FIELDS.filter(([detailType]) => detailType.endsWith('Refreshed')))(
  "the producers' library checks %s.%s as the connector does",
  (detailType, field, rest) => {
    for (const [json] of [...WRITTEN, ...EMPTY]) {
      const detail = { ...rest, [field]: JSON.parse(json) };
      const written = writeEntry({ detailType, detail } as unknown as ConnectorEvent, 'bus', 'source');
      const checked = checkDetail(detailType, detail);
      const expected = 'reason' in checked && checked.reason.replace(/ is (-?Infinity):/, ' is "$1":');
      expect('reason' in written && written.reason).toBe(expected);
    }
  },
);

const FLOW_URL = 'https://x.api.powerplatform.com/workflows/0/triggers/manual/paths/invoke?sig=SECRET';
const SEGMENT = { name: 'a', trigger: 'segment-threshold-crossed', segment: 'A', flowUrl: FLOW_URL };
const LEVEL = decimal('a number such as 10000 or 12.5');
type EntryField = readonly [key: string, entry: (value: unknown) => object, hint: string, kind: 'whole' | 'decimal'];
const ENTRY_FIELDS: readonly EntryField[] = [
  ...['above', 'atOrAbove', 'below', 'atOrBelow'].map(
    (key): EntryField => [key, (value) => ({ ...SEGMENT, [key]: value }), LEVEL, 'decimal'],
  ),
  ['recoverTo', (recoverTo) => ({ ...SEGMENT, above: 9e125, recoverTo }), LEVEL, 'decimal'],
  ['rateLimit.calls', (calls) => ({ ...SEGMENT, above: 1, rateLimit: { calls, per: '5m' } }), whole(1), 'whole'],
];

describe.each(ENTRY_FIELDS)("a subscription's %s", (key, entryOf, hint, kind) => {
  const messages = (json: string) => {
    const checked = checkEntry(entryOf(JSON.parse(json)));
    return 'mistakes' in checked ? checked.mistakes.map(({ message }) => message) : [];
  };

  it.each(WRITTEN)('%s', (json, asWhole, asDecimal) => {
    const isTooSmall = kind === 'whole' && asWhole === 0;
    const expected = kind === 'decimal' ? asDecimal : isTooSmall ? '0' : asWhole;
    expect(messages(json)).toEqual(typeof expected === 'number' ? [] : [`"${key}" is ${expected}; write ${hint}`]);
  });

  // Without a value the level is missing, which another rule reports.
  it.each(EMPTY)('%s', (json, _, is) => {
    expect(messages(json)).toEqual([`"${key}" ${is}; write ${hint}`]);
  });
});

/** Texts for an option from 1 to 1000. */
const TYPED: readonly [text: string, value: number | string][] = [
  ['1', 1],
  ['007', 7],
  ['1000', 1000],
  ['0', 'is "0"'],
  ['-0', 'is "-0"'],
  ['-1', 'is "-1"'],
  ['+7', 'is "+7"'],
  ['1001', 'is "1001"'],
  ['1.5', 'is "1.5"'],
  ['1e2', 'is "1e2"'],
  ['1e400', 'is "1e400"'],
  ['9007199254740993', 'is "9007199254740993"'],
  ['1000000000000000000000000000000', 'is "1000000000000000000000000000000"'],
  ['NaN', 'is "NaN"'],
  ['Infinity', 'is "Infinity"'],
  ['true', 'is "true"'],
  [' 7', 'is " 7"'],
  ['', 'is empty'],
];

/** The value, or the message of a usage error. */
function outcome(read: () => unknown): unknown {
  try {
    return read();
  } catch (error) {
    if (error instanceof UsageError || error instanceof UserError) return error.message;
    throw error;
  }
}

describe('an option of', () => {
  it.each(TYPED)('the CLI that is a count: %j', (text, value) => {
    const expected = typeof value === 'number' ? value : `--limit ${value}; write a whole number from 1 to 1000`;
    expect(outcome(() => countOption('--limit', text, 1000))).toBe(expected);
  });

  it.each(TYPED)('the local run that is a port: %j', (text, value) => {
    // Ports start at 0 and exceed 1000.
    const isPort = /^\d{1,4}$/.test(text);
    const expected = isPort ? Number(text) : `--port ${value}; write a whole number from 0 to 65535`;
    expect(outcome(() => readOptions([`--port=${text}`], {})?.port)).toBe(expected);
  });

  it.each<[string, number | string]>([
    ['1', 1],
    ['007', 7],
    ['1.5', 1.5],
    ['86400', 86_400],
    ['86400.5', 'is "86400.5"'],
    ['0.5', 'is "0.5"'],
    ['1e3', 'is "1e3"'],
    ['fast', 'is "fast"'],
    ['', 'is empty'],
  ])('the local run that is a factor: %j', (text, value) => {
    const expected = typeof value === 'number' ? value : `--speed ${value}; write a number from 1 to 86400`;
    expect(outcome(() => readOptions([`--speed=${text}`], {})?.speed)).toBe(expected);
  });

  it.each<[string, number | string]>([
    ['1s', 1000],
    ['007m', 420_000],
    ['1d', 86_400_000],
    ['0s', 'is "0s"'],
    ['25h', 'is "25h"'],
    // Node.js fires a timer of more than 2^31-1 ms at once.
    ['30d', 'is "30d"'],
    ['1000000000s', 'is "1000000000s"'],
    ['1.5h', 'is "1.5h"'],
    ['-5m', 'is "-5m"'],
    ['+5m', 'is "+5m"'],
    ['90', 'is "90"'],
    ['', 'is empty'],
  ])('the CLI that is a duration: %j', (text, value) => {
    const hint = 'write a duration such as 90m, 12h or 3d, from 1s to 1d';
    expect(outcome(() => durationOption('--every', text, '1d'))).toBe(
      typeof value === 'number' ? value : `--every ${value}; ${hint}`,
    );
  });

  const NOW = Date.parse('2026-11-19T06:00:00Z');
  it.each<[string, number | string]>([
    ['0s', NOW],
    ['2h', NOW - 7_200_000],
    ['2026-11-05', Date.parse('2026-11-05')],
    ['1970-01-01', 0],
    ['1969-12-31', 'is "1969-12-31"'],
    ['30000d', 'is "30000d"'],
    ['999999999d', 'is "999999999d"'],
    ['1.5h', 'is "1.5h"'],
    ['-2h', 'is "-2h"'],
    ['2026-13-01', 'is "2026-13-01"'],
    ['1700000000', 'is "1700000000"'],
    ['', 'is empty'],
  ])('the CLI that is an instant: %j', (text, value) => {
    const hint =
      'write an age, such as 30m, 2h or 3d, or a date or time from 1970 on, such as 2026-11-05 or 2026-11-05T09:00:00Z';
    expect(outcome(() => instantOption('--since', text, NOW))).toBe(
      typeof value === 'number' ? value : `--since ${value}; ${hint}`,
    );
  });
});
