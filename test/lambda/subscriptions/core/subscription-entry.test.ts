import { describe, expect, it, test } from 'vitest';
import { toDefinition } from '../../../../lambda/subscriptions/core/entry/definition';
import { closestWord } from '../../../../lambda/subscriptions/core/entry/messages';
import { checkEntry } from '../../../../lambda/subscriptions/core/subscription-entry';

const FLOW_URL = 'https://x.api.powerplatform.com/workflows/0/triggers/manual/paths/invoke?sig=SECRET';
const failed = { name: 'crm', trigger: 'data-source-refresh-failed', flowUrl: FLOW_URL };
const segment = { name: 'vip', trigger: 'segment-threshold-crossed', segment: 'VIP', above: 10000 };
const measure = { name: 'rev', trigger: 'measure-threshold-crossed', measure: 'Revenue', below: 5 };
const late = { name: 'late', trigger: 'refresh-overdue', dataSource: 'Orders', expect: { every: '24h' } };
const SUBJECT = 'write one of dataSource, segment, measure, fullRefresh, unification, such as dataSource: Orders';
const EXPECT = 'write { every: 24h, grace: 1h } or { by: "07:00", days: [mon, tue], timeZone: Europe/Berlin }';
const DURATION = 'write a duration such as 90m, 12h or 3d,';
const TIME = 'write a time in quotes from "00:00" to "23:59", such as "07:00"';
const DAYS = 'a list of mon, tue, wed, thu, fri, sat, sun, such as [mon, tue, wed, thu, fri]';
const full = { name: 'full', trigger: 'full-refresh-completed', flowUrl: FLOW_URL };

const FROM = 'write { secret: NAME }, { secret: NAME, field: FIELD } or { parameter: NAME }';

const definitionOf = (entry: unknown) => {
  const checked = checkEntry(entry);
  if ('mistakes' in checked) throw new Error(checked.mistakes.map(({ message }) => message).join('\n'));
  return toDefinition(checked.entry);
};
const mistakesOf = (entry: unknown) => {
  const checked = checkEntry(entry);
  return 'mistakes' in checked ? checked.mistakes.map(({ message }) => message) : [];
};

describe('an entry becomes a definition', () => {
  test('with only the required keys', () => {
    expect(definitionOf(failed)).toStrictEqual({
      name: 'crm',
      trigger: 'data-source-refresh-failed',
      instanceId: 'default',
      filter: {},
      format: 'flat',
      owners: [],
    });
  });

  test('with every key', () => {
    const entry = {
      ...measure,
      instanceId: 'emea',
      dimensions: { Region: 'EMEA' },
      below: '12.5',
      recoverTo: 20,
      format: 'flat',
      owners: 'kim@example.com; lee@example.com, kim@example.com;',
      link: 'https://example.com/revenue ',
      flowLink: 'https://make.powerautomate.com/flows/1',
      flowUrl: FLOW_URL,
    };
    expect(definitionOf(entry)).toStrictEqual({
      name: 'rev',
      trigger: 'measure-threshold-crossed',
      instanceId: 'emea',
      filter: { measure: 'Revenue', dimensions: { Region: 'EMEA' } },
      threshold: { operator: 'below', value: 12.5, recoverTo: 20 },
      format: 'flat',
      owners: ['kim@example.com', 'lee@example.com'],
      link: 'https://example.com/revenue',
      flowLink: 'https://make.powerautomate.com/flows/1',
    });
  });

  test.each([
    [
      { ...failed, dataSource: ' CRM ', includeRetries: true },
      { dataSource: 'CRM', includeRetries: true },
    ],
    [{ ...failed, trigger: 'data-source-refresh-succeeded', dataSource: 'CRM' }, { dataSource: 'CRM' }],
    [segment, { segment: 'VIP' }],
    [{ ...measure, dimensions: {} }, { measure: 'Revenue' }],
    [
      { ...full, kind: 'OnDemand', status: 'Failure' },
      { kind: 'OnDemand', status: ['Failed'] },
    ],
    [{ ...full, status: ['Failed', 'Failure', 'TimedOut'] }, { status: ['Failed', 'TimedOut'] }],
    [{ ...full, trigger: 'unification-refresh-completed', status: 'Skipped' }, { status: ['Skipped'] }],
  ])('whose filter is its subject: %#', (entry, filter) => {
    expect(definitionOf(entry).filter).toStrictEqual(filter);
  });
});

describe('the delivery options', () => {
  test('are converted to milliseconds', () => {
    const given = { ...full, maxAge: '4h', rateLimit: { calls: 4500, per: '5m' }, keepAlive: '60d' };
    expect(definitionOf(given)).toMatchObject({
      maxAge: 4 * 3_600_000,
      rateLimit: { calls: 4500, per: 300_000 },
      keepAlive: 60 * 24 * 3_600_000,
    });
    expect(Object.keys(definitionOf(full))).not.toContain('maxAge');
  });

  test.each([
    [{ maxAge: 4 }, '"maxAge" is 4; write a duration such as 90m, 12h or 3d, from 1m to 14d'],
    [{ maxAge: '30s' }, '"maxAge" is "30s"; write a duration such as 90m, 12h or 3d, from 1m to 14d'],
    [{ keepAlive: '90d' }, '"keepAlive" is "90d"; write a duration such as 90m, 12h or 3d, from 1d to 89d'],
    [
      { rateLimit: 4500 },
      '"rateLimit" is 4500; write a number of calls and a period, such as { calls: 4500, per: 5m }',
    ],
    [
      { rateLimit: { calls: 0.5, per: '5m' } },
      '"rateLimit.calls" is 0.5; write a whole number from 1 to 9007199254740991',
    ],
    [
      { rateLimit: { calls: 5 } },
      '"rateLimit.per" is missing; write a number of calls and a period, such as { calls: 4500, per: 5m }',
    ],
    [
      { rateLimit: { calls: 5, per: '1m', burst: 3 } },
      '"rateLimit.burst" is not known; write a number of calls and a period, such as { calls: 4500, per: 5m }',
    ],
  ])('are reported as wrong: %j', (more, message) => expect(mistakesOf({ ...full, ...more })).toEqual([message]));
});

describe('the flow URL can be in a secret store', () => {
  test.each([
    { secret: 'crm/flow-url' },
    { secret: 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:crm/flow-url-AbCdEf', field: 'url' },
    { secret: 'arn:aws-cn:secretsmanager:cn-north-1:123456789012:secret:crm' },
    { parameter: '/crm/flow-url' },
    { parameter: 'arn:aws:ssm:eu-central-1:123456789012:parameter/crm/flow-url' },
  ])('%j', (flowUrlFrom) => {
    const { flowUrl: _, ...entry } = failed;
    for (const one of [
      { ...entry, flowUrlFrom },
      { ...segment, flowUrlFrom },
    ]) {
      expect(checkEntry(one)).toMatchObject({ entry: { flowUrlFrom } });
    }
  });
});

describe('a recovery level must be on the right side', () => {
  test.each([
    ['above', 10, [10, 9, -1], [11]],
    ['atOrAbove', 10, [9], [10, 11]],
    ['below', 10, [10, 11], [9]],
    ['atOrBelow', 10, [11], [10, 9]],
  ] as const)('%s', (operator, value, right, wrong) => {
    const { above: _, ...rest } = segment;
    for (const recoverTo of right) {
      const entry = { ...rest, [operator]: value, recoverTo };
      expect(definitionOf(entry).threshold).toEqual({ operator, value, recoverTo });
    }
    for (const recoverTo of wrong) {
      const [message] = mistakesOf({ ...rest, [operator]: value, recoverTo });
      expect(message).toMatch(new RegExp(`^"recoverTo" is ${recoverTo}, on the wrong side of "${operator}"; write a`));
    }
  });
});

test.each<[mistake: string, entry: object]>([
  [
    '"segment" has half of a surrogate pair, which is not a character; write a segment\'s name',
    { ...segment, segment: 'A\ud83d' },
  ],
  ['"dataSource" has half of a surrogate pair', { ...failed, dataSource: '\udf89' }],
  ['"measure" has half of a surrogate pair', { ...measure, measure: '\ud83d' }],
  ['"dimensions.Region" has half of a surrogate pair', { ...measure, dimensions: { Region: '\ud83d' } }],
  ['"dimensions.…" has half of a surrogate pair', { ...measure, dimensions: { '\ud83d': 'EMEA' } }],
  ['"instanceId" has half of a surrogate pair', { ...failed, instanceId: '\ud83d' }],
  ['"name" is "a\\ud83d"; write 1 to 64 letters', { ...failed, name: 'a\ud83d' }],
  ['"link" has half of a surrogate pair', { ...failed, link: 'https://example.com/\ud83d' }],
  ['which is not an email address', { ...failed, owners: 'kim\ud83d@example.com' }],
])('half a surrogate pair is a mistake: %s', (mistake, entry) => {
  expect(mistakesOf(entry)).toEqual([expect.stringContaining(mistake)]);
});

describe('a mistake says what to write', () => {
  const { above: _, ...noLevel } = segment;
  test.each<[string, unknown, string[]]>([
    ['nothing', null, ['is nothing; write keys and values, such as name: vip-customers']],
    ['a text', 'vip', ['is "vip"; write keys and values, such as name: vip-customers']],
    ['a misspelled key', { ...failed, datasource: 'CRM' }, ['"datasource" is not known; write dataSource']],
    [
      'a misspelled key that is required',
      { ...segment, segment: undefined, Segment: 'VIP' },
      ['"Segment" is not known; write segment'],
    ],
    ['a key by another word', { ...segment, email: 'kim@example.com' }, ['"email" is not known; write owners']],
    [
      'a threshold',
      { ...noLevel, threshold: 5 },
      ['"threshold" is not known; write above: 5, or atOrAbove, below, atOrBelow'],
    ],
    [
      'a key of another trigger',
      { ...full, dataSource: 'CRM' },
      ['"dataSource" does not belong to the trigger full-refresh-completed; remove it'],
    ],
    [
      'a key that is nothing',
      { ...full, foo: 1 },
      [
        '"foo" is not known; this trigger has the keys name, trigger, instanceId, format, owners, link, flowLink, auth, maxAge, rateLimit, keepAlive, finishWithin, flowUrl, flowUrlFrom, kind, status, awsAccount, awsRegion',
      ],
    ],
    [
      'no level',
      noLevel,
      [
        '"above" is missing; write one of above, atOrAbove, below, atOrBelow, such as above: 10000, or a change: risesBy, fallsBy, changesBy',
      ],
    ],
    [
      'two levels',
      { ...segment, below: 5 },
      ['"below" cannot be combined with "above"; keep one, and create a second subscription for the other'],
    ],
    ['separators', { ...segment, above: '10,000' }, ['"above" is "10,000"; write it without separators, 10000']],
    [
      'no number',
      { ...segment, above: 'many' },
      ['"above" is "many"; write a number such as 10000 or 12.5: 0, or in size from 1e-130 to less than 1e+126'],
    ],
    [
      'infinity',
      { ...segment, above: Infinity },
      ['"above" is Infinity; write a number such as 10000 or 12.5: 0, or in size from 1e-130 to less than 1e+126'],
    ],
    [
      'an empty level',
      { ...segment, above: null },
      ['"above" is empty; write a number such as 10000 or 12.5: 0, or in size from 1e-130 to less than 1e+126'],
    ],
    [
      'no trigger',
      { name: 'a' },
      [
        '"trigger" is missing; write one of data-source-refresh-failed, data-source-refresh-succeeded, segment-threshold-crossed, measure-threshold-crossed, full-refresh-completed, unification-refresh-completed, refresh-overdue',
      ],
    ],
    [
      'a near trigger',
      { name: 'a', trigger: 'SegmentThresholdCrossed' },
      ['"trigger" is "SegmentThresholdCrossed"; write segment-threshold-crossed'],
    ],
    [
      'a part of a trigger',
      { name: 'a', trigger: 'unification' },
      ['"trigger" is "unification"; write unification-refresh-completed'],
    ],
    [
      'no flow URL',
      { ...failed, flowUrl: undefined },
      [
        `"flowUrl" is missing; write the HTTP URL of the flow in quotes, or \${NAME} to take it from a variable, or flowUrlFrom`,
      ],
    ],
    [
      'two places of the flow URL',
      { ...failed, flowUrlFrom: { secret: 'crm' } },
      ['"flowUrlFrom" cannot be combined with "flowUrl"; keep one of them'],
    ],
    [
      'two places of the flow URL of a threshold',
      { ...segment, flowUrl: FLOW_URL, flowUrlFrom: { secret: 'crm' } },
      ['"flowUrlFrom" cannot be combined with "flowUrl"; keep one of them'],
    ],
    [
      'a flow URL as a secret',
      { ...segment, flowUrlFrom: { secret: FLOW_URL } },
      [
        '"flowUrlFrom.secret" is not the name or ARN of a secret; write the name or the ARN of a Secrets Manager secret, such as crm/flow-url',
      ],
    ],
    [
      'a text in place of a reference',
      { ...segment, flowUrlFrom: 'crm' },
      [`"flowUrlFrom" is a string instead of a map of keys; ${FROM}`],
    ],
    ['an empty reference', { ...segment, flowUrlFrom: null }, [`"flowUrlFrom" is empty; ${FROM}`]],
    [
      'a reference to nothing',
      { ...segment, flowUrlFrom: { field: 'url' } },
      [`"flowUrlFrom" has neither a secret nor a parameter; ${FROM}`],
    ],
    [
      'a secret and a parameter',
      { ...segment, flowUrlFrom: { secret: 'crm', parameter: 'crm' } },
      [`"flowUrlFrom" combines a parameter with other keys; ${FROM}`],
    ],
    [
      'a field of a parameter',
      { ...segment, flowUrlFrom: { parameter: 'crm', field: 'url' } },
      [`"flowUrlFrom" combines a parameter with other keys; ${FROM}`],
    ],
    [
      'a reference with another key',
      { ...segment, flowUrlFrom: { name: 'crm' } },
      [`"flowUrlFrom.name" is not known; ${FROM}`],
    ],
    [
      'a number for a parameter',
      { ...segment, flowUrlFrom: { parameter: 7 } },
      [
        '"flowUrlFrom.parameter" is not a string; write the name or the ARN of a Systems Manager parameter, such as /crm/flow-url',
      ],
    ],
    ['a secret in place of a reference', { ...segment, secret: 'crm' }, ['"secret" is not known; write flowUrlFrom']],
    [
      'a name with spaces',
      { ...failed, name: 'Cité 7' },
      ['"name" is "Cité 7"; write 1 to 64 letters, digits, - and _, such as Cite-7'],
    ],
    [
      'a number for a name',
      { ...failed, name: 7 },
      ['"name" is 7 without quotes, which is not a string; write "7" in quotes'],
    ],
    [
      'a number for a segment',
      { ...segment, segment: 2024 },
      ['"segment" is 2024 without quotes, which is not a string; write "2024" in quotes'],
    ],
    [
      'a number for a member',
      { ...measure, dimensions: { Year: 2024 } },
      ['"dimensions.Year" is 2024 without quotes, which is not a string; write "2024" in quotes'],
    ],
    ['an empty subject', { ...segment, segment: null }, ['"segment" is empty; write a segment\'s name']],
    ['yes', { ...failed, includeRetries: 'yes' }, ['"includeRetries" is "yes"; write true or false']],
    ['manual', { ...full, kind: 'manual' }, ['"kind" is "manual"; write OnDemand']],
    ['a small letter', { ...full, status: ['failed'] }, ['"status" is "failed"; write Failed']],
    [
      'a status that is none',
      { ...full, status: 'x' },
      ['"status" is "x"; write one of Successful, Failed, TimedOut, Skipped, Canceled'],
    ],
    ['no status', { ...full, status: [] }, ['"status" is an empty list; remove it to receive every status']],
    ['an expectation without a subject', { ...late, dataSource: undefined }, [`"dataSource" is missing; ${SUBJECT}`]],
    [
      'an expectation of two subjects',
      { ...late, segment: 'VIP' },
      ['"segment" cannot be combined with "dataSource"; keep one, and create a second subscription for the other'],
    ],
    [
      'an expectation of failures',
      { ...late, status: 'Failed' },
      ['"status" does not belong to the trigger refresh-overdue; remove it'],
    ],
    [
      'an expectation of members',
      { ...late, dimensions: { Region: 'EU' } },
      ['"dimensions" does not belong to the trigger refresh-overdue; remove it'],
    ],
    ['no expectation', { ...late, expect: undefined }, [`"expect" is missing; ${EXPECT}`]],
    ['an expectation that is a text', { ...late, expect: '24h' }, [`"expect" is "24h"; ${EXPECT}`]],
    ['an expectation without a time', { ...late, expect: { grace: '1h' } }, [`"expect.every" is missing; ${EXPECT}`]],
    ['an expectation in place of its key', { ...late, every: '24h' }, ['"every" is not known; write expect']],
    [
      'an interval and a time',
      { ...late, expect: { every: '24h', by: '07:00' } },
      ['"expect.by" cannot be combined with "every"; keep one, and create a second subscription for the other'],
    ],
    [
      'days of an interval',
      { ...late, expect: { every: '24h', days: ['mon'], timeZone: 'UTC' } },
      [
        '"expect.days" belongs to "by"; remove it, or write by instead of every',
        '"expect.timeZone" belongs to "by"; remove it, or write by instead of every',
      ],
    ],
    [
      'an interval in words',
      { ...late, expect: { every: 'day' } },
      [`"expect.every" is "day"; ${DURATION} from 5m to 90d`],
    ],
    ['a short interval', { ...late, expect: { every: '1m' } }, [`"expect.every" is "1m"; ${DURATION} from 5m to 90d`]],
    [
      'a negative grace',
      { ...late, expect: { every: '1d', grace: '-1h' } },
      [`"expect.grace" is "-1h"; ${DURATION} from 0m to 7d`],
    ],
    ['a time with one digit', { ...late, expect: { by: '7:00' } }, ['"expect.by" is "7:00"; write "07:00"']],
    ['a time without quotes', { ...late, expect: { by: 420 } }, [`"expect.by" is 420; ${TIME}`]],
    ['a time of no day', { ...late, expect: { by: '24:00' } }, [`"expect.by" is "24:00"; ${TIME}`]],
    [
      'an unknown time zone',
      { ...late, expect: { by: '07:00', timeZone: 'Europe/Berlim' } },
      ['"expect.timeZone" is "Europe/Berlim"; write Europe/Berlin'],
    ],
    [
      'an offset',
      { ...late, expect: { by: '07:00', timeZone: '+01:00' } },
      ['"expect.timeZone" is "+01:00"; write a time zone of the tz database, such as Europe/Berlin or UTC'],
    ],
    [
      'days twice',
      { ...late, expect: { by: '07:00', days: ['mon', 'tue', 'mon'] } },
      ['"expect.days" has mon twice; write each day once'],
    ],
    ['a long day', { ...late, expect: { by: '07:00', days: ['Monday'] } }, ['"expect.days.0" is "Monday"; write mon']],
    [
      'no days',
      { ...late, expect: { by: '07:00', days: [] } },
      [`"expect.days" is an empty list; remove it to expect a refresh every day, or write ${DAYS}`],
    ],
    ['one day', { ...late, expect: { by: '07:00', days: 'mon' } }, [`"expect.days" is "mon"; write ${DAYS}`]],
    [
      'another full refresh',
      { ...late, dataSource: undefined, fullRefresh: 'manual' },
      ['"fullRefresh" is "manual"; write onDemand'],
    ],
    ['no unification', { ...late, dataSource: undefined, unification: false }, ['"unification" is false; write true']],
    [
      'another key of an expectation',
      { ...late, expect: { every: '1d', within: '1h' } },
      [`"expect.within" is not known; ${EXPECT}`],
    ],
    ['a frequent repeat', { ...late, repeatEvery: '1m' }, [`"repeatEvery" is "1m"; ${DURATION} from 5m to 30d`]],
    ['a format', { ...full, format: 'card' }, ['"format" is "card"; write teams-card']],
    [
      'an owner',
      { ...full, owners: ['kim'] },
      [
        '"owners" has "kim", which is not an email address; write email addresses, as a list or separated by ; such as kim@example.com; lee@example.com',
      ],
    ],
    [
      'a link',
      { ...full, link: 'example.com' },
      ['"link" is "example.com"; write a web address that starts with https://'],
    ],
    [
      'a flow URL as a link',
      { ...full, link: FLOW_URL },
      ['"link" is a flow URL, which is a secret; write a page\'s address here, and the flow URL under flowUrl'],
    ],
  ])('%s', (_name, entry, messages) => {
    expect(mistakesOf(entry)).toEqual(messages);
  });

  test('for all mistakes at once', () => {
    const checked = checkEntry({ ...segment, name: 'a b', segment: 7, recoverTo: 20000, datasource: 'x', kind: 'x' });
    expect('mistakes' in checked && checked.mistakes.map(({ path }) => path[0])).toEqual([
      'datasource',
      'kind',
      'name',
      'segment',
      'recoverTo',
    ]);
  });

  test('and never shows a flow URL under any key', () => {
    const keys = [
      'name',
      'trigger',
      'instanceId',
      'flowUrl',
      'flowUrlFrom',
      'secret',
      'field',
      'parameter',
      'format',
      'owners',
      'link',
      'flowLink',
      'segment',
      'above',
      'url',
    ];
    for (const key of [...keys, FLOW_URL]) {
      for (const value of [FLOW_URL, [FLOW_URL], { [FLOW_URL]: FLOW_URL }, FLOW_URL.slice(8), FLOW_URL.slice(-15)]) {
        expect(mistakesOf({ ...segment, [key]: value }).join()).not.toMatch(/SECRET|workflows/);
        expect(mistakesOf({ ...segment, flowUrlFrom: { [key]: value } }).join()).not.toMatch(/SECRET|workflows/);
      }
    }
    expect(mistakesOf({ ...measure, dimensions: { [FLOW_URL]: 5 } }).join()).not.toMatch(/SECRET|workflows/);
  });
});

test('the nearest word has the same letters, contains the value, or differs by a typing error', () => {
  expect(closestWord('flow_url', ['flowUrl', 'flowLink'])).toBe('flowUrl');
  expect(closestWord('ownres', ['owners', 'name'])).toBe('owners');
  expect(closestWord('unification', ['unification-refresh-completed', 'full-refresh-completed'])).toBe(
    'unification-refresh-completed',
  );
  expect(closestWord('refresh', ['unification-refresh-completed', 'full-refresh-completed'])).toBeUndefined();
  expect(closestWord('owner', ['owners'])).toBe('owners');
  expect(closestWord('x', ['owners'])).toBeUndefined();
});

describe('a credential in a wrong place is not quoted', () => {
  const random = 'k3J9xQ2mW7vB5nZ8rT1yL6pD4sF0hG+c/XaE9uIo';
  const credentials = {
    'a client secret': `abc8Q~${'aB3.dE5_gH7-jK9~'.repeat(2)}xY`,
    'an access key id': `AKIA${'IOSFODNN7EXAMPLE'}`,
    'a secret access key': random,
    'a web token': `eyJ${random.slice(0, 12)}.eyJ${random.slice(12, 24)}.${random.slice(24, 30)}`,
    'a flow URL': FLOW_URL,
    'a signature': `sig=${random}`,
    'a key in hexadecimal': '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b',
  };
  const entry = { name: 'crm', trigger: 'full-refresh-completed', flowUrl: FLOW_URL };
  const places: Record<string, (text: string) => unknown> = {
    name: (name) => ({ ...entry, name: `${name}~` }),
    trigger: (trigger) => ({ ...entry, trigger }),
    'instance id': (text) => ({ ...entry, instanceId: [text] }),
    owner: (owners) => ({ ...entry, owners }),
    link: (link) => ({ ...entry, link: `x${link}` }),
    status: (status) => ({ ...entry, status }),
    kind: (kind) => ({ ...entry, kind }),
    format: (format) => ({ ...entry, format }),
    key: (key) => ({ ...entry, [key]: 1 }),
    'misspelled level': (threshold) => ({
      name: 'crm',
      trigger: 'segment-threshold-crossed',
      segment: 'VIP',
      threshold,
    }),
    'the whole entry': (text) => text,
  };
  const cases = Object.entries(places).flatMap(([place, put]) =>
    Object.entries(credentials).map(([kind, text]) => [place, kind, put(text), text] as const),
  );

  it.each(cases)('%s: %s', (_, __, value, text) => {
    const checked = checkEntry(value);
    expect(checked).toHaveProperty('mistakes');
    const messages = 'mistakes' in checked ? checked.mistakes.map(({ message }) => message).join('; ') : '';
    for (const piece of text.match(/[^:/?&=~.+-]{6,}/g) ?? []) {
      if (!/^(https|powerplatform|workflows|triggers|manual|invoke)$/.test(piece))
        expect(messages).not.toContain(piece);
    }
  });

  it('but a misspelled name is', () => {
    const checked = checkEntry({ ...entry, name: 'VIP customers over 10000, Region EMEA 2024Q3' });
    expect(checked).toMatchObject({ mistakes: [{ message: expect.stringContaining('VIP customers over 10000') }] });
  });
});

describe('accounts and Regions', () => {
  test.each([
    [{ awsAccount: '111122223333' }, { awsAccount: ['111122223333'] }],
    [
      { awsAccount: ['111122223333', '012345678901', '111122223333'] },
      { awsAccount: ['111122223333', '012345678901'] },
    ],
    [{ awsRegion: 'eu-central-1' }, { awsRegion: ['eu-central-1'] }],
    [{ awsRegion: ['us-gov-west-1', 'eu-west-3'] }, { awsRegion: ['us-gov-west-1', 'eu-west-3'] }],
  ])('%j', (given, filter) => {
    for (const entry of [failed, full]) expect(definitionOf({ ...entry, ...given }).filter).toEqual(filter);
  });

  test.each([
    [
      { awsAccount: 111122223333 },
      '"awsAccount" is 111122223333 without quotes, which is not a string; write "111122223333" in quotes',
    ],
    [{ awsAccount: '1111' }, '"awsAccount" is "1111"; write the 12 digits of an AWS account ID, in quotes'],
    [
      { awsAccount: ['111122223333', 'x'] },
      '"awsAccount.1" is "x"; write the 12 digits of an AWS account ID, in quotes',
    ],
    [{ awsAccount: [] }, '"awsAccount" is an empty list; remove it to receive the events of all'],
    [{ awsRegion: 'Frankfurt' }, '"awsRegion" is "Frankfurt"; write the code of an AWS Region, such as eu-central-1'],
    [{ account: '111122223333' }, '"account" is not known; write awsAccount'],
    [{ region: 'eu-west-1' }, '"region" is not known; write awsRegion'],
  ])('%j is a mistake', (given, message) => {
    expect(mistakesOf({ ...failed, ...given })).toEqual([message]);
  });

  test('belong to no threshold: a metric is one series of the values of all accounts', () => {
    expect(mistakesOf({ ...measure, awsAccount: '111122223333' })).toEqual([
      '"awsAccount" does not belong to the trigger measure-threshold-crossed; remove it',
    ]);
  });
});
