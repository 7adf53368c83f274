import { describe, expect, it } from 'vitest';
import type { Outcome } from '../../../lambda/delivery/core/outcomes/outcome';
import type { DesignerForm } from '../../../local/page/designer/forms/forms';
import { pageDocument } from '../../../local/page/document';
import { time } from '../../../local/page/parts';
import { ruleName } from '../../../local/page/sections';
import type { Snapshot } from '../../../local/page/snapshot';
import type { Flow } from '../../../local/power-automate/flow';
import type { Action, Field, OutputField, Trigger } from '../../../local/power-automate/model';
import { busEvent, crossing, delivery, NOW, segment, snapshot, subscription, watching } from './examples';

const HOSTILE = `"'><img src=x onerror=alert(1)><script>alert(2)</script>&lt;b&gt;`;
const paused = subscription(
  'off',
  {},
  {
    health: {
      ...{ version: 1, state: 'paused', reason: 'the flow refused 3 deliveries', announcements: [] },
      ...{ since: NOW - 5000, nextProbe: NOW + 900_000 },
    },
  },
);
const EVENT_ID = '5e'.repeat(16);
const full: Snapshot = snapshot([segment('A', 5, 20), segment('A', 20, 10), crossing('A', EVENT_ID)], {
  subscriptions: [watching('vip', 'A', 10, 8), paused],
  deliveries: [
    delivery(),
    delivery({
      status: 'pending',
      eventId: '1'.repeat(32),
      attempts: [
        { at: NOW - 2000, durationMs: 15_000 },
        { at: NOW - 1000, durationMs: 7, status: 400, error: 'TriggerInputSchemaMismatch' },
      ],
    }),
  ],
  deliveryCounts: { delivered: 1, pending: 1 },
  rejected: [{ at: NOW, reason: '"value" is "NaN": write a number or a decimal string', body: '{"value":"NaN"}' }],
});

/** The visible text of markup. */
const textOf = (markup: string) => markup.replaceAll(/<[^>]*>/g, ' ').replaceAll(/\s+/g, ' ');
const section = (page: string, id: string) => new RegExp(`<section id="${id}".*?</section>`, 's').exec(page)?.[0] ?? '';

describe('the page', () => {
  const page = pageDocument(full);

  it('shows events with the rules that they matched', () => {
    const events = textOf(section(page, 'events'));
    expect(events).toMatch(/SegmentThresholdCrossed A: 20 matched by SegmentRefreshed .* SegmentRefreshed A: 5/);
    expect(textOf(section(page, 'rules'))).toMatch(
      /SegmentRefreshed matched 3, last at 12:00:00 .* Misfits matched none/,
    );
  });

  it('shows metrics with their crossings', () => {
    const metrics = section(page, 'metrics');
    expect(metrics).toContain(
      'aria-label="Segment A: 2 values, now 20; thresholds: above 10, recovers at 8; crossed once"',
    );
    expect(textOf(metrics)).toContain('11:50:00 ↑ 10: 5 → 20, for vip');
  });

  it('shows the numbers of events and crossings', () => {
    const overview = textOf(pageDocument(full)).split('Put an event')[0];
    expect(overview).toContain('2 events put 1 crossing published');
  });

  it('shows the sentences, flow and response of a delivery, and its ids, attempts and body on demand', () => {
    const row = delivery({ eventId: EVENT_ID });
    const item = section(pageDocument({ ...full, deliveries: [row] }), 'deliveries');
    const [shown = '', hidden = ''] = item.split('<details');
    expect(textOf(shown)).toMatch(
      /delivered Segment A rose above 10 12:00:00 A has 20 members; it had 5 before\. Threshold: above 10\. Flow vip Response 202, run 08585CU12/,
    );
    expect(shown).not.toContain(EVENT_ID);
    expect(hidden).toContain('<summary>Ids, attempts and body</summary>');
    expect(textOf(hidden)).toMatch(
      new RegExp(`Delivery vip_${EVENT_ID} Event ${EVENT_ID} .* &quot;segment&quot;: &quot;A&quot;`),
    );
  });

  it.each<[string, Outcome, string]>([
    ['awaits a report', { state: 'awaited', by: NOW + 60_000 }, 'report awaited .* Report due 12:01:00'],
    ['is unconfirmed', { state: 'unconfirmed', by: NOW - 60_000, at: NOW }, 'unconfirmed .* Report none by 11:59:00'],
    [
      'failed in its flow',
      { state: 'failed', at: NOW - 1000, message: 'The mailbox is <full>' },
      'failed .* Report 11:59:59 : The mailbox is &lt;full&gt;',
    ],
    ['succeeded', { state: 'succeeded', at: NOW }, 'succeeded .* Report 12:00:00 Ids'],
  ])('shows the report of a delivery that %s', (_, outcome, shown) => {
    const text = textOf(section(pageDocument({ ...full, deliveries: [delivery({ outcome })] }), 'deliveries'));
    expect(text).toMatch(new RegExp(`delivered ${shown}`));
  });

  it('shows the numbers of unconfirmed and failed runs only if flows report', () => {
    const figures = (outcomeCounts: Snapshot['outcomeCounts']) =>
      textOf(pageDocument({ ...full, outcomeCounts })).split('Put an event')[0];
    expect(figures({ unconfirmed: 2, failed: 1 })).toContain('0 dead 2 unconfirmed 1 failed in the flow');
    expect(figures({ succeeded: 5 })).toContain('0 unconfirmed 0 failed in the flow');
    expect(figures({})).not.toContain('unconfirmed');
    expect(textOf(section(page, 'deliveries'))).not.toContain('Report');
  });

  it('shows only the trigger of a delivery without its event, or with a replaced subscription', () => {
    const unknown = [delivery(), delivery({ eventId: EVENT_ID, uid: 'another' })];
    for (const one of unknown) {
      const text = textOf(section(pageDocument({ ...full, deliveries: [one] }), 'deliveries'));
      expect(text).toMatch(/delivered segment-threshold-crossed .* The body is no longer available\./);
    }
  });

  it('shows the sentences of a test, whose event is not on the bus', () => {
    const test = delivery({ isTest: true });
    const text = textOf(section(pageDocument({ ...full, deliveries: [test] }), 'deliveries'));
    expect(text).toContain('Test: Segment A rose above 10');
  });

  it('shows every attempt of a delivery with its response', () => {
    const deliveries = textOf(section(page, 'deliveries'));
    expect(deliveries).toContain('202, run 08585CU12 after 12 ms');
    expect(deliveries).toContain('no response after 15,000 ms');
    expect(deliveries).toContain('400 TriggerInputSchemaMismatch after 7 ms');
  });

  it('shows paused subscriptions first, with the reason', () => {
    const text = textOf(section(page, 'subscriptions'));
    expect(text).toMatch(
      /paused off .*Paused since 11:59:55 : the flow refused 3 deliveries\. Next attempt at 12:15:00 \. .*active vip/,
    );
  });

  it('shows when a refresh is expected, and since when it is overdue', () => {
    const HOUR = 3_600_000;
    const expectation = { rhythm: { every: 24 * HOUR }, grace: 0 };
    const late = (name: string) =>
      subscription(name, { trigger: 'refresh-overdue', filter: { dataSource: 'Orders' }, expectation });
    const entry = (name: string) => ({ subscription: name, uid: 'u', startsFlow: true, since: 0, expectation });
    const success = { id: '1', endedAt: NOW - HOUR, status: 'Successful' } as const;
    const missed = { since: NOW - 2 * HOUR, time: NOW - 2 * HOUR, repeats: 0 };
    const expectations = new Map([
      ['late-a', { success, expecting: { ...entry('late-a'), next: NOW + HOUR }, isUnsent: false }],
      ['late-b', { expecting: { ...entry('late-b'), missed }, isUnsent: false }],
    ]);
    const text = textOf(
      section(
        pageDocument({ ...full, subscriptions: [late('late-a'), late('late-b')], expectations }),
        'subscriptions',
      ),
    );
    expect(text).toContain('Expected by 13:00:00 . Last refreshed 11:00:00 .');
    expect(text).toContain('Overdue since 10:00:00 . No refresh is known.');
  });

  it('shows who registered a flow, and what its subscription waits for', () => {
    const registration = { idHash: 'ab'.repeat(32), by: 'key:marketing', at: NOW - 60_000 };
    const health = { version: 1, state: 'paused', reason: 'x', since: NOW, announcements: [] } as const;
    const registered = (name: string, more: object) =>
      subscription(name, {}, { managedBy: 'connector', registration, ...more });
    const all = [
      registered('flow-a', {}),
      registered('flow-b', { health: { ...health, state: 'active', endsAt: NOW + 600_000 } }),
      registered('flow-c', { health: { ...health, retireAt: NOW + 1_200_000 } }),
    ];
    const shown = pageDocument({ ...full, subscriptions: all, heldCounts: { 'flow-b': 2, 'flow-c': 1 } });
    const text = textOf(section(shown, 'subscriptions'));
    const by = 'Registered by key:marketing at 11:59:00 .';
    expect(text).toContain(`active flow-a`);
    expect(text.split(by)).toHaveLength(4);
    expect(text).toContain(
      `${by} 2 deliveries are held. The flow unregistered: removed at 12:10:00 unless it registers again.`,
    );
    expect(text).toContain('unregistered flow-b');
    expect(text).toContain(`${by} 1 delivery is held. The flow refuses all deliveries: removed at 12:20:00 .`);
    expect(shown).not.toContain('abababababab');
  });

  it('shows rejected events with the reason', () => {
    expect(textOf(section(page, 'rejected'))).toContain(
      '&quot;value&quot; is &quot;NaN&quot;: write a number or a decimal string',
    );
  });

  it('shows only the host of a flow URL and the start of its fingerprint', () => {
    expect(textOf(page)).toContain('flow default0.api.powerplatform.com #abababab');
    expect(page).not.toMatch(/\bsig\b|c2VhbGVk|abababababab|triggers\/manual/);
  });

  it('has a labelled form, which keeps a rejected input', () => {
    const input = { detailType: HOSTILE, detail: `\n{${HOSTILE}`, problem: 'Not put: the detail is not JSON' };
    const form = section(pageDocument(full, { rejected: input }), 'put');
    expect(form).toContain('<form method="post" action="/page/events">');
    expect(form).toMatch(/<input id="detail-type" name="detailType"[^>]* value="&quot;&#39;&gt;&lt;img/);
    // The first line break after the tag is not part of the text.
    expect(form).toContain('spellcheck="false">\n\n{&quot;&#39;&gt;&lt;img');
    expect(textOf(form)).toContain('Not put: the detail is not JSON');
    for (const [, id] of form.matchAll(/<label for="([^"]+)"/g)) expect(form).toContain(` id="${id}"`);
  });

  it('has a heading for each section, and no content of other sites', () => {
    for (const [, id] of page.matchAll(/<section id="([^"]+)"/g)) {
      expect(page).toContain(`<section id="${id}" aria-labelledby="${id}-title">`);
      expect(page).toContain(`<h2 id="${id}-title">`);
    }
    expect(page.match(/<h1>/g)).toHaveLength(1);
    const addresses = [...page.matchAll(/ (?:src|href|action)="([^"]*)"/g)].map(([, address]) => address);
    expect(addresses).toEqual(['data:,', '/page/style.css', '/page/script.js', '/page/events']);
    // The content security policy forbids them.
    expect(page).not.toMatch(/<style|<script>| style="| on\w+="/);
  });

  it('escapes all texts of events, flows, subscriptions and the template', () => {
    const pageWith = (text: string): string => {
      const observed = { observedAt: new Date(NOW).toISOString(), dimensions: { [text]: text } };
      const seen = [
        segment(text, 5, 20),
        crossing(text, text, { subscription: text }),
        busEvent(text, { dataSource: text, status: text, [text]: text }),
        busEvent('MeasureRefreshed', { measure: text, value: 1, unit: text, instanceId: text, ...observed }),
      ];
      const from = { secret: text, field: text };
      const choice = { value: text, title: text };
      const field = {
        ...{ name: text, title: text, description: text, isList: false, required: true },
        ...({ in: 'body', type: 'string' } as const),
      };
      const dropdown = { itemsPath: '', valuePath: text, titlePath: text, arguments: {} };
      const operation = { operationId: text, method: text, path: text, fields: [], responses: new Map() };
      const fields: Field[] = [
        { ...field, visibility: 'normal', isCallback: false, dropdown: { ...dropdown, operation } },
        { ...field, visibility: 'normal', isCallback: false, choices: [choice] },
        { ...field, visibility: 'advanced', isCallback: false, isList: true, choices: [choice] },
      ];
      const output: OutputField = { path: [text], title: text, visibility: 'normal' };
      const outputs: OutputField[] = [output, { ...output, path: ['list'], items: [output] }];
      const body = { [text]: text, list: [{ [text]: text }] };
      const trigger: Trigger = { ...operation, summary: text, description: text, hint: text, fields, outputs };
      const action: Action = { ...operation, summary: text, description: text, fields, outputs };
      const step = { action, values: { [text]: text }, problems: [text], faults: [text] };
      const flow: Flow = {
        ...{ id: text, name: text, trigger, version: text, state: 'on', problem: text, registration: 'unconfirmed' },
        content: { values: { [text]: text }, steps: [{ action, inputs: {}, runAfter: 'failed' }], work: 'reliable' },
        runs: [{ id: text, version: text, at: NOW, body, state: 'failed', steps: [step] }],
      };
      const typed = { texts: { [text]: [text] }, problems: [text] };
      const reporting = { action, chosen: 'always' } as const;
      const result = { status: 200, body, problems: [], faults: [text] };
      const forms: DesignerForm[] = [
        { ...typed, trigger, flow, name: text, reporting },
        { ...typed, action, result: { ...result, documents: new Map() } },
        { ...typed, action, result: { ...result, documents: new Map([[text, text]]) } },
        { ...typed, action, result: { ...result, problems: [text], documents: new Map() } },
      ];
      const page: Snapshot = {
        ...snapshot(seen, { flows: [flow] }),
        ...{ stackName: text, busName: text },
        rules: [{ logicalId: text, pattern: { [text]: [text] } }],
        subscriptions: [
          watching(text, text, 10),
          { ...paused, health: { ...paused.health, reason: text }, flow: { from } },
          { ...paused, registration: { idHash: text, by: text, at: NOW } },
        ] as Snapshot['subscriptions'],
        deliveries: [
          delivery({
            ...{ subscription: text, eventId: text, uid: 'u' },
            attempts: [{ at: NOW, durationMs: 1, status: 500, error: text, runId: text }],
          }),
        ],
        rejected: [{ at: NOW, reason: text, body: text }],
      };
      const designer = { title: text, triggers: [trigger], actions: [action] };
      const views = [designer, ...forms.map((form) => ({ ...designer, form }))];
      return views.map((view) => pageDocument(page, { designer: view })).join('');
    };
    const hostile = pageWith(HOSTILE);
    expect(hostile.split('&lt;script&gt;alert(2)').length).toBeGreaterThan(20);
    // All tags and attribute names equal those of a harmless page, so every text is escaped.
    const tags = (page: string) =>
      [...page.matchAll(/<(\/?[!a-z][a-z0-9]*)((?:\s+[a-z-]+(?:="[^"]*")?)*)\s*\/?>/gi)].map(
        ([, name, attributes = '']) => [name, ...attributes.replaceAll(/"[^"]*"/g, '').split(/\s+/)].join(' '),
      );
    expect(tags(hostile)).toEqual(tags(pageWith('harmless')));
    expect(hostile.match(/</g)).toHaveLength(tags(hostile).length);
  });

  it('has placeholders before the first event', () => {
    const text = textOf(pageDocument(snapshot()));
    for (const placeholder of ['No events yet.', 'No deliveries yet.', 'No rejected events.']) {
      expect(text).toContain(placeholder);
    }
  });

  it('shows the total if it does not list all deliveries', () => {
    const deliveries = Array.from({ length: 60 }, () => delivery());
    const text = textOf(pageDocument(snapshot([], { deliveries, deliveryCounts: { delivered: 12_000 } })));
    expect(text).toContain('The newest 50 of 12,000 deliveries.');
  });
});

it('shortens rule names by their common prefix and hash', () => {
  const all = [
    'ConnectorEventsSegmentRefreshedFD4BE802',
    'ConnectorEventsMisfits76D94CBD',
    'ConnectorEventsSegmentLost00000000',
  ];
  expect(all.map((id) => ruleName(id, all))).toEqual(['SegmentRefreshed', 'Misfits', 'SegmentLost']);
  expect(ruleName('OnlyRule0123ABCD', ['OnlyRule0123ABCD'])).toBe('OnlyRule');
});

it('shows the date unless it is today', () => {
  expect(textOf(time(NOW, NOW).text).trim()).toBe('12:00:00');
  expect(textOf(time(NOW - 24 * 3600 * 1000, NOW).text).trim()).toBe('2026-11-22 12:00:00');
});
