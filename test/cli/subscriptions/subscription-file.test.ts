// biome-ignore-all lint/suspicious/noTemplateCurlyInString: subscription files write variables this way.
import { describe, expect, test } from 'vitest';
import {
  type ReadOptions,
  readSubscriptionFile,
  SubscriptionFileError,
} from '../../../cli/subscriptions/subscription-file';

const HOST = '00.environment.api.powerplatform.com';
const FLOW_URL = `https://${HOST}/workflows/0/triggers/manual/paths/invoke?api-version=1&sp=%2Fx&sv=1.0&sig=${'S'.repeat(43)}`;
const environment = { VIP_FLOW_URL: `${FLOW_URL}\n`, HOST: 'example.com', EMPTY: ' ', CUT: FLOW_URL.split('&')[0] };

const read = (text: string, options: Partial<ReadOptions> = {}) =>
  readSubscriptionFile(text, { file: 'subs.yaml', environment, ...options });
const mistakesOf = (text: string, options: Partial<ReadOptions> = {}): readonly string[] => {
  try {
    read(text, options);
    return [];
  } catch (error) {
    if (!(error instanceof SubscriptionFileError)) throw error;
    expect(error.message).toBe(error.mistakes.join('\n'));
    return error.mistakes;
  }
};
const entry = (flowUrl: string) => `subscriptions:
  - name: crm
    trigger: data-source-refresh-failed
    flowUrl: ${flowUrl}
`;

describe('a subscription file is read', () => {
  test('with its set, its entries, their lines and their flow URLs', () => {
    const text = `# My subscriptions
set: marketing
subscriptions:
  - name: vip
    trigger: segment-threshold-crossed
    segment: VIP customers
    above: 10000
    owners: [kim@example.com]
    link: https://\${HOST}/vip
    flowUrl: \${VIP_FLOW_URL}

  - { name: quiet, trigger: segment-threshold-crossed, segment: All, below: "5" }
  - name: kept
    trigger: segment-threshold-crossed
    segment: All
    below: 5
    flowUrlFrom: { secret: crm, field: url }
`;
    const common = { instanceId: 'default', format: 'flat', trigger: 'segment-threshold-crossed' };
    expect(read(text)).toStrictEqual({
      set: 'marketing',
      warnings: [],
      entries: [
        {
          definition: {
            ...common,
            name: 'vip',
            filter: { segment: 'VIP customers' },
            threshold: { operator: 'above', value: 10000 },
            owners: ['kim@example.com'],
            link: 'https://example.com/vip',
          },
          flowUrl: FLOW_URL,
          line: 4,
        },
        {
          definition: {
            ...common,
            name: 'quiet',
            filter: { segment: 'All' },
            threshold: { operator: 'below', value: 5 },
            owners: [],
          },
          line: 12,
        },
        {
          definition: {
            ...common,
            name: 'kept',
            filter: { segment: 'All' },
            threshold: { operator: 'below', value: 5 },
            owners: [],
          },
          flowUrlFrom: { secret: 'crm', field: 'url' },
          line: 13,
        },
      ],
    });
  });

  test('with anchors, merged keys, Windows line ends, a byte order mark, or as JSON', () => {
    const text = `subscriptions:
  - &first
    name: a
    trigger: full-refresh-completed
    owners: &team [kim@example.com]
    flowUrl: \${VIP_FLOW_URL}
  - <<: *first
    name: b
  - name: c
    trigger: full-refresh-completed
    owners: *team
    flowUrl: '\${VIP_FLOW_URL}'
`;
    const expected = read(text).entries.map(({ definition }) => definition.owners);
    expect(expected).toEqual([['kim@example.com'], ['kim@example.com'], ['kim@example.com']]);
    expect(read(`\ufeff${text.replaceAll('\n', '\r\n')}`)).toEqual(read(text));
    const json = { subscriptions: [{ name: 'a', trigger: 'full-refresh-completed', flowUrl: '${VIP_FLOW_URL}' }] };
    expect(read(JSON.stringify(json, undefined, 2)).entries).toMatchObject([{ flowUrl: FLOW_URL, line: 3 }]);
  });

  test('with an empty list', () => {
    expect(read('subscriptions: []')).toEqual({ set: 'default', entries: [], warnings: [] });
  });

  test('with an escaped dollar sign', () => {
    const text = `${entry('${VIP_FLOW_URL}')}    link: https://example.com/$\${HOST}\n`;
    expect(read(text).entries[0]?.definition.link).toBe('https://example.com/$%7BHOST%7D');
  });

  test('with flow URLs without a signature for Entra ID authentication', () => {
    const id = '11111111-2222-3333-4444-555555555555';
    const auth = `    auth: { type: entra, tenantId: ${id}, clientId: ${id} }\n`;
    expect(read(entry('${CUT}') + auth)).toMatchObject({
      entries: [{ flowUrl: environment.CUT, definition: { auth: { tenantId: id, cloud: 'public' } } }],
    });
    expect(mistakesOf(entry('${VIP_FLOW_URL}') + auth)).toEqual([
      expect.stringMatching(/^subs\.yaml:4: subscription "crm": "flowUrl" \(from .*\): The flow URL has a signature/),
    ]);
    expect(
      mistakesOf(`${entry('${CUT}')}    auth:\n      type: entra\n      tenantId: common\n      clientId: ${id}\n`),
    ).toEqual([
      expect.stringMatching(
        /^subs\.yaml:7: subscription "crm": "auth\.tenantId" is neither a GUID nor a domain; write/,
      ),
    ]);
  });

  test('with the mistakes that finishWithin is for a connector that accepts no reports', () => {
    expect(read(`${entry('${VIP_FLOW_URL}')}    finishWithin: 30m\n`).withoutReports).toMatchObject({
      count: 1,
      mistakes: [
        'subs.yaml:5: subscription "crm": "finishWithin" needs an API that accepts reports; remove it, or call addConnectorApi with ConnectorAction.REPORT_OUTCOMES in the CDK app and deploy it',
      ],
    });
    expect(read(entry('${VIP_FLOW_URL}')).withoutReports).toBeUndefined();
  });

  test('with loopback flow URLs in the local run', () => {
    const local = 'http://localhost:8080/flows/crm?sig=local';
    expect(read(entry(local), { loopback: true })).toMatchObject({ entries: [{ flowUrl: local }], warnings: [] });
    expect(mistakesOf(entry(local))[0]).toContain('localhost is the local machine');
  });

  test('with warnings for a flow URL in plain text and for one that no longer responds', () => {
    const old = FLOW_URL.replace(HOST, 'prod-01.westeurope.logic.azure.com');
    expect(read(entry(`"${FLOW_URL}"`)).warnings).toEqual([
      'subs.yaml:4: the file contains a flow URL in plain text, and everyone who can read the file can start the flow; ' +
        'write ${NAME} instead and set the environment variable NAME',
    ]);
    expect(read(entry('${OLD}'), { environment: { OLD: old } }).warnings).toEqual([
      expect.stringMatching(
        /^subs\.yaml:4: subscription "crm": "flowUrl" \(from \$\{OLD\}\): Power Automate flows stopped/,
      ),
    ]);
  });

  test('with 10,000 subscriptions', () => {
    const one = (at: number) =>
      `  - name: s${at}\n    trigger: segment-threshold-crossed\n    segment: S\n    above: 1\n    flowUrl: \${VIP_FLOW_URL}\n`;
    const text = `subscriptions:\n${Array.from({ length: 10_000 }, (_, at) => one(at)).join('')}`;
    expect(read(text).entries).toHaveLength(10_000);
  }, 60_000);
});

describe('a mistake is reported with its line', () => {
  test.each<[string, string, string[]]>([
    [
      'an empty file',
      '# nothing\n',
      ['subs.yaml:1: the file is empty; write "subscriptions:" and below it a list of subscriptions'],
    ],
    [
      'a list',
      '- name: a\n',
      ['subs.yaml:1: the file is a list; write "subscriptions:" on a line of its own and the list below it'],
    ],
    [
      'a text',
      'hello\n',
      ['subs.yaml:1: the file is a text; write "subscriptions:" on a line of its own and the list below it'],
    ],
    [
      'no subscriptions',
      'set: a\n',
      ['subs.yaml:1: "subscriptions" is missing; write "subscriptions:" and below it a list of subscriptions'],
    ],
    [
      'an empty list',
      'set: a\nsubscriptions:\n',
      ['subs.yaml:2: "subscriptions" is empty; write a list below it, or [] for none'],
    ],
    [
      'no dashes',
      'subscriptions:\n  name: a\n',
      ['subs.yaml:1: "subscriptions" is a map of keys; write a list, with - before the first key of each subscription'],
    ],
    [
      'an unknown key',
      'subscription:\n  - name: a\n',
      ['subs.yaml:1: "subscription" is unknown at the top level of the file; write subscriptions'],
    ],
    [
      'a set with a space',
      'set: my set\nsubscriptions: []\n',
      ['subs.yaml:1: "set" is "my set"; write a name of 1 to 32 letters, digits and -'],
    ],
    ['a tab', 'subscriptions:\n\t- name: a\n', ['subs.yaml:2: the line is indented with a tab; use spaces']],
    [
      'a colon in a value',
      `${entry('${VIP_FLOW_URL}')}    dataSource: CRM: EU\n`,
      [
        'subs.yaml:5: the value contains a colon and a space; put the value in quotes. Write a flow URL on one line, in quotes',
      ],
    ],
    [
      'an @',
      'subscriptions:\n  - name: @a\n',
      ['subs.yaml:2: a value starts with a character that needs quotes (such as @, ` or %); put the value in quotes'],
    ],
    [
      'an open quote',
      'subscriptions:\n  - name: "a\n',
      ['subs.yaml:3: a quotation mark, bracket, comma or colon is missing here or above; add it'],
    ],
    [
      'an alias without an anchor',
      'subscriptions:\n  - name: *a\n',
      [
        'subs.yaml:2: a value starts with *, which YAML reads as an alias, but no anchor (&) of this name precedes it; put the value in quotes, or define the anchor',
      ],
    ],
    [
      'two documents',
      'subscriptions: []\n---\nsubscriptions: []\n',
      ['subs.yaml:2: a second document starts here (---); keep one document per file'],
    ],
    [
      'a duplicate key',
      `${entry('${VIP_FLOW_URL}')}    name: b\n    datasource: x\n`,
      [
        'subs.yaml:5: "name" is duplicated; keep one',
        'subs.yaml:6: subscription "b": "datasource" is not known; write dataSource',
      ],
    ],
    [
      'a variable that is not set',
      entry('${NOT_THERE}'),
      [
        'subs.yaml:4: subscription "crm": "flowUrl" uses the environment variable NOT_THERE, which is not set; set NOT_THERE and try again',
      ],
    ],
    [
      'a variable that is empty',
      entry('${EMPTY}'),
      [
        'subs.yaml:4: subscription "crm": "flowUrl" uses the environment variable EMPTY, which is empty; set EMPTY and try again',
      ],
    ],
    [
      'a variable without braces',
      entry('$VIP_FLOW_URL'),
      ['subs.yaml:4: subscription "crm": "flowUrl" uses another syntax for a variable; write ${VIP_FLOW_URL}'],
    ],
    [
      'a variable in another syntax',
      entry("'{{ env.VIP_FLOW_URL }}'"),
      ['subs.yaml:4: subscription "crm": "flowUrl" uses another syntax for a variable; write ${VIP_FLOW_URL}'],
    ],
    [
      'a variable with a default',
      entry('${VIP_FLOW_URL:-x}'),
      [
        'subs.yaml:4: subscription "crm": "flowUrl" has an invalid name in ${…}; write ${NAME} with letters, digits and _ only',
      ],
    ],
    [
      'a variable that is not closed',
      entry('"${VIP_FLOW_URL"'),
      ['subs.yaml:4: subscription "crm": "flowUrl" has a ${ without a }; write ${NAME}, or $${ for a literal ${'],
    ],
    [
      'a truncated value of a variable',
      entry('${CUT}'),
      [
        'subs.yaml:4: subscription "crm": "flowUrl" (from ${CUT}): No signature. Either the flow allows only your tenant (set *Who can trigger the flow* to *Anyone*, or use `auth: entra`), or the URL was cut at `&` (quote it).',
      ],
    ],
    [
      'a flow URL on two lines',
      entry(FLOW_URL.replace('&sp', '\n      &sp')),
      ['subs.yaml:4: subscription "crm": "flowUrl": The flow URL contains a space; remove it.'],
    ],
    [
      'no flow URL',
      'subscriptions:\n  - trigger: full-refresh-completed\n    name: a\n',
      [
        'subs.yaml:2: subscription "a": "flowUrl" is missing; write the HTTP URL of the flow in quotes, or ${NAME} to take it from a variable, or flowUrlFrom',
      ],
    ],
    [
      'a text instead of an entry',
      'subscriptions:\n  - vip\n',
      ['subs.yaml:2: subscription number 1: is "vip"; write keys and values, such as name: vip-customers'],
    ],
  ])('%s', (_name, text, mistakes) => {
    expect(mistakesOf(text)).toEqual(mistakes);
  });

  test.each(['  - <<: text\n    name: a\n', '  - &a\n    name: x\n    dimensions: *a\n'])(
    'an invalid anchor: %j',
    (list) => {
      expect(mistakesOf(`subscriptions:\n${list}`).join()).toMatch(/^subs\.yaml:\d: /);
    },
  );

  test('a duplicate name, with both lines', () => {
    const second = entry('${VIP_FLOW_URL}').split('\n').slice(1).join('\n');
    expect(mistakesOf(entry('${VIP_FLOW_URL}') + second)).toEqual([
      'subs.yaml:5: subscription "crm": line 2 already uses this name; use unique names',
    ]);
  });

  test('together with all others, in the order of the lines', () => {
    const text = `subscriptions:
  - name: a b
    trigger: segment-threshold-crossed
    segment: 7
    above: 10,000
    link: \${NOT_THERE}
  - name: full
    trigger: full-refresh
    flowUrl: https://example.com/?sig=SECRET
  - name: rev
    trigger: measure-threshold-crossed
    measure: Revenue
    dimensions:
      Region: EMEA
      Year: 2024
    threshold: 5
set: no_set
`;
    expect(mistakesOf(text).map((mistake) => mistake.split(';')[0])).toEqual([
      'subs.yaml:2: subscription "a b": "name" is "a b"',
      'subs.yaml:4: subscription "a b": "segment" is 7 without quotes, which is not a string',
      'subs.yaml:5: subscription "a b": "above" is "10,000"',
      'subs.yaml:6: subscription "a b": "link" uses the environment variable NOT_THERE, which is not set',
      'subs.yaml:8: subscription "full": "trigger" is "full-refresh"',
      'subs.yaml:9: subscription "full": "flowUrl": example.com is not a host of Power Automate or Logic Apps (such as *.api.powerplatform.com)',
      'subs.yaml:15: subscription "rev": "dimensions.Year" is 2024 without quotes, which is not a string',
      'subs.yaml:16: subscription "rev": "threshold" is not known',
      'subs.yaml:17: "set" is "no_set"',
    ]);
  });

  test('without a flow URL, in any invalid file', () => {
    const good = `${entry(`"${FLOW_URL}"`)}    owners: [kim@example.com]\n`;
    const broken = ['"', "'", ': ', ' #', '\n', '\t', '{', ']', '- ', '&', '*', '!', '@', '|', '${', '%', '\\'];
    for (const sign of broken) {
      for (let at = 0; at < good.length; at += 3) {
        const text = `${good.slice(0, at)}${sign}${good.slice(at)}`;
        expect(mistakesOf(text).join('\n'), text).not.toMatch(/SSS|workflows|sv=1|%2Fx/);
      }
    }
  });
});
