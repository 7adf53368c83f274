import { registeredFlowsTable } from '../../../lambda/registration/adapters/registered-flows-table';
import { registerFlow, removeEndedFlows, unregisterFlow } from '../../../lambda/registration/core/flow-registration';
import { SubscriptionTable } from '../../../lambda/subscriptions/adapters/subscription-table';
import type { Trigger } from '../../../local/power-automate/model';
import { RegisteredFlow, workflowId } from '../connector/registered-flow';
import type { Worker } from '../world/network';
import { MINUTE, NAME, onFailure, portsOf, SECOND } from './acts';
import { dispatched, receive } from './delivery-acts';
import type { Stage, Story } from './story';

const common = { protocol: 'R', queues: [] } as const;
const GRACE_MS = 10 * MINUTE;
const TRIGGER = {} as Trigger;

/** Protocol R on the tables of a stage. */
function registering(stage: Stage, worker: Worker) {
  const { world, stack } = stage;
  const { dynamodb } = stack.clients(worker);
  const subscriptions = new SubscriptionTable(dynamodb, stack.places.subscriptions);
  let ids = 0;
  return {
    ...portsOf(stage, worker),
    subscriptions,
    due: subscriptions,
    flows: registeredFlowsTable(dynamodb, stack.places.subscriptions),
    telemetry: { count() {}, seconds() {}, milliseconds() {}, info() {}, warn() {} },
    newRegistrationId: () => `${world.clock()}${worker.name}${++ids}`.replace(/\D/g, '').padStart(32, '0'),
  };
}

/** What Power Automate does with a flow that registers itself. */
class Maker {
  readonly flow: RegisteredFlow;

  constructor(private readonly stage: Stage) {
    const { flows, oracle } = stage;
    this.flow = new RegisteredFlow(1, TRIGGER, oracle.registrations.refused, NAME);
    flows.add(this.flow, workflowId(1));
    oracle.registrations.add(this.flow);
  }

  /** The flow is saved, or switched on. */
  save(): void {
    const { flow } = this;
    flow.isOn = true;
    flow.version++;
    flow.location = undefined;
    this.post();
  }

  /** The request of a save arrives again. */
  repeat(): void {
    this.flow.isDoubled = true;
    this.post();
  }

  /** The request that ends a registration. */
  end(location = this.flow.location as string): void {
    const { flow, stage } = this;
    stage.oracle.registrations.deletionSent(location);
    stage.operator(async (worker) => {
      await unregisterFlow(location, GRACE_MS, registering(stage, worker));
      if (!flow.isOn && location === flow.location) flow.endedAt = stage.world.clock();
    });
  }

  switchOff(): void {
    this.flow.isOn = false;
    this.end();
  }

  private post(): void {
    const { flow, stage } = this;
    const { url } = flow;
    stage.operator(async (worker) => {
      const registration = {
        callback: { subscription: NAME, url, host: new URL(url).host },
        ...{ definition: onFailure, caller: 'key:test', limit: 1 },
      };
      const outcome = await registerFlow(registration as never, registering(stage, worker));
      // Power Automate asks again for the version that it wants.
      if (!('location' in outcome)) throw new Error(outcome.message);
      flow.location = outcome.location;
    });
  }
}

const makers = new WeakMap<Stage, Maker>();
const makerOf = (stage: Stage): Maker => makers.get(stage) as Maker;

const retire = (stage: Stage): void => stage.operator((worker) => removeEndedFlows(registering(stage, worker)));

async function created(stage: Stage): Promise<void> {
  makers.set(stage, new Maker(stage));
}

async function saved(stage: Stage): Promise<void> {
  await created(stage);
  makerOf(stage).save();
  await stage.settle();
}

/** Stories of protocol R. */
export const REGISTRATION: readonly Story[] = [
  {
    ...common,
    name: 'a flow is saved while its old registration ends',
    isSmallest: true,
    ...{ crashes: 1, lost: 1, prepare: saved },
    begin(stage) {
      const maker = makerOf(stage);
      const { location } = maker.flow;
      maker.save();
      maker.end(location);
    },
  },
  {
    ...common,
    name: 'a flow is registered for the first time, twice',
    ...{ crashes: 1, lost: 1, prepare: created },
    begin(stage) {
      const maker = makerOf(stage);
      maker.save();
      maker.repeat();
    },
  },
  {
    ...common,
    name: 'the request of a save arrives twice',
    ...{ crashes: 1, lost: 1, prepare: saved },
    begin(stage) {
      const maker = makerOf(stage);
      maker.save();
      maker.repeat();
    },
  },
  {
    ...common,
    name: 'the end of a registration arrives twice',
    ...{ crashes: 1, lost: 1, prepare: saved },
    begin(stage) {
      const maker = makerOf(stage);
      maker.switchOff();
      maker.end();
    },
  },
  {
    ...common,
    name: 'a late end of an old registration meets the end of the new one',
    ...{ crashes: 1, lost: 1 },
    async prepare(stage) {
      await saved(stage);
      const old = makerOf(stage).flow.location as string;
      makerOf(stage).save();
      await stage.settle();
      oldLocations.set(stage, old);
    },
    begin(stage) {
      makerOf(stage).end(oldLocations.get(stage));
      makerOf(stage).switchOff();
    },
  },
  {
    ...common,
    name: 'an ended registration is removed while the flow is saved again',
    ...{ crashes: 1, lost: 1 },
    async prepare(stage) {
      await saved(stage);
      makerOf(stage).switchOff();
      await stage.settle(GRACE_MS + SECOND);
    },
    begin(stage) {
      retire(stage);
      makerOf(stage).save();
    },
  },
  {
    ...common,
    name: 'two workers remove an ended registration',
    ...{ crashes: 1, lost: 1 },
    async prepare(stage) {
      await saved(stage);
      makerOf(stage).switchOff();
      await stage.settle(GRACE_MS + SECOND);
    },
    begin(stage) {
      retire(stage);
      retire(stage);
    },
  },
  {
    ...common,
    name: 'a flow is saved while a delivery is held for its end',
    queues: ['deliveries'],
    ...{ crashes: 1, lost: 1 },
    async prepare(stage) {
      await saved(stage);
      makerOf(stage).switchOff();
      await stage.settle();
      await dispatched(stage);
    },
    begin(stage) {
      receive(stage);
      makerOf(stage).save();
    },
  },
  {
    ...common,
    name: 'a flow is saved while a delivery calls its old callback',
    queues: ['deliveries'],
    ...{ crashes: 1, lost: 1 },
    async prepare(stage) {
      await saved(stage);
      await dispatched(stage);
    },
    begin(stage) {
      receive(stage);
      makerOf(stage).save();
    },
  },
];

const oldLocations = new WeakMap<Stage, string>();
