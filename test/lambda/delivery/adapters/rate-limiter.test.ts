import { expect, it } from 'vitest';
import { rateLimiter } from '../../../../lambda/delivery/adapters/rate-limiter';
import { useTables } from '../../../support/servers/use-tables';

const NOW = 1_795_000_000_000;
const cadence = { interval: 1000, tolerance: 2000 };

const tables = useTables();

const book = (subscription: string, now: number) =>
  rateLimiter(tables.client, tables.deliveries).book(subscription, cadence, now);

it('spaces concurrent calls after the burst', async () => {
  const times = await Promise.all(Array.from({ length: 8 }, () => book('side-by-side', NOW)));
  expect(times.toSorted()).toEqual([0, 0, 0, 1000, 2000, 3000, 4000, 5000].map((wait) => NOW + wait));
});

it('starts over after a long time without a call', async () => {
  for (let n = 0; n < 5; n++) await book('idle', NOW);
  expect(await book('idle', NOW + 60_000)).toBe(NOW + 60_000);
  expect(await book('idle', NOW + 60_000)).toBe(NOW + 60_000);
});

it('separates subscriptions and expires their items', async () => {
  for (let n = 0; n < 5; n++) await book('one', NOW);
  expect(await book('other', NOW)).toBe(NOW);
  const items = await tables.all(tables.deliveries);
  expect(items.find(({ pk }) => pk === 'other')).toMatchObject({ sk: 'calls', expiresAt: NOW / 1000 + 7 * 24 * 3600 });
});

it('keeps fractions of a millisecond exactly', async () => {
  const fine = { interval: 74.075, tolerance: 0 };
  const one = rateLimiter(tables.client, tables.deliveries);
  let last = 0;
  for (let n = 0; n < 101; n++) last = await one.book('fine', fine, NOW);
  expect(last - NOW).toBe(Math.ceil(100 * 74.075));
});
