import { describe, expect, it } from 'vitest';
import { deliveryId } from '../../../../lambda/delivery/core/delivery-id';

describe('the id of a delivery', () => {
  const eventId = '74af1e722da277b0bc72f05d13d8d44b';

  it('depends on the subscription and the event only', () => {
    expect(deliveryId('vip-1', eventId)).toBe(deliveryId('vip-1', eventId));
    expect(deliveryId('vip-2', eventId)).not.toBe(deliveryId('vip-1', eventId));
    expect(deliveryId('vip-1', eventId.replace('7', '8'))).not.toBe(deliveryId('vip-1', eventId));
  });

  it('has only characters that HTTP headers and Standard Webhooks allow', () => {
    expect(deliveryId('vip-1', eventId)).toMatch(/^[A-Za-z0-9_-]+$/);
  });
});
