import { PassThrough, Writable } from 'node:stream';
import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';
import { askSubscription, readNumber, type SetupContext, summaryOf } from '../../../cli/flows/setup-prompts';
import { CanceledError, terminalPrompts } from '../../../cli/shell/prompts';
import type { Metric } from '../../../lambda/shared/core/metric';
import type { MetricState } from '../../../lambda/thresholds/core/metric-state';

const SIGNATURE = 'Zm9yLXRlc3RzLW9ubHktbm90LWEtc2VjcmV0LWF0LWFsbDE';
const FLOW_URL = `https://default0123.api.powerplatform.com/powerautomate/automations/direct/workflows/0/triggers/manual/paths/invoke?api-version=1&sig=${SIGNATURE}`;
const DOWN = '\x1b[B';
const ENTER = '\r';
const CTRL_C = '\x03';

const state = (metric: Partial<Metric>, value: number): MetricState => ({
  metric: { kind: 'segment', instanceId: 'default', name: 'VIP customers', ...metric },
  last: { value, observedAt: 0, sequence: 0 },
  version: 1,
  recent: [],
});
const CONTEXT: SetupContext = {
  dataSources: ['CRM', 'Orders'],
  metrics: [
    state({}, 12_000),
    state({ name: 'At risk' }, 10),
    state({ name: 'Of another', instanceId: 'test' }, 1),
    state({ kind: 'measure', name: 'Revenue', dimensions: { Region: 'EMEA' } }, 5),
    state({ kind: 'measure', name: 'Revenue', dimensions: { Region: 'APAC' } }, 7),
  ],
  names: new Set(['orders-failed']),
  flowUrl: {},
};

/** Answers the prompts: waits for each question and sends the keys. */
async function walk(script: readonly (readonly [question: string, keys: string])[], context = CONTEXT) {
  const input = new PassThrough();
  Object.assign(input, { isTTY: true, setRawMode: () => input });
  const rest = [...script];
  let shown = '';
  let unread = '';
  const output = new Writable({
    write(chunk, _, done) {
      const text = stripVTControlCharacters(String(chunk));
      shown += text;
      unread += text;
      const [next] = rest;
      if (next && unread.includes(next[0])) {
        rest.shift();
        unread = '';
        // The prompt must be listening before the keys arrive.
        setImmediate(() => input.write(next[1]));
      }
      done();
    },
  });
  Object.assign(output, { isTTY: true, columns: 200, rows: 50 });
  const result = await askSubscription(terminalPrompts({ input, output }), context).catch((error: unknown) => error);
  expect(shown).not.toContain(SIGNATURE);
  expect(rest).toEqual([]);
  return { result, shown };
}

const END = [
  ['Name of the subscription', ENTER],
  ['Owners:', ENTER],
  ['HTTP URL of the flow', FLOW_URL + ENTER],
] as const;

describe('setup', () => {
  it('prompts for a change, and what it is compared with', async () => {
    const { result } = await walk([
      ['What should start the flow?', DOWN + DOWN + ENTER],
      ['Which segment?', DOWN + ENTER],
      ['Start the flow when it', DOWN.repeat(5) + ENTER],
      ['By how much, or more?', `a lot${ENTER}`],
      ['Not a number. Use a form such as 20%, 500 or 12.5.', `\x15${'\x7f'.repeat(5)}120%${ENTER}`],
      ['a member count falls by up to 100 percent', `\x15${'\x7f'.repeat(4)}20%${ENTER}`],
      ['Compared with which value?', DOWN + DOWN + ENTER],
      ...END,
    ]);
    expect(result).toMatchObject({
      definition: {
        name: 'vip-customers-falls-20-percent',
        filter: { segment: 'VIP customers' },
        threshold: { change: 'falls', by: 20, unit: 'percent', comparedWith: 'sameTimeLastWeek' },
      },
    });
  });

  it('prompts for an observed segment, a threshold, and whether to fire at once', async () => {
    const { result, shown } = await walk([
      ['What should start the flow?', DOWN + DOWN + ENTER],
      ['Which segment?', DOWN + ENTER],
      ['VIP customers is at 12,000. Start the flow when it', ENTER],
      ['Threshold', `ten${ENTER}`],
      ['Not a number. Use a form such as 10000', `\x15${'\x7f'.repeat(3)}10,000${ENTER}`],
      ['VIP customers is at 12,000, which is already beyond the threshold. Fire once now?', 'y'],
      ['Name of the subscription', ENTER],
      ['Owners:', `kim@example.com${ENTER}`],
      ['HTTP URL of the flow', FLOW_URL + ENTER],
    ]);
    expect(result).toEqual({
      definition: {
        name: 'vip-customers-over-10000',
        trigger: 'segment-threshold-crossed',
        instanceId: 'default',
        filter: { segment: 'VIP customers' },
        threshold: { operator: 'above', value: 10_000, fireIfAlreadyBeyond: true },
        format: 'flat',
        owners: ['kim@example.com'],
      },
      flowUrl: FLOW_URL,
    });
    // Only segments of the default instance.
    expect(shown).not.toMatch(/Of another|Revenue/);
    expect(summaryOf(result as never)).toBe(
      'vip-customers-over-10000: segment-threshold-crossed (VIP customers above 10,000); fires once now; owners kim@example.com',
    );
  });

  it('prompts for a member of a measure, and not for firing if the value is not beyond the threshold', async () => {
    const { result } = await walk([
      ['What should start the flow?', DOWN.repeat(3) + ENTER],
      ['Which measure?', ENTER],
      ['Which member of the measure?', DOWN.repeat(2) + ENTER],
      ['Revenue (Region: APAC) is at 7. Start the flow when it', DOWN.repeat(3) + ENTER],
      ['Threshold', `-1.5${ENTER}`],
      ...END,
    ]);
    expect(result).toMatchObject({
      definition: {
        name: 'revenue-under-1-5',
        filter: { measure: 'Revenue', dimensions: { Region: 'APAC' } },
        threshold: { operator: 'atOrBelow', value: -1.5 },
      },
    });
  });

  it('prompts for the name of a data source, and suggests an unused subscription name', async () => {
    const { result } = await walk([
      ['What should start the flow?', ENTER],
      ['Which data source?', DOWN.repeat(3) + ENTER],
      ['Enter the name exactly', ` Orders ${ENTER}`],
      ...END,
    ]);
    expect(result).toMatchObject({ definition: { name: 'orders-failed-2', filter: { dataSource: 'Orders' } } });
  });

  it('prompts for the outcome of a full refresh, and again after an invalid answer', async () => {
    const { result, shown } = await walk([
      ['What should start the flow?', DOWN.repeat(4) + ENTER],
      ['Which outcome?', DOWN + ENTER],
      ['Name of the subscription', `\x15${'\x7f'.repeat(20)}orders-failed${ENTER}`],
      ['A subscription with this name exists', `-x${ENTER}`],
      ['Owners:', `kim${ENTER}`],
      ['is not an email address', `@example.com${ENTER}`],
      ['HTTP URL of the flow', `${FLOW_URL.split('&')[0]}${ENTER}`],
      ['or the URL was cut at `&`', FLOW_URL + ENTER],
    ]);
    expect(result).toMatchObject({
      definition: {
        name: 'orders-failed-x',
        filter: { status: ['Failed', 'TimedOut', 'Canceled', 'Skipped'] },
        owners: ['kim@example.com'],
      },
      flowUrl: FLOW_URL,
    });
    expect(shown).toContain('No signature.');
  });

  it('asks for an expectation by a time of the day', async () => {
    const { result } = await walk([
      ['What should start the flow?', DOWN.repeat(6) + ENTER],
      ['What is expected to be refreshed?', ENTER],
      ['Which one?', DOWN + ENTER],
      ['When is it expected?', DOWN + ENTER],
      ['Time of the day', ENTER],
      ['Time zone', `${'\x7f'.repeat(40)}Europe/Berlin${ENTER}`],
      ['How late may it be?', ENTER],
      ['Also start the flow when', 'y'],
      ['Name of the subscription', ENTER],
      ['Owners:', ENTER],
      ['HTTP URL of the flow', FLOW_URL + ENTER],
    ]);
    expect(result).toMatchObject({
      definition: {
        name: 'orders-late',
        trigger: 'refresh-overdue',
        filter: { dataSource: 'Orders' },
        expectation: {
          rhythm: { by: '07:00', timeZone: 'Europe/Berlin' },
          grace: 3_600_000,
          alsoWhenBack: true,
        },
      },
    });
  });

  it('asks for an expectation at an interval', async () => {
    const { result } = await walk([
      ['What should start the flow?', DOWN.repeat(6) + ENTER],
      ['What is expected to be refreshed?', DOWN.repeat(4) + ENTER],
      ['When is it expected?', ENTER],
      ['Longest time between two refreshes', ENTER],
      ['How late may it be?', ENTER],
      ['Also start the flow when', 'n'],
      ['Name of the subscription', ENTER],
      ['Owners:', ENTER],
      ['HTTP URL of the flow', FLOW_URL + ENTER],
    ]);
    expect(result).toMatchObject({
      definition: {
        name: 'unification-late',
        filter: { unification: true },
        expectation: { rhythm: { every: 86_400_000 }, grace: 3_600_000 },
      },
    });
  });

  it('asks for confirmation of a URL that probably does not respond', async () => {
    const old = FLOW_URL.replace('default0123.api.powerplatform.com', 'prod-01.westeurope.logic.azure.com');
    const { result } = await walk([
      ['What should start the flow?', DOWN.repeat(5) + ENTER],
      ['Which outcome?', ENTER],
      ['Name of the subscription', ENTER],
      ['Owners:', ENTER],
      ['HTTP URL of the flow', old + ENTER],
      ['stopped responding on logic.azure.com', ''],
      ['Use it anyway?', 'n'],
      ['HTTP URL of the flow', FLOW_URL + ENTER],
    ]);
    expect(result).toMatchObject({ definition: { name: 'unification', filter: {} }, flowUrl: FLOW_URL });
  });

  const questions = [
    ['What should start the flow?', DOWN + DOWN + ENTER],
    ['Which segment?', ENTER],
    ['Start the flow when it', DOWN + DOWN + ENTER],
    ['Threshold', `20${ENTER}`],
    ['Fire once now?', 'n'],
    ['Name of the subscription', ENTER],
    ['Owners:', ENTER],
    ['HTTP URL of the flow', FLOW_URL + ENTER],
  ] as const;
  it.each(questions.map(([question], n) => [question, n] as const))(
    'is canceled by Ctrl-C at: %s',
    async (question, n) => {
      const { result } = await walk([...questions.slice(0, n), [question, CTRL_C]]);
      expect(result).toBeInstanceOf(CanceledError);
    },
  );
});

it.each<[string, number | undefined]>([
  ['10,000', 10_000],
  [' 1,234,567.5 ', 1_234_567.5],
  ['-0.5', -0.5],
  ['1e3', 1000],
  ['10,00', undefined],
  ['1.000,5', undefined],
  ['', undefined],
  ['Infinity', undefined],
  ['0x10', undefined],
  ['1e999', undefined],
])('parses the number %j', (text, expected) => {
  expect(readNumber(text)).toBe(expected);
});
