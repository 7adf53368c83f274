/** Runs every row of the table of responses in docs/delivery.md on the real code, over TLS and with the real tables. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { HealthEvent } from '../../contract/events';
import { SECRET_BELIEVED_MS, SECRET_CACHE_MS } from '../../lambda/delivery/adapters/secret-reader';
import { FAILURES_TO_OPEN, FIRST_OPEN_MS, MAX_OPEN_MS } from '../../lambda/delivery/core/health/circuit-breaker';
import { PROBE_TIMES, REFUSALS_SPAN, REFUSALS_TO_PAUSE } from '../../lambda/delivery/core/health/health-transitions';
import { OUTCOME_STATES } from '../../lambda/delivery/core/outcomes/outcome';
import { LINK_LIFETIME_MS } from '../../lambda/delivery/core/outcomes/outcome-link';
import { BOOKING_LIFETIME_MS } from '../../lambda/delivery/core/rate-limit';
import { NotCalled } from '../../lambda/delivery/core/response';
import { MAX_ROUND_MS } from '../../lambda/delivery/core/retry';
import { AwsError } from '../../local/engines/protocol/aws-json';
import { type DeliveryServers, DeliveryWorld, startDeliveryServers } from '../support/delivery';
import { codeRows, readPage, sectionOf } from '../support/pages';
import { type Behaviour, brokenOff, refused, reset, responding } from '../support/servers/flow-server';
import { SecretStores } from '../support/servers/secret-stores';

const PAGE = readPage('delivery.md');

interface Row {
  readonly responses: readonly string[];
  readonly attempts: number;
  readonly delivery: string;
  readonly subscription: string;
}

const rows = (): Row[] =>
  codeRows(sectionOf(PAGE, '## What each response means')).map(
    ([responses = '', attempts, delivery = '', subscription = '']) => ({
      responses: responses.split(', ').map((text) => text.slice(1, -1)),
      attempts: Number(attempts),
      delivery,
      subscription,
    }),
  );

function behaviourOf(text: string): Behaviour {
  if (text === 'no response') return reset;
  const [, cutOff] = /^(\d{3}) cut off$/.exec(text) ?? [];
  if (cutOff !== undefined) return brokenOff(Number(cutOff));
  const [, status, seconds, code] = /^(\d{3})(?: Retry-After: (\d+)| (\w+))?$/.exec(text) ?? [];
  if (status === undefined) throw new Error(`cannot read the response ${text}`);
  if (code !== undefined) return refused(Number(status), code);
  return responding(Number(status), seconds === undefined ? {} : { 'retry-after': seconds });
}

const URL_ERRORS: Readonly<Record<string, AwsError>> = {
  'secret not allowed': new AwsError('AccessDeniedException', ''),
  'secret throttled': new AwsError('ThrottlingException', ''),
  'key disabled': new AwsError('DisabledException', ''),
  'key not allowed': new AwsError('AccessDeniedException', ''),
  'key down': new AwsError('KMSInternalException', '', 500),
};
const SECRETS: Readonly<Record<string, string | Uint8Array>> = {
  'secret binary': Buffer.from('binary'),
  'secret empty': '',
  'secret without the field': '{"other":"value"}',
  'URL refused': '{"url":"https://example.com/?sig=cut"}',
};
/** Rows about the key use an encrypted URL. All other rows use a secret. */
const isAboutKey = (text: string) => text === 'URL undecryptable' || text.startsWith('key ');
const neverCalls = (text: string) =>
  text === 'secret missing' || Object.hasOwn(SECRETS, text) || Object.hasOwn(URL_ERRORS, text) || isAboutKey(text);

/** Puts the secret and the failures of a row in place. */
async function arrange(text: string, url: string): Promise<void> {
  stores.failing = () => URL_ERRORS[text];
  stores.empty();
  if (text !== 'secret missing') await stores.putSecret('flows', SECRETS[text] ?? JSON.stringify({ url }));
}

let servers: DeliveryServers;
let stores: SecretStores;
beforeAll(async () => {
  [servers, stores] = await Promise.all([startDeliveryServers(), SecretStores.start()]);
});
afterAll(() => Promise.all([servers.stop(), stores.stop()]));

it('the table has rows', () => expect(rows().length).toBeGreaterThan(35));

it.each(rows())(
  '$responses: $attempts attempts, $delivery, $subscription',
  async ({ responses, attempts, delivery, subscription }) => {
    const world = DeliveryWorld.on(servers);
    const sealedFor = responses.includes('URL undecryptable') ? 'another' : world.name('crm');
    stores.failing = () => undefined;
    const flow = responses.some(isAboutKey)
      ? await stores.seal(sealedFor, world.flow.url())
      : { from: { secret: 'flows', field: 'url' } };
    const nth = (n: number) => responses[Math.min(n, responses.length - 1)] as string;
    let opened = 0;
    // Each attempt runs in a new container, without cached URLs. Another test covers the cache.
    world.open = async (...args) => {
      await arrange(nth(opened++), world.flow.url());
      return stores.opener(() => world.now)(...args);
    };
    world.flow.behave = () => behaviourOf(nth(opened - 1));
    world.queue.send(world.message(await world.subscribe('crm', undefined, { flow })), 0);
    await world.run();
    expect(opened).toBe(attempts);
    const called = Array.from({ length: attempts }, (_, n) => nth(n)).filter((text) => !neverCalls(text));
    expect(world.flow.calls).toHaveLength(called.length);
    expect((await world.rows())['event-1']).toMatchObject({ status: delivery });
    expect((await world.subscriptions.read(world.name('crm')))?.health?.state ?? 'active').toBe(subscription);
  },
);

it('the table explains every error code of an unreadable URL', () => {
  const section = sectionOf(PAGE, "## Where the flow's URL is kept");
  const explained = [...section.matchAll(/^\| `(\w+)` \|/gm)].map(([, code]) => code);
  expect(explained).toEqual(Object.values(NotCalled).filter((code) => code.startsWith('FlowUrl')));
  expect(section).toContain(`${SECRET_CACHE_MS / 60_000} minutes`);
  expect(section).toContain(`more than ${SECRET_BELIEVED_MS / 1000} seconds ago`);
});

it('the tables have every state of an outcome in its order, and every health event', () => {
  const firstCells = (heading: string) =>
    codeRows(sectionOf(PAGE, heading)).map(([cell = '']) => cell.replaceAll('`', ''));
  expect(firstCells('## Outcomes')).toEqual([...OUTCOME_STATES]);
  expect(firstCells('## Health events').toSorted()).toEqual(Object.values(HealthEvent).toSorted());
});

it('the text has the numbers of the code', () => {
  const text = PAGE.replaceAll(/\s+/g, ' ');
  expect([FAILURES_TO_OPEN, FIRST_OPEN_MS, MAX_OPEN_MS, MAX_ROUND_MS]).toEqual([5, 30_000, 900_000, 84 * 3600_000]);
  expect(text).toContain('After five consecutive attempts failed');
  expect(text).toContain("attempts none of the subscription's deliveries for 30 seconds");
  expect(text).toContain('for twice as long, up to 15 minutes');
  expect(text).toContain('for three and a half days is dead');
  expect(BOOKING_LIFETIME_MS).toBe(10_000);
  expect(text).toContain('reservation up to ten seconds late');
  expect([REFUSALS_TO_PAUSE, REFUSALS_SPAN / 60_000]).toEqual([3, 10]);
  expect(text).toContain('After 3 of them over at least 10 minutes');
  expect(PROBE_TIMES.map((ms) => ms / 3600_000).slice(0, 5)).toEqual([0.25, 1, 6, 24, 48]);
  expect(text).toContain('15 minutes, 1 hour and 6 hours after the pause began, then daily for 14 days');
  expect(LINK_LIFETIME_MS).toBe(37 * 24 * 3600_000);
  expect(text).toContain("more than 37 days after the delivery's last attempt");
});
