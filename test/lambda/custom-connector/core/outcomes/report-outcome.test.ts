import * as v from 'valibot';
import { beforeEach, describe, expect, it } from 'vitest';
import { RESPONSES } from '../../../../../lambda/custom-connector/core/definition/responses';
import type { ApiResponse } from '../../../../../lambda/custom-connector/core/http';
import type { DeliveryStatus } from '../../../../../lambda/delivery/core/delivery';
import { deliveryId } from '../../../../../lambda/delivery/core/delivery-id';
import { MAX_OUTCOME_MESSAGE_LENGTH, type Outcome } from '../../../../../lambda/delivery/core/outcomes/outcome';
import { LINK_LIFETIME_MS, outcomeLink } from '../../../../../lambda/delivery/core/outcomes/outcome-link';
import { NOW } from '../../../../support/evaluation';
import { callbackUrl, MemoryApi } from '../../../../support/memory/memory-api';

const EVENT = '3b34970d3c8c103542da5ee326a6c24f';
const MINUTE = 60_000;
const AWAITED: Outcome = { state: 'awaited', by: NOW + 30 * MINUTE, subject: 'CRM' };
const SECRET = 's'.repeat(22);
const NONE = 'none';

let api: MemoryApi;
/** A subscription that the caller registered. */
let own: string;
beforeEach(async () => {
  api = new MemoryApi();
  const response = await api.register('data-source-refresh-failed', { callbackUrl: callbackUrl() });
  own = v.parse(RESPONSES.Registration, response.body).subscription;
});

function accepted(outcome: Outcome | typeof NONE = AWAITED, status: DeliveryStatus = 'delivered') {
  const { hash } = outcomeLink('', { subscription: own, eventId: EVENT }, SECRET);
  api.accept(own, EVENT, { status, outcome: outcome === NONE ? undefined : outcome, links: [hash] });
}
const stored = () => api.outcomes.rows.get(`${own} ${EVENT}`)?.outcome;
const byAction = (body: object) => api.send('POST /v1/outcomes', { body });
const byLink = (body: unknown, link = `${deliveryId(own, EVENT)}.${SECRET}`) =>
  api.send('POST /v1/outcomes/{link}', { parameters: { link }, headers: {}, body });
const ROADS = {
  'the action': (body: object) => byAction({ deliveryId: deliveryId(own, EVENT), ...body }),
  'the link': (body: object) => byLink(body),
};
const messageOf = ({ body }: ApiResponse): string => v.parse(RESPONSES.Problem, body).message;

describe.each(Object.entries(ROADS))('a report by %s', (_, report) => {
  it.each([
    ['succeeded', 'succeeded', undefined],
    ['failed', 'failed', NOW],
    ['Succeeded', 'succeeded', undefined],
    [' FAILED ', 'failed', NOW],
  ])('of %j is recorded', async (outcome, state, untold) => {
    accepted();
    const response = await report({ outcome, message: 'Sent to\n3 people.' });
    expect(response).toEqual({ status: 200, body: { deliveryId: deliveryId(own, EVENT), outcome: state } });
    expect(stored()).toEqual({ ...AWAITED, state, at: NOW, message: 'Sent to 3 people.', untold });
  });

  it('twice changes nothing more, and responds alike', async () => {
    accepted();
    const first = await report({ outcome: 'failed' });
    const before = stored();
    api.world.now += MINUTE;
    expect(await report({ outcome: 'failed', message: 'Again.' })).toEqual(first);
    expect(stored()).toEqual(before);
  });

  it('of success replaces a failure and a missed deadline, and is never replaced', async () => {
    accepted({ ...AWAITED, state: 'unconfirmed', at: NOW });
    await report({ outcome: 'failed' });
    expect(stored()).toMatchObject({ state: 'failed', untold: NOW });
    await report({ outcome: 'succeeded' });
    expect(stored()).toMatchObject({ state: 'succeeded', untold: undefined });
    const response = await report({ outcome: 'failed' });
    expect(response.body).toMatchObject({ outcome: 'succeeded' });
    expect(stored()).toMatchObject({ state: 'succeeded' });
  });

  it.each(['pending', 'held', 'dead', 'delivered'] as const)(
    'for a %s delivery without an outcome is recorded',
    async (status) => {
      accepted(NONE, status);
      expect((await report({ outcome: 'succeeded' })).status).toBe(200);
      expect(stored()).toEqual({ state: 'succeeded', at: NOW });
    },
  );

  it('for a canceled or unknown delivery is refused', async () => {
    const unknown = await report({ outcome: 'succeeded' });
    expect(unknown.status).toBe(404);
    accepted(AWAITED, 'canceled');
    expect(await report({ outcome: 'succeeded' })).toEqual(unknown);
  });

  it.each([
    [{}, 'Outcome: "outcome" is missing; write succeeded or failed.'],
    [{ outcome: 'done' }, `Outcome: "outcome" is "done"; write succeeded or failed.`],
    [{ outcome: true }, 'Outcome: "outcome" is true; write succeeded or failed.'],
    [{ outcome: 'failed', message: 7 }, 'Message: "message" is 7; write a text.'],
    [{ outcome: 'failed', reason: 'x' }, `Unknown field: a report has no field "reason"; remove it.`],
  ])('%j is refused', async (body, message) => {
    accepted();
    const response = await report(body);
    expect([response.status, messageOf(response)]).toEqual([400, message]);
    expect(stored()).toEqual(AWAITED);
  });

  it('has a short message without credentials', async () => {
    accepted();
    await report({ outcome: 'failed', message: `See https://example.com/flow?sig=abc ${'x'.repeat(1000)}` });
    expect(stored()?.message).toContain('See https://example.com/[redacted] xxx');
    expect(stored()?.message).toHaveLength(MAX_OUTCOME_MESSAGE_LENGTH);
  });
});

describe('the action', () => {
  it('responds to the delivery of another caller as to an unknown one', async () => {
    const unknown = await byAction({ deliveryId: deliveryId(own, EVENT), outcome: 'failed' });
    accepted();
    const registered = api.world.tables.subscriptions.get(own) as { registration: { by: string } };
    registered.registration.by = 'key:other';
    expect(await byAction({ deliveryId: deliveryId(own, EVENT), outcome: 'failed' })).toEqual(unknown);
    expect(stored()).toEqual(AWAITED);
  });

  it.each([undefined, '', 'vip', `${EVENT}`, 7, `vip_${EVENT}.x`])('refuses the delivery id %j', async (id) => {
    const response = await byAction({ deliveryId: id, outcome: 'succeeded' });
    expect(response.status).toBe(400);
    expect(messageOf(response)).toMatch(
      /^Delivery id: "deliveryId" is .*; use the field Delivery id of the flow's trigger\.$/,
    );
  });

  it('ignores blanks around the delivery id', async () => {
    accepted();
    expect((await byAction({ deliveryId: ` ${deliveryId(own, EVENT)}\n`, outcome: 'failed' })).status).toBe(200);
  });
});

describe('the link', () => {
  it.each([
    ['of another delivery', () => `${deliveryId(own, 'f'.repeat(32))}.${SECRET}`],
    ['with another secret', () => `${deliveryId(own, EVENT)}.${'t'.repeat(22)}`],
    ['without a secret', () => deliveryId(own, EVENT)],
    ['that is empty', () => ''],
    ['that is too long', () => `${deliveryId(own, EVENT)}.${SECRET}x`],
  ])('%s is refused like every other', async (_, link) => {
    accepted();
    const refused = await byLink({ outcome: 'succeeded' }, 'nothing');
    expect(refused.status).toBe(404);
    expect(await byLink({ outcome: 'succeeded' }, link())).toEqual(refused);
    expect(stored()).toEqual(AWAITED);
  });

  it('expires', async () => {
    accepted();
    api.world.now = NOW + LINK_LIFETIME_MS - 1;
    expect((await byLink({ outcome: 'failed' })).status).toBe(200);
    api.world.now += 1;
    expect((await byLink({ outcome: 'succeeded' })).status).toBe(404);
    expect(stored()).toMatchObject({ state: 'failed' });
  });

  it('appears in no log line', async () => {
    accepted();
    await byLink({ outcome: 'failed', message: `the link was ${deliveryId(own, EVENT)}.${SECRET}` });
    expect(JSON.stringify([api.world.telemetry.lines, stored()])).not.toContain(SECRET);
  });

  it('needs no sign-in, and a wrong key does not matter', async () => {
    accepted();
    const parameters = { link: `${deliveryId(own, EVENT)}.${SECRET}` };
    const headers = { 'x-api-key': 'cdpac_wrong' };
    const response = await api.send('POST /v1/outcomes/{link}', {
      parameters,
      headers,
      body: { outcome: 'succeeded' },
    });
    expect(response.status).toBe(200);
  });
});
