import { describe, expect, it } from 'vitest';
import { type RefreshIdentity, refreshEventId } from '../../../../lambda/events/core/refresh-event-id';

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

describe('the id of a refresh', () => {
  it('is stable across versions, because stored deliveries contain it', () => {
    expect(refreshEventId(REFRESH)).toBe('74af1e722da277b0bc72f05d13d8d44b');
    expect(
      refreshEventId({ detailType: 'FullRefreshed', instanceId: 'default', runId: 'run-1', status: 'Failed' }),
    ).toBe('a029ffc410783c4e9340f0fe1704c839');
  });

  it('does not depend on the order of fields and dimensions', () => {
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
  ])('differs with %j', (change) => {
    expect(refreshEventId({ ...REFRESH, ...change })).not.toBe(refreshEventId(REFRESH));
  });
});
