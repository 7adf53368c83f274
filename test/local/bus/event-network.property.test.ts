import { join } from 'node:path';
import { App, Stack } from 'aws-cdk-lib';
import * as events from 'aws-cdk-lib/aws-events';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CrossingEvent, DomainEvent } from '../../../contract/events';
import { Producer, ProducerForwarding } from '../../../lib';
import { BusPolicy } from '../../../lib/producers/bus-policy';
import { EventNetwork } from '../../../local/bus/event-network';
import type { Organization } from '../../../local/bus/permissions';
import { planStack, startPlanned } from '../../../local/stack/start';
import { busArnsOf } from '../../../local/template/plan';
import { temporaryFolder } from '../../support/temporary-files';

const CONNECTOR = { account: '999988887777', region: 'eu-west-1' };
const BUS = `arn:aws:events:${CONNECTOR.region}:${CONNECTOR.account}:event-bus/customer-data`;
const [ORGANIZATION, OTHER_ORGANIZATION] = ['o-a1b2c3d4e5', 'o-z9y8x7w6v5'];
const PATHS = [
  'r-ab12',
  'r-ab12/ou-ab12-11111111',
  'r-ab12/ou-ab12-11111111/ou-ab12-22222222',
  'r-ab12/ou-ab12-33333333',
];
const ACCOUNTS = ['111122223333', '222233334444', '333344445555'];
/** The accounts that forward. The connector's own account forwards from another Region. */
const FORWARDING = [
  ...ACCOUNTS.map((account) => ({ account, region: CONNECTOR.region })),
  { account: CONNECTOR.account, region: 'eu-central-1' },
];
const SOURCE = 'customer-insights';

const folder = temporaryFolder('event-network');
let apps = 0;

/** Producers that the bus allows. */
type Allowed = { readonly account: string } | { readonly organization: string; readonly path?: string };

interface Scenario {
  readonly allowed: readonly Allowed[];
  /** Accounts that the bus's policy denies. */
  readonly denied: readonly string[];
  /** Paths of accounts in the organization. The others are in none. */
  readonly paths: Organization['paths'];
}

interface Put {
  readonly from: (typeof FORWARDING)[number];
  /** PutEvents on the connector's bus, instead of the default bus whose rule forwards. */
  readonly isDirect: boolean;
  readonly source: string;
  readonly detailType: string;
}

/** The stack with the bus, and a stack in each account that forwards. */
function synthesize({ allowed, denied }: Scenario): string[] {
  const app = new App({ outdir: join(folder, String(++apps)) });
  const stack = new Stack(app, 'Connector', { env: CONNECTOR });
  const eventBus = new events.EventBus(stack, 'Bus', { eventBusName: 'customer-data' });
  const policy = new BusPolicy(stack, 'Producers', { eventBus, eventSource: SOURCE });
  for (const one of allowed) {
    policy.allow('account' in one ? Producer.account(one.account) : Producer.organization(one.organization, one));
  }
  if (denied.length > 0) {
    new events.CfnEventBusPolicy(stack, 'Denied', {
      eventBusName: eventBus.eventBusName,
      statementId: 'denied',
      statement: { Effect: 'Deny', Principal: { AWS: denied }, Action: 'events:PutEvents', Resource: BUS },
    });
  }
  const stacks = FORWARDING.map((env, n) => {
    const producer = new Stack(app, `Producer${n}`, { env });
    new ProducerForwarding(producer, 'Forwarding', { connectorBusArn: BUS });
    return producer;
  });
  app.synth();
  return [stack, ...stacks].map(({ templateFile }) => join(app.outdir, templateFile));
}

/** Puts the events. Returns the indexes of those that arrived on the bus, and of those that are dead letters. */
async function run(scenario: Scenario, puts: readonly Put[]) {
  const arrived: unknown[] = [];
  const network = new EventNetwork({
    organization: { id: ORGANIZATION, paths: scenario.paths },
    onEvent: ({ detail }, _rules, arn) => void (arn === BUS && arrived.push(detail.n)),
  });
  const files = synthesize(scenario);
  const buses = new Set(files.flatMap((file) => busArnsOf(planStack(file, () => true).plan)));
  const stacks = await Promise.all(
    files.map((templateFile) =>
      startPlanned(
        planStack(templateFile, (arn) => buses.has(arn)),
        network,
        { templateFile },
      ),
    ),
  );
  try {
    const denials: number[] = [];
    for (const [n, { from, isDirect, source, detailType }] of puts.entries()) {
      const stack = stacks.find(({ account, region }) => account === from.account && region === from.region);
      const EventBusName = isDirect ? BUS : 'default';
      const put = await stack?.putEvents({
        Entries: [{ EventBusName, Source: source, DetailType: detailType, Detail: JSON.stringify({ n }) }],
      });
      const [result] = put?.Entries ?? [];
      if (result && 'ErrorCode' in result) {
        expect(['AccessDeniedException', 'ResourceNotFoundException']).toContain(result.ErrorCode);
        denials.push(n);
      }
    }
    const dead = stacks.flatMap((stack) => stack.deadLetters());
    expect(dead.every(({ messageAttributes }) => messageAttributes.ERROR_CODE === 'NO_PERMISSIONS')).toBe(true);
    return { arrived, denials, dead: dead.map(({ body }) => JSON.parse(body).detail.n as number) };
  } finally {
    await Promise.all(stacks.map((stack) => stack.stop()));
  }
}

const scenarios: fc.Arbitrary<Scenario> = fc.record({
  allowed: fc.array(
    fc.oneof(
      fc.record({ account: fc.constantFrom(...ACCOUNTS) }),
      fc.record({
        organization: fc.constantFrom(ORGANIZATION, ORGANIZATION, OTHER_ORGANIZATION),
        path: fc.option(fc.constantFrom(...PATHS), { nil: undefined }),
      }),
    ),
    { maxLength: 3 },
  ),
  denied: fc.uniqueArray(fc.constantFrom(...ACCOUNTS, CONNECTOR.account), { maxLength: 2 }),
  paths: fc
    .tuple(...ACCOUNTS.map(() => fc.option(fc.constantFrom(...PATHS))))
    .map((paths) => Object.fromEntries(paths.flatMap((path, n) => (path === null ? [] : [[ACCOUNTS[n], path]])))),
});

/** Every account, route, and kind of event: one of a producer, one of the connector, and one of another source. */
const PUTS: readonly Put[] = FORWARDING.flatMap((from) =>
  [true, false].flatMap((isDirect) =>
    [
      { source: SOURCE, detailType: DomainEvent.DATA_SOURCE_REFRESHED },
      { source: SOURCE, detailType: CrossingEvent.SEGMENT_THRESHOLD_CROSSED },
      { source: 'orders', detailType: DomainEvent.DATA_SOURCE_REFRESHED },
    ].map((event) => ({ from, isDirect, ...event })),
  ),
);

/** Whether the bus must accept the event. */
function isAccepted({ allowed, denied, paths }: Scenario, { from: { account }, source, detailType }: Put): boolean {
  if (denied.includes(account)) return false;
  // The role of the rule suffices in the same account.
  if (account === CONNECTOR.account) return true;
  const place = paths[account];
  const isProducer = allowed.some((one) =>
    'account' in one
      ? one.account === account
      : one.organization === ORGANIZATION &&
        place !== undefined &&
        `${place}/`.startsWith(one.path ? `${one.path}/` : ''),
  );
  return isProducer && source === SOURCE && detailType === DomainEvent.DATA_SOURCE_REFRESHED;
}

test('exactly the events that the policies allow arrive, and the others are denied or dead letters', async () => {
  await fc.assert(
    fc.asyncProperty(scenarios, async (scenario) => {
      const { arrived, denials, dead } = await run(scenario, PUTS);
      const numbers = (which: (put: Put) => boolean) => PUTS.flatMap((put, n) => (which(put) ? [n] : []));
      const isForwarded = ({ isDirect, source, detailType }: Put) =>
        !isDirect && source === SOURCE && detailType === DomainEvent.DATA_SOURCE_REFRESHED;
      // PutEvents does not reach a bus in another Region.
      const isReached = ({ isDirect, from }: Put) => isDirect && from.region === CONNECTOR.region;
      expect(arrived).toEqual(numbers((put) => (isForwarded(put) || isReached(put)) && isAccepted(scenario, put)));
      expect(denials).toEqual(numbers((put) => put.isDirect && !(isReached(put) && isAccepted(scenario, put))));
      expect(dead).toEqual(numbers((put) => isForwarded(put) && !isAccepted(scenario, put)));
    }),
    { numRuns: Math.min(Number(process.env.PROPERTY_RUNS ?? 12), 500) },
  );
});
