import { beforeEach, describe, expect, it } from 'vitest';
import { readConnectorFile } from '../../../local/power-automate/connector-file';
import type { ActionStep } from '../../../local/power-automate/flow';
import { runSteps, workResult } from '../../../local/power-automate/flow-steps';
import type { HttpRequest } from '../../../local/power-automate/requests';
import { connectorDocument } from '../../support/power-automate/connector-document';

const file = readConnectorFile(connectorDocument());
const step = (operationId: string, inputs: ActionStep['inputs'], runAfter: ActionStep['runAfter'] = 'succeeded') => {
  const action = file.actions.find((one) => one.operationId === operationId);
  if (!action) throw new Error(`the file has no action ${operationId}`);
  return { action, inputs, runAfter };
};
const REPORT = step('ReportOutcome', { deliveryId: { path: ['deliveryId'] }, outcome: 'succeeded' });
const REPORT_FAILURE = step(
  'ReportOutcome',
  { deliveryId: { path: ['deliveryId'] }, outcome: 'failed', message: 'It broke.' },
  'failed',
);
const BODY = { deliveryId: 'vip_1', subject: { name: 'Revenue' }, value: 5, empty: null };

let sent: HttpRequest[];
let status: number;
beforeEach(() => {
  sent = [];
  status = 202;
});
const run = (steps: readonly ActionStep[], work: 'succeeded' | 'failed' = 'succeeded', body: object = BODY) =>
  runSteps(file, steps, { ...body }, work, {
    connection: { headers: {} },
    async send(request) {
      sent.push(request);
      return { status, headers: {}, body: '{"code":"invalid","message":"No such delivery."}' };
    },
  });
const bodies = () => sent.map(({ body }) => JSON.parse(body ?? 'null'));

describe('the steps of a flow', () => {
  it('follow the result of its work, with fields of the trigger as inputs', async () => {
    expect(await run([REPORT, REPORT_FAILURE])).toMatchObject({
      state: 'succeeded',
      steps: [{ action: REPORT.action, values: { deliveryId: 'vip_1', outcome: 'succeeded' }, status: 202 }],
    });
    expect((await run([REPORT, REPORT_FAILURE], 'failed')).state).toBe('failed');
    expect(bodies()).toEqual([
      { deliveryId: 'vip_1', outcome: 'succeeded' },
      { deliveryId: 'vip_1', outcome: 'failed', message: 'It broke.' },
    ]);
  });

  it('run one after the other, and end at one that fails', async () => {
    const note = step('AddNote', { measure: { path: ['subject', 'name'] }, text: 'Done' });
    await run([note, REPORT]);
    expect(sent.map(({ url }) => new URL(url).pathname)).toEqual(['/v1/measures/Revenue/notes', '/v1/outcomes']);
    status = 400;
    expect(await run([note, REPORT])).toMatchObject({ state: 'failed', steps: [{ problems: ['No such delivery.'] }] });
    expect(sent).toHaveLength(3);
  });

  it.each<[string, string, string]>([
    ['is missing in the body', 'other', "'Text' is required."],
    ['has no value', 'empty', "'Text' is required."],
    ['has another type than the input', 'value', "'Text' must be a text."],
  ])('fail without a request if a field of the trigger %s', async (_, field, problem) => {
    const { state, steps } = await run([step('AddNote', { measure: 'Revenue', text: { path: [field] } })]);
    expect([state, steps[0]?.problems, sent]).toEqual(['failed', [problem], []]);
  });
});

describe('the work of a flow', () => {
  const results = (work: 'reliable' | 'unreliable', count: number) =>
    Array.from({ length: count }, (_, n) => workResult(work, n + 1));
  const count = (of: unknown, all: readonly unknown[]) => all.filter((one) => one === of).length;

  it('always succeeds if it is reliable', () => {
    expect(new Set(results('reliable', 100))).toEqual(new Set(['succeeded']));
  });

  it('fails in one run of five and never ends in one run of ten if it is unreliable, in each ten runs', () => {
    for (let from = 0; from < 50; from++) {
      const ten = results('unreliable', from + 10).slice(from);
      expect([count('failed', ten), count(undefined, ten), count('succeeded', ten)]).toEqual([2, 1, 7]);
    }
    expect(results('unreliable', 5)).toEqual(['succeeded', 'failed', 'succeeded', undefined, 'succeeded']);
  });
});
