import { beforeEach, describe, expect, it } from 'vitest';
import { readConnectorFile } from '../../../local/power-automate/connector-file';
import type { FlowContent } from '../../../local/power-automate/flow';
import { Flows, type FlowsOptions } from '../../../local/power-automate/flows';
import type { FieldValues } from '../../../local/power-automate/model';
import type { HttpRequest, HttpResponse } from '../../../local/power-automate/requests';
import { connectorDocument } from '../../support/power-automate/connector-document';

const file = readConnectorFile(connectorDocument());
const [trigger] = file.triggers as [(typeof file.triggers)[0]];
const VALUES = { measure: 'Revenue', direction: 'above', level: 5 };
const contentOf = (values: FieldValues): FlowContent => ({ values, steps: [], work: 'reliable' });
const CONTENT = contentOf(VALUES);
const NOW = Date.parse('2026-11-23T12:00:00Z');

let sent: HttpRequest[];
/** Responses of the next requests. Then each POST creates a registration, and each DELETE succeeds. */
let answers: (Partial<HttpResponse> | 'none')[];
let flows: Flows;
beforeEach(() => {
  sent = [];
  answers = [];
  flows = start();
});

function start(more: Partial<FlowsOptions> = {}): Flows {
  let ids = 0;
  const id = (length: number) => () => String(++ids).padStart(length, '0');
  return new Flows({
    ...{ file, connection: { headers: { 'x-api-key': 'key-1' } }, callbackBase: 'http://127.0.0.1:4000' },
    async send(request) {
      sent.push(request);
      const answer = answers.shift();
      if (answer === 'none') throw new Error('no response');
      const created = { status: 201, headers: { location: `/v1/registrations/${sent.length}` }, body: '{}' };
      return { ...(request.method === 'POST' ? created : { status: 200, headers: {}, body: '' }), ...answer };
    },
    ids: { workflow: id(32), version: id(20), signature: id(5), run: id(8) },
    ...{ clock: () => NOW, maxRuns: 2, onRun: () => {} },
    ...more,
  });
}

const requests = () => sent.map(({ method, url }) => `${method} ${new URL(url).pathname}`);
const callbackOf = (request: HttpRequest | undefined): string => JSON.parse(request?.body ?? '{}').callbackUrl;
const lastCallback = (): string => callbackOf(sent.findLast(({ method }) => method === 'POST'));
const call = (url: string, body = '{"title":"A"}', method = 'POST') => {
  const { status, body: content } = flows.receive({ method, target: url.replace('http://127.0.0.1:4000', ''), body });
  return content === '' ? status : `${status} ${JSON.parse(content).error.code}`;
};
const created = async () => {
  const { flow } = await flows.create('My flow', trigger, CONTENT);
  if (!flow) throw new Error('the flow was refused');
  return flow;
};
const REFUSED = { status: 400, headers: {}, body: '{"message":"Level: write a number."}' };
const BUSY = { status: 503, headers: {}, body: '{"message":"Save again."}' };

describe('a new flow', () => {
  it('is on, and registers its callback', async () => {
    const flow = await created();
    expect(flow).toEqual({
      ...{ id: '1'.padStart(32, '0'), name: 'My flow', trigger, content: CONTENT, version: '2'.padStart(20, '0') },
      ...{ state: 'on', registration: 'registered', runs: [] },
    });
    expect(JSON.parse(sent[0]?.body ?? '')).toMatchObject(VALUES);
    expect(lastCallback()).toMatch(
      /^http:\/\/127\.0\.0\.1:4000\/workflows\/0{31}1\/triggers\/When_a_measure_crosses_a_threshold\/versions\/0{19}2\/run\?api-version=1&sp=.*&sv=1\.0&sig=00003$/,
    );
    expect(flows.list()).toEqual([flow]);
  });

  it('contains no callback URL and no address of its registration', async () => {
    expect(JSON.stringify(await created())).not.toMatch(/sig|00003|registrations/);
  });

  it('does not exist if its registration is refused', async () => {
    answers = [REFUSED];
    expect(await flows.create('My flow', trigger, CONTENT)).toEqual({ problem: 'Level: write a number.' });
    expect([flows.list(), call(lastCallback())]).toEqual([[], '404 WorkflowNotFound']);
  });

  it.each<[string, Partial<HttpResponse> | 'none', string]>([
    ['no response arrives', 'none', 'The API did not respond.'],
    ['the API is busy', BUSY, 'Save again.'],
    ['the API has too many requests', { ...BUSY, status: 429 }, 'Save again.'],
  ])('is on and can register later if %s', async (_, answer, problem) => {
    answers = [answer];
    const flow = await created();
    expect(flow).toMatchObject({ state: 'on', registration: 'unconfirmed', problem });
    // The API can have stored the registration.
    expect(call(lastCallback())).toBe(202);
    const { flow: retried } = await flows.retry(flow.id);
    expect(retried).toMatchObject({ registration: 'registered' });
    expect(retried).not.toHaveProperty('problem');
    expect(callbackOf(sent[1])).toBe(callbackOf(sent[0]));
    await flows.retry(flow.id);
    expect(requests()).toEqual(['POST /v1/triggers/measure', 'POST /v1/triggers/measure']);
  });

  it('reports a response without Location', async () => {
    answers = [{ headers: {} }];
    const { id, problem } = await created();
    expect(problem).toBe('The API returned no Location, so the flow cannot unregister.');
    await flows.delete(id);
    expect(requests()).toEqual(['POST /v1/triggers/measure']);
  });
});

describe('a saved flow', () => {
  it.each([
    ['register-first', ['POST /v1/triggers/measure', 'DELETE /v1/registrations/1']],
    ['unregister-first', ['DELETE /v1/registrations/1', 'POST /v1/triggers/measure']],
  ] as const)('registers the new version and ends the old registration: %s', async (editOrder, expected) => {
    flows = start({ editOrder });
    const { id, version } = await created();
    const old = lastCallback();
    const { flow } = await flows.save(id, contentOf({ ...VALUES, level: 7 }));
    expect(requests().slice(1)).toEqual(expected);
    expect(sent.find(({ method }) => method === 'DELETE')?.headers).toEqual({});
    expect(flow).toMatchObject({ id, registration: 'registered', content: { values: { level: 7 } } });
    expect(flow?.version).not.toBe(version);
    expect([call(old), call(lastCallback())]).toEqual(['404 WorkflowTriggerVersionNotFound', 202]);
  });

  it('stays as it was if the registration is refused', async () => {
    const flow = await created();
    const old = lastCallback();
    answers = [REFUSED];
    const result = await flows.save(flow.id, contentOf({ ...VALUES, level: 7 }));
    expect(result).toEqual({ flow: { ...flow, problem: 'Level: write a number.' }, problem: 'Level: write a number.' });
    expect([call(old), call(lastCallback())]).toEqual([202, '404 WorkflowTriggerVersionNotFound']);
  });

  it('is not registered if its old registration ended and the new one is refused', async () => {
    flows = start({ editOrder: 'unregister-first' });
    const { id } = await created();
    answers = [{}, REFUSED];
    expect((await flows.save(id, CONTENT)).flow).toMatchObject({ state: 'on', registration: 'none' });
    expect((await flows.retry(id)).flow).toMatchObject({ registration: 'registered' });
  });

  it('ends its old registration after a repeated request', async () => {
    const { id } = await created();
    answers = ['none'];
    expect((await flows.save(id, CONTENT)).flow?.registration).toBe('unconfirmed');
    await flows.retry(id);
    expect(requests()).toEqual([...Array(3).fill('POST /v1/triggers/measure'), 'DELETE /v1/registrations/1']);
  });

  it('does not register while it is off', async () => {
    const { id } = await created();
    await flows.switchOff(id);
    await flows.save(id, contentOf({ ...VALUES, level: 7 }));
    expect(requests()).toEqual(['POST /v1/triggers/measure', 'DELETE /v1/registrations/1']);
    await flows.switchOn(id);
    expect(JSON.parse(sent[2]?.body ?? '')).toMatchObject({ level: 7 });
  });
});

describe('the switch of a flow', () => {
  it('ends the registration, refuses calls, and registers the same version again', async () => {
    const { id, version } = await created();
    expect((await flows.switchOff(id)).flow).toMatchObject({ state: 'off', registration: 'none', version });
    expect(call(lastCallback())).toBe('400 WorkflowTriggerIsNotEnabled');
    expect((await flows.switchOn(id)).flow).toMatchObject({ state: 'on', registration: 'registered', version });
    expect(callbackOf(sent[2])).toBe(callbackOf(sent[0]));
    expect(call(lastCallback())).toBe(202);
    await flows.switchOn(id);
    expect(requests()).toHaveLength(3);
  });

  it('is off although the end of its registration failed, and is not ended twice', async () => {
    const { id } = await created();
    answers = ['none'];
    expect(await flows.switchOff(id)).toMatchObject({ flow: { state: 'off' }, problem: 'The API did not respond.' });
    expect(await flows.switchOff(id)).not.toHaveProperty('problem');
    expect(requests()).toEqual(['POST /v1/triggers/measure', 'DELETE /v1/registrations/1']);
  });

  it('stays off if the registration is refused', async () => {
    const { id } = await created();
    await flows.switchOff(id);
    answers = [REFUSED];
    expect(await flows.switchOn(id)).toMatchObject({ flow: { state: 'off' }, problem: 'Level: write a number.' });
  });

  it('reports a Location that is not an address', async () => {
    answers = [{ headers: { location: 'https://' } }];
    const { id } = await created();
    expect((await flows.switchOff(id)).problem).toBe('The Location of the registration is not an address.');
  });
});

it('a deleted flow ends its registration, and is unknown', async () => {
  const { id } = await created();
  expect(await flows.delete(id)).toEqual({});
  expect([requests()[1], call(lastCallback())]).toEqual(['DELETE /v1/registrations/1', '404 WorkflowNotFound']);
  expect(await flows.switchOff(id)).toEqual({ problem: 'The flow does not exist any more.' });
  expect(flows.find(id)).toBeUndefined();
});

it('the changes of a flow come one after another', async () => {
  const { id } = await created();
  const all = await Promise.all([flows.save(id, CONTENT), flows.switchOff(id), flows.switchOn(id), flows.delete(id)]);
  expect(all.map(({ flow }) => flow?.state)).toEqual(['on', 'off', 'on', undefined]);
  const saved = ['POST /v1/triggers/measure', 'DELETE /v1/registrations/1'];
  const switched = ['DELETE /v1/registrations/2', 'POST /v1/triggers/measure', 'DELETE /v1/registrations/5'];
  expect(requests().slice(1)).toEqual([...saved, ...switched]);
});

describe('a callback', () => {
  it('starts a run with its body, and a flow keeps the newest runs', async () => {
    const { id, version } = await created();
    const run = { version, at: NOW, state: 'succeeded', steps: [] };
    for (const title of ['A', 'B', 'C']) expect(call(lastCallback(), JSON.stringify({ title }))).toBe(202);
    expect(flows.find(id)?.runs).toEqual([
      { ...run, id: '00000006', body: { title: 'C' } },
      { ...run, id: '00000005', body: { title: 'B' } },
    ]);
  });

  it('starts a run that shows no address of the API', async () => {
    const { id } = await created();
    const report = 'https://api.example.com/v1/outcomes/secret';
    const link = 'https://example.com/report';
    call(lastCallback(), JSON.stringify({ title: 'A', link, report, more: [{ report }, null, 1] }));
    const hidden = '(an address of the API, not shown)';
    expect(flows.find(id)?.runs[0]?.body).toEqual({
      ...{ title: 'A', link, report: hidden, more: [{ report: hidden }, null, 1] },
    });
  });

  it('is answered with the ids of the run and of the flow', async () => {
    const { id, version } = await created();
    const target = lastCallback().replace('http://127.0.0.1:4000', '');
    const { headers } = flows.receive({ method: 'POST', target, body: '{}' });
    const ids = { 'x-ms-workflow-id': id, 'x-ms-workflow-version': version, 'x-ms-workflow-run-id': '00000004' };
    expect(headers).toMatchObject(ids);
  });

  it.each<[string, (url: string) => [string, string?, string?], string]>([
    ['another method', (url) => [url, '{}', 'GET'], '405 MethodNotAllowed'],
    ['another signature', (url) => [url.replace(/sig=.*/, 'sig=1')], '401 DirectApiAuthorizationRequired'],
    ['no signature', (url) => [url.replace(/\?.*/, '')], '401 DirectApiAuthorizationRequired'],
    ['another trigger', (url) => [url.replace('crosses', 'ends')], '404 WorkflowTriggerVersionNotFound'],
    ['another flow', (url) => [url.replace('/workflows/0', '/workflows/1')], '404 WorkflowNotFound'],
    ['another path', () => ['/workflows'], '404 WorkflowNotFound'],
    ['no JSON', (url) => [url, '{'], '400 InvalidRequestContent'],
    ['no object', (url) => [url, '[]'], '400 InvalidRequestContent'],
  ])('with %s is refused', async (_, change, expected) => {
    const { id } = await created();
    expect(call(...change(lastCallback()))).toBe(expected);
    expect(flows.find(id)?.runs).toEqual([]);
  });
});
