import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { checkName } from '../../cli/subscriptions/find-subscription';
import { readFlowResponse } from '../../lambda/delivery/adapters/flow-caller';
import { readDelivery } from '../../lambda/delivery/core/delivery-message';
import { checkDetail, readMessage } from '../../lambda/events/core/events';
import { metricQueries } from '../../lambda/queries/adapters/cloudwatch';
import { measureBatch } from '../../lambda/queries/core/measure';
import { declare } from '../../lambda/registration/core/declare';
import { redactText } from '../../lambda/shared/core/redact';
import { RefusedError } from '../../lambda/shared/core/refused';
import { normalizeBatch } from '../../lambda/sources/core/normalize';
import { checkFlowUrl } from '../../lambda/subscriptions/core/flow-url';
import { checkEntry } from '../../lambda/subscriptions/core/subscription-entry';
import { RECORDED } from './companions';
import { SECRETS, secretsIn } from './secrets';

const [url, key, token, secret] = [
  SECRETS['flow URL'].text,
  SECRETS['API key'].text,
  SECRETS.token.text,
  SECRETS['client secret'].text,
];
const CLIENT_ID = '66666666-7777-8888-9999-aaaaaaaaaaaa';
const ENTRY = { name: 'a', trigger: 'data-source-refresh-failed', flowUrlFrom: { secret: 'crm/flow-url' } };

describe('bugs that fuzzing found', () => {
  it('quoted a flow URL in the reason for a field of another type', () => {
    const read = readMessage(JSON.stringify({ jobs: url }), v.object({ jobs: v.object({}) }), 'the message is wrong');
    expect(read).toMatchObject({ reason: expect.stringContaining('a text that looks like a secret') });
    expect(secretsIn(read)).toEqual([]);
  });

  it('quoted the type of a custom-resource request', async () => {
    const request = { type: url, stack: 'Shop', logicalId: 'Vip', entry: '{}' };
    const { reason } = await declare(request, undefined as never);
    expect(reason).toContain('CloudFormation sends Create, Update or Delete');
    expect(secretsIn(reason)).toEqual([]);
  });

  it('repeated a message for ever that says that a CloudWatch query is running', async () => {
    await expect(metricQueries(undefined as never).look()).rejects.toThrow(RefusedError);
  });

  it('quoted the detail type of a message to normalize', async () => {
    const recorded = RECORDED.normalize?.[0]?.body as unknown as { event: object };
    const body = JSON.stringify({ ...recorded, sources: [], event: { ...recorded.event, 'detail-type': url } });
    const reasons: string[] = [];
    const rejected = { keep: async (_: string, reason: string) => reasons.push(reason) };
    const ports = { rejected, telemetry: { count: () => {}, warn: () => {} } } as never;
    expect(await normalizeBatch([{ id: '1', body }], ports)).toEqual([]);
    expect(reasons).toEqual([expect.stringContaining('detail-type')]);
    expect(secretsIn(reasons)).toEqual([]);
  });

  it('repeated a CloudWatch query for ever that has no list of dimensions', async () => {
    const recorded = RECORDED.measure?.map(({ body }) => body as unknown as { query: { service: string } });
    const run = recorded?.find(({ query }) => query.service === 'cloudwatch');
    const body = JSON.stringify({ ...run, query: { ...run?.query, dimensions: null } });
    const reasons: string[] = [];
    const ports = {
      rejected: { keep: async (_: string, reason: string) => reasons.push(reason) },
      telemetry: { count: () => {}, warn: () => {} },
    } as never;
    expect(await measureBatch([{ id: '1', body }], ports)).toEqual([]);
    expect(reasons).toEqual([expect.stringContaining('dimensions')]);
  });

  it('repeated a delivery for ever that does not say when it was accepted', () => {
    const body = RECORDED.deliver?.[0]?.body as object;
    expect(readDelivery(JSON.stringify(body))).toEqual(body);
    expect(readDelivery(JSON.stringify({ ...body, acceptedAt: undefined }))).toBeUndefined();
  });

  it.each([
    ['dataSource', ['CRM']],
    ['endedAt', [1795179926000, 1795179926000]],
    ['occurredAt', 8.64e15 + 1],
  ])('repeated a delivery for ever whose event has a wrong %s', (field, value) => {
    const body = RECORDED.deliver?.[0]?.body as unknown as { event: object };
    const event = { ...body.event, [field]: value };
    expect(readDelivery(JSON.stringify({ ...body, event }))).toBeUndefined();
  });

  it('stored a key that a flow returned as its error code', () => {
    const body = Buffer.from(JSON.stringify({ error: { code: key } }));
    expect(readFlowResponse({ status: 429, headers: {}, body })).toEqual({ status: 429 });
  });

  it.each([
    ['a key as the name', { ...ENTRY, name: key }],
    ['a token as the data source', { ...ENTRY, dataSource: token }],
    ['a token as the name of a secret', { ...ENTRY, flowUrlFrom: { secret: token } }],
    ['a key as the field of a secret', { ...ENTRY, flowUrlFrom: { secret: 'crm/flow-url', field: key } }],
    ['a token as its tenant', { ...ENTRY, auth: { type: 'entra', tenantId: token, clientId: CLIENT_ID } }],
    ['an outcome link as the link to its flow', { ...ENTRY, flowLink: SECRETS['outcome link'].text }],
    ['a key as the address of an owner', { ...ENTRY, owners: `${key}@example.com` }],
  ])('stored a subscription with %s', (_, entry) => {
    const checked = checkEntry(entry);
    expect(checked).toHaveProperty('mistakes');
    expect(secretsIn(checked)).toEqual([]);
  });

  it('showed a client secret that an event names as its data source', () => {
    const detail = { dataSource: `see ${secret} (broken)`, runId: 'r', status: 'Failed' };
    const checked = checkDetail('DataSourceRefreshed', detail);
    expect(checked).toHaveProperty('reason');
    expect(secretsIn(checked)).toEqual([]);
    expect(secretsIn(redactText(`the secret is ${secret}`))).toEqual([]);
  });

  it.each([key, token, secret])(
    'showed a credential in the host of a refused flow URL, in lower case',
    (credential) => {
      const checked = checkFlowUrl(url.replace('api.', `${credential}api.`));
      expect(checked).toEqual({ reason: expect.stringContaining('The host of the flow URL contains a token, a key') });
      expect(secretsIn(checked)).toEqual([]);
    },
  );

  it('showed a key that a command was given as the name of a subscription', () => {
    expect(() => checkName(key)).toThrow('is not a subscription name');
  });
});
