import { registeredFlowsTable } from '../../lambda/registration/adapters/registered-flows-table';
import { registerFlow, unregisterFlow } from '../../lambda/registration/core/flow-registration';
import { register } from '../../lambda/registration/core/register';
import { SubscriptionTable } from '../../lambda/subscriptions/adapters/subscription-table';
import type { SubscriptionDefinition, Threshold } from '../../lambda/subscriptions/core/subscription';
import { definitionOf, thresholdOn } from '../support/evaluation';
import type { Entry } from './aws/event-bridge';
import type { Stage, Story } from './exhaustive';
import { operatorPorts } from './operators';
import type { Worker } from './world/network';

const NAME = 's1';
const RECOVERING: Threshold = { operator: 'above', value: 5, recoverTo: 3 };

const entry = (detailType: string, detail: object): Entry => ({
  source: 'customer-insights',
  detailType,
  detail: JSON.stringify(detail),
});

const observation = ({ world }: Stage, memberCount: number, second: number): Entry =>
  entry('SegmentRefreshed', {
    segment: 'Vips',
    memberCount,
    observedAt: new Date(world.clock() + second * 1000).toISOString(),
  });

const onSegment = (threshold: Threshold): SubscriptionDefinition => thresholdOn(NAME, { segment: 'Vips' }, threshold);
const onFailure = definitionOf(NAME, 'data-source-refresh-failed');

/** Creates or changes a subscription, as `apply` does. */
const apply =
  ({ world, stack, flows, oracle }: Stage, definition: SubscriptionDefinition) =>
  async (worker: Worker): Promise<void> => {
    await register({ definition, flowUrl: flows.flow(NAME).url }, 'cli', operatorPorts(world, stack, worker));
    const { thresholdId } = oracle.versions.current(NAME) ?? {};
    if (thresholdId !== undefined) oracle.registered.add(thresholdId);
  };

/** Sends events to their queues at once. */
const put = ({ stack }: Stage, ...entries: readonly Entry[]): void => {
  for (const one of entries) stack.bus.put(one);
};

const prepared = (definition: SubscriptionDefinition, values: readonly number[] = []) => ({
  async prepare(stage: Stage): Promise<void> {
    stage.operator(apply(stage, definition));
    await stage.settle();
    for (const [n, value] of values.entries()) {
      put(stage, observation(stage, value, n));
      await stage.settle();
    }
  },
});

const failure = entry('DataSourceRefreshed', { dataSource: 'CRM', runId: 'run-1', status: 'Failed' });

/** Protocol R on the tables of a stage. */
function registering({ world, stack }: Stage, worker: Worker) {
  const { dynamodb } = stack.clients(worker);
  const { subscriptions } = stack.places;
  let ids = 0;
  return {
    ...operatorPorts(world, stack, worker),
    subscriptions: new SubscriptionTable(dynamodb, subscriptions),
    flows: registeredFlowsTable(dynamodb, subscriptions),
    telemetry: { count() {}, seconds() {}, milliseconds() {}, info() {}, warn() {} },
    newRegistrationId: () => `${world.newId()}${++ids}`.replace(/\D/g, '').padStart(32, '0'),
  };
}

/** A flow that registers itself, and whose newest registration is `location`. */
class RegisteringFlow {
  location = '';

  constructor(private readonly stage: Stage) {}

  save(): void {
    this.stage.flows.flow(NAME).renew();
    this.stage.operator(async (worker) => {
      const { url } = this.stage.flows.flow(NAME);
      const registration = {
        callback: { subscription: NAME, url, host: new URL(url).host },
        ...{ definition: onFailure, caller: 'key:test', limit: 5 },
      };
      const outcome = await registerFlow(registration as never, registering(this.stage, worker));
      // Power Automate asks again for the version that it wants.
      if (!('location' in outcome)) throw new Error(outcome.message);
      this.location = outcome.location;
    });
  }

  end(location: string): void {
    this.stage.operator((worker) => unregisterFlow(location, 600_000, registering(this.stage, worker)));
  }
}

/** The smallest scopes of each protocol (docs/architecture.md, "Protocols"). */
export const STORIES: readonly Story[] = [
  {
    name: 'E: two values of a metric that cross a threshold and return',
    ...{ crashes: 1, lost: 0 },
    ...prepared(onSegment(RECOVERING), [1]),
    begin: (stage) => put(stage, observation(stage, 8, 1), observation(stage, 2, 2)),
  },
  {
    name: 'E: the same value twice',
    ...{ crashes: 1, lost: 1 },
    ...prepared(onSegment({ operator: 'above', value: 5 }), [1]),
    begin(stage) {
      const once = observation(stage, 8, 1);
      put(stage, once, once);
    },
  },
  {
    name: 'S: a threshold moves while a value crosses both levels',
    ...{ crashes: 1, lost: 0 },
    ...prepared(onSegment(RECOVERING), [1]),
    begin(stage) {
      put(stage, observation(stage, 8, 1));
      stage.operator(apply(stage, onSegment({ operator: 'above', value: 7 })));
    },
  },
  {
    name: 'D: one delivery twice',
    ...{ crashes: 1, lost: 1 },
    ...prepared(onFailure),
    begin: (stage) => put(stage, failure, failure),
  },
  {
    name: 'C: the last two stages of a run',
    ...{ crashes: 1, lost: 1 },
    ...prepared(onFailure),
    begin(stage) {
      const stageOf = (name: string) =>
        entry('RefreshStageCompleted', {
          runId: 'run-1',
          stage: name,
          status: 'Successful',
          expected: ['map', 'match'],
        });
      put(stage, stageOf('map'), stageOf('match'));
    },
  },
  {
    name: 'R: a flow is saved while its old registration ends',
    ...{ crashes: 1, lost: 1 },
    async prepare(stage) {
      const flow = new RegisteringFlow(stage);
      saved.set(stage, flow);
      flow.save();
    },
    begin(stage) {
      const flow = saved.get(stage) as RegisteringFlow;
      const old = flow.location;
      flow.save();
      flow.end(old);
    },
    verify({ oracle, flows }) {
      const { flow, health } = oracle.versions.current(NAME) ?? {};
      if (!flow) return ['LOST: the saved flow has no registration'];
      const isNewest = 'ciphertext' in flow && JSON.parse(Buffer.from(flow.ciphertext, 'base64').toString('utf8')).text;
      return [
        ...(health?.endsAt === undefined ? [] : ['LOST: the saved flow ends']),
        ...(Buffer.from(String(isNewest), 'base64').toString() === flows.flow(NAME).url
          ? []
          : ['LOST: an old callback']),
      ];
    },
  },
];

const saved = new WeakMap<Stage, RegisteringFlow>();
