import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { deliveryId } from '../../../../lambda/delivery/core/delivery-id';
import { type RefreshIdentity, refreshEventId } from '../../../../lambda/events/core/refresh-event-id';
import { identityHash } from '../../../../lambda/shared/core/identity';
import type { Metric } from '../../../../lambda/shared/core/metric';
import { crossingId } from '../../../../lambda/thresholds/core/crossing-id';

const REFRESH: RefreshIdentity = {
  detailType: 'DataSourceRefreshed',
  instanceId: 'default',
  subject: 'CRM',
  dimensions: { Region: 'EMEA', Channel: 'Web' },
  runId: 'run-1',
  status: 'Failed',
  willRetry: false,
  attempt: 1,
};

describe('the identity of a refresh', () => {
  it('is what it was in every version: deliveries that are remembered are known by it', () => {
    expect(refreshEventId(REFRESH)).toBe('74af1e722da277b0bc72f05d13d8d44b');
    expect(
      refreshEventId({ detailType: 'FullRefreshed', instanceId: 'default', runId: 'run-1', status: 'Failed' }),
    ).toBe('a029ffc410783c4e9340f0fe1704c839');
  });

  it('does not depend on the order in which anything was written', () => {
    const reversed = Object.fromEntries(Object.entries(REFRESH).reverse()) as unknown as RefreshIdentity;
    expect(refreshEventId({ ...reversed, dimensions: { Channel: 'Web', Region: 'EMEA' } })).toBe(
      refreshEventId(REFRESH),
    );
  });

  it.each<[Partial<RefreshIdentity>]>([
    [{ detailType: 'FullRefreshed' }],
    [{ instanceId: 'other' }],
    [{ subject: 'ERP' }],
    [{ subject: undefined }],
    [{ dimensions: undefined }],
    [{ dimensions: { Region: 'EMEA' } }],
    [{ dimensions: { Region: 'Web', Channel: 'EMEA' } }],
    [{ runId: 'run-2' }],
    [{ status: 'TimedOut' }],
    [{ willRetry: true }],
    [{ willRetry: undefined }],
    [{ attempt: 2 }],
    [{ attempt: undefined }],
  ])('is another with %j', (change) => {
    expect(refreshEventId({ ...REFRESH, ...change })).not.toBe(refreshEventId(REFRESH));
  });

  it('lets no part run into the next', () => {
    const text = fc.string({ unit: fc.constantFrom('a', '"', ',', '\\', '#', ''), maxLength: 4 });
    fc.assert(
      fc.property(
        fc.array(text, { minLength: 2, maxLength: 4 }),
        fc.array(text, { minLength: 2, maxLength: 4 }),
        (a, b) => {
          expect(identityHash(...a) === identityHash(...b)).toBe(JSON.stringify(a) === JSON.stringify(b));
        },
      ),
    );
  });
});

describe('the identity of a crossing', () => {
  const metric: Metric = { kind: 'measure', instanceId: 'default', name: 'Revenue', dimensions: { A: '1', B: '2' } };
  const at = { observedAt: 1000, sequence: 0 };
  const hit = { kind: 'fire', cut: 'cut', subscription: 'vip', thresholdId: 'threshold-1' } as const;
  const id = crossingId(metric, at, hit);

  it('does not depend on the order of the members, nor on the threshold’s own id', () => {
    expect(crossingId({ ...metric, dimensions: { B: '2', A: '1' } }, at, hit)).toBe(id);
    expect(crossingId(metric, at, { ...hit, thresholdId: 'threshold-2' })).toBe(id);
  });

  it.each([
    ['another instant', () => crossingId(metric, { ...at, observedAt: 1001 }, hit)],
    ['another sequence', () => crossingId(metric, { ...at, sequence: 1 }, hit)],
    ['another cut', () => crossingId(metric, at, { ...hit, cut: 'cut2' })],
    ['another subscription', () => crossingId(metric, at, { ...hit, subscription: 'other' })],
    ['a value that is beyond already', () => crossingId(metric, at, { ...hit, kind: 'initial' })],
    ['another member', () => crossingId({ ...metric, dimensions: { A: '1', B: '3' } }, at, hit)],
    ['the measure itself', () => crossingId({ ...metric, dimensions: undefined }, at, hit)],
    ['another instance', () => crossingId({ ...metric, instanceId: 'x' }, at, hit)],
    ['a segment of the name', () => crossingId({ ...metric, kind: 'segment' }, at, hit)],
  ])('is another for %s', (_, other) => {
    expect(other()).not.toBe(id);
  });
});

describe('the id of a delivery', () => {
  it('is the same for the same event and subscription, and fits a header and Standard Webhooks', () => {
    const id = deliveryId('vip-1', refreshEventId(REFRESH));
    expect(id).toBe(deliveryId('vip-1', refreshEventId({ ...REFRESH })));
    expect(id).toMatch(/^[A-Za-z0-9_-]+$/);
    expect(deliveryId('vip-2', refreshEventId(REFRESH))).not.toBe(id);
  });
});
