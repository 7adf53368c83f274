import { describe, expect, test } from 'vitest';
import { type BodyInput, renderBody } from '../../../../../lambda/delivery/core/bodies/body';
import type { TeamsMessage } from '../../../../../lambda/delivery/core/bodies/teams-card';
import type { TriggerEvent } from '../../../../../lambda/events/core/trigger-event';
import { markdown } from '../../../../../lambda/shared/core/text';
import { EXAMPLES, exampleInput } from './examples';

const messageOf = (event: TriggerEvent, more: Partial<BodyInput> = {}): TeamsMessage =>
  JSON.parse(renderBody(exampleInput(event, 'teams-card', more)));

/** The visible text of the card. */
function read(event: TriggerEvent, more: Partial<BodyInput> = {}) {
  const content = messageOf(event, more).attachments[0]?.content;
  const [header, summary, facts, error] = content?.body ?? [];
  if (header?.type !== 'Container' || summary?.type !== 'RichTextBlock' || facts?.type !== 'FactSet') throw new Error();
  const textOf = ({ inlines }: { inlines: { text: string }[] }) => inlines.map(({ text }) => text).join('');
  return {
    style: header.style,
    header: header.items.map(textOf),
    summary: textOf(summary),
    facts: Object.fromEntries(facts.facts.map(({ title, value }) => [title, value])),
    error: error?.type === 'Container' ? error.items.map(textOf).join('\n') : undefined,
    buttons: content?.actions?.map(({ title, url }) => `${title} ${url}`) ?? [],
    fallback: content?.fallbackText,
  };
}
const lastFacts = {
  Instance: 'default',
  Subscription: 'vip-over-10k',
  Owners: 'data-owners@example.com, marketing@example.com',
};
const runFacts = {
  Started: '2026-11-05 at 09:40 UTC',
  Ended: '2026-11-05 at 09:45 UTC',
  Duration: '4 min 10 s',
  Run: 'nightly-5',
  ...lastFacts,
};
/** A card without an error, with the title in its header and fallback. */
const card = (title: string, more: Partial<ReturnType<typeof read>>) => ({
  ...{ header: [title], fallback: title, error: undefined },
  buttons: ['Open run https://example.com/runs/nightly-5'],
  ...more,
});

test('the message matches the webhook of Teams Workflows', () => {
  const run = (text: string, style: object = {}) => ({
    type: 'RichTextBlock',
    inlines: [{ type: 'TextRun', text, ...style }],
  });
  const facts = { 'Data source': 'Orders', Status: 'Failed', 'Will be retried': 'No', Attempt: '3', ...runFacts };
  expect(messageOf(EXAMPLES['data-source-refresh-failed'])).toStrictEqual({
    type: 'message',
    attachments: [
      {
        contentType: 'application/vnd.microsoft.card.adaptive',
        content: {
          $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
          type: 'AdaptiveCard',
          version: '1.4',
          fallbackText: 'Refresh of data source Orders failed',
          msteams: { width: 'Full' },
          body: [
            {
              type: 'Container',
              style: 'attention',
              bleed: true,
              items: [run('Refresh of data source Orders failed', { size: 'large', weight: 'bolder' })],
            },
            run('The refresh of data source Orders failed at attempt 3 after 4 min 10 s.'),
            { type: 'FactSet', facts: Object.entries(facts).map(([title, value]) => ({ title, value })) },
            {
              type: 'Container',
              style: 'emphasis',
              items: [run('The credentials expired.\nSign in again.', { size: 'small', fontType: 'monospace' })],
            },
          ],
          actions: [{ type: 'Action.OpenUrl', title: 'Open run', url: 'https://example.com/runs/nightly-5' }],
        },
      },
    ],
  });
});

describe('the card of', () => {
  test('a succeeded data source refresh', () => {
    expect(read(EXAMPLES['data-source-refresh-succeeded'])).toStrictEqual(
      card('Data source Orders was refreshed', {
        style: 'good',
        summary: 'The refresh of data source Orders succeeded after 4 min 10 s and read 120,500 records.',
        facts: { 'Data source': 'Orders', Status: 'Successful', Records: '120,500', ...runFacts },
      }),
    );
  });

  test('a segment crossing', () => {
    expect(read(EXAMPLES['segment-threshold-crossed'])).toStrictEqual(
      card('Segment VIP customers rose above 10,000', {
        style: 'accent',
        summary: 'VIP customers has 10,120 members; it had 10,000 before. Threshold: above 10,000.',
        facts: {
          Segment: 'VIP customers',
          Value: '10,120 members',
          Before: '10,000',
          Change: '+120',
          Threshold: 'above 10,000',
          Measured: '2026-11-05 at 09:45 UTC',
          Run: 'manual-2026-11-05',
          ...lastFacts,
        },
        buttons: ['Open segment https://example.com/segments/vip-customers'],
      }),
    );
  });

  test('a segment that was already beyond', () => {
    const event = { ...EXAMPLES['segment-threshold-crossed'], previousValue: undefined, alreadyBeyond: true };
    const { header, facts } = read(event);
    expect(header).toEqual(['Segment VIP customers is above 10,000']);
    expect(facts).not.toHaveProperty('Before');
    expect(facts).not.toHaveProperty('Change');
  });

  test('a measure crossing', () => {
    expect(read(EXAMPLES['measure-threshold-crossed'])).toStrictEqual(
      card('Measure Revenue (Region: EMEA; Channel: Web) fell below 9,000 EUR', {
        style: 'accent',
        summary:
          'Revenue (Region: EMEA; Channel: Web) is 8,000.25 EUR; it was 9,500.5 EUR before. Threshold: below 9,000 EUR.',
        facts: {
          Measure: 'Revenue',
          Dimensions: 'Region: EMEA; Channel: Web',
          Value: '8,000.25 EUR',
          Before: '9,500.5 EUR',
          Change: '-1,500.25 EUR',
          Threshold: 'below 9,000 EUR',
          'Fires again after': '10,000 EUR',
          Measured: '2026-11-05 at 09:45 UTC',
          ...lastFacts,
        },
        buttons: [],
      }),
    );
  });

  test('a full refresh, failures first', () => {
    expect(read(EXAMPLES['full-refresh-completed'])).toStrictEqual(
      card('Full refresh failed', {
        style: 'attention',
        summary: 'The scheduled full refresh failed after 4 min 10 s. Not successful: Measures (Failed).',
        facts: {
          Status: 'Failed',
          Kind: 'Scheduled',
          Processes: 'Measures: Failed; Segments: Successful',
          ...runFacts,
        },
        error: 'Measures failed.',
      }),
    );
  });

  test('unification', () => {
    expect(read(EXAMPLES['unification-refresh-completed'])).toStrictEqual(
      card('Unification succeeded', {
        style: 'good',
        summary: 'Unification succeeded after 4 min 10 s. All 3 stages were successful.',
        facts: { Status: 'Successful', Stages: 'map: Successful; match: Successful; merge: Successful', ...runFacts },
      }),
    );
  });
});

test.each([
  [{ status: 'TimedOut', willRetry: false }, 'attention'],
  [{ status: 'Failed', willRetry: true }, 'warning'],
  [{ status: 'Skipped', willRetry: false }, 'warning'],
  [{ status: 'Canceled', willRetry: false }, 'warning'],
  [{ status: 'Successful', willRetry: false }, 'good'],
] as const)('%j is shown in %s', (more, style) => {
  expect(read({ ...EXAMPLES['data-source-refresh-failed'], ...more }).style).toBe(style);
});

test('a test and a delay are shown once, above the title', () => {
  const { header, summary, fallback } = read(EXAMPLES['segment-threshold-crossed'], {
    isTest: true,
    delayedMinutes: 125,
  });
  expect(header).toEqual([
    'Test: nothing happened · Delivered 2 h 5 min late',
    'Segment VIP customers rose above 10,000',
  ]);
  expect(summary).not.toMatch(/test|late/);
  expect(fallback).toMatch(/^Test: /);
  expect(read(EXAMPLES['segment-threshold-crossed'], { delayedMinutes: 59 }).header).toHaveLength(1);
});

describe('external texts', () => {
  test('are shown unchanged', () => {
    const evil = '**bold** [x](http://evil)\n# _it_ <at>all</at>\u0000\u001b[31m';
    const clean = '**bold** [x](http://evil) # _it_ <at>all</at> [31m';
    const { header, facts, error, fallback } = read({
      ...EXAMPLES['data-source-refresh-failed'],
      dataSource: evil,
      error: evil,
    });
    // TextRuns do not render Markdown.
    expect(header).toEqual([`Refresh of data source ${clean} failed`]);
    expect(error).toBe('**bold** [x](http://evil)\n# _it_ <at>all</at>  [31m');
    // Facts render Markdown.
    const escaped = String.raw`\*\*bold\*\* \[x\](http://evil) # \_it\_ \<at>all\</at> \[31m`;
    expect(facts['Data source']).toBe(escaped);
    expect(fallback).toBe(`Refresh of data source ${escaped} failed`);
  });

  test.each([
    ['crm_orders', String.raw`crm\_orders`],
    ['C:\\data', String.raw`C:\\data`],
    ['# 1', String.raw`\# 1`],
    ['> x', String.raw`\> x`],
    ['- x', String.raw`\- x`],
    ['---', String.raw`\---`],
    ['+', String.raw`\+`],
    ['1. x', String.raw`1\. x`],
    ['12) x', String.raw`12\) x`],
    ['`x` ~~y~~', String.raw`\`x\` \~\~y\~\~`],
    ['a &lt; b &#42;', String.raw`a \&lt; b \&#42;`],
    // Text that cannot be Markdown has no visible backslash.
    ['R&D > 5 - 3 (x) 1.5', 'R&D > 5 - 3 (x) 1.5'],
    ['-1,500.25 EUR', '-1,500.25 EUR'],
    ['+120', '+120'],
    ['12.5 EUR', '12.5 EUR'],
  ])('%s is written as %s', (text, escaped) => {
    expect(markdown(text)).toBe(escaped);
  });

  test('can break inside words of more than 32 characters', () => {
    const { facts } = read({ ...EXAMPLES['full-refresh-completed'], runId: `${'r'.repeat(32)} ${'👩'.repeat(33)}` });
    const piece = '👩'.repeat(16);
    expect(facts.Run).toBe(`${'r'.repeat(32)} ${piece}\u200b${piece}\u200b👩`);
  });

  test('are cut to their limit', () => {
    const visible = (text = '') => text.replaceAll('\u200b', '');
    const { facts, error } = read({
      ...EXAMPLES['full-refresh-completed'],
      runId: 'r'.repeat(500),
      processes: Object.fromEntries(Array.from({ length: 50 }, (_, at) => [`process ${at}`, 'Successful' as const])),
      error: 'x'.repeat(5000),
    });
    expect(visible(facts.Run)).toBe(`${'r'.repeat(199)}…`);
    expect(facts.Processes).toMatch(/^process 0: Successful; .*…$/);
    expect(facts.Processes?.length).toBe(400);
    expect(visible(error)).toBe(`${'x'.repeat(999)}…`);
  });
});
