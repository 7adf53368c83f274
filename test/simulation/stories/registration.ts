import { registeredFlowsTable } from '../../../lambda/registration/adapters/registered-flows-table';
import { registerFlow, removeEndedFlows, unregisterFlow } from '../../../lambda/registration/core/flow-registration';
import { SubscriptionTable } from '../../../lambda/subscriptions/adapters/subscription-table';
import type { Worker } from '../world/network';
import { MINUTE, NAME, onFailure, portsOf, SECOND } from './acts';
import { dispatched, receive } from './delivery-acts';
import type { Stage, Story } from './story';

const common = { protocol: 'R', queues: [] } as const;
const GRACE_MS = 10 * MINUTE;

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

/** A flow that registers itself, and the id of its newest registration. */
class RegisteringFlow {
  location = '';
  /** Whether Power Automate wants the flow to be registered. */
  isOn = false;

  constructor(private readonly stage: Stage) {}

  /** Power Automate saves the flow, or switches it on. */
  save(): void {
    this.isOn = true;
    this.stage.flows.flow(NAME).renew();
    this.post();
  }

  /** The request of a save. */
  post(): void {
    const { url } = this.stage.flows.flow(NAME);
    this.stage.operator(async (worker) => {
      const registration = {
        callback: { subscription: NAME, url, host: new URL(url).host },
        ...{ definition: onFailure, caller: 'key:test', limit: 1 },
      };
      const outcome = await registerFlow(registration as never, registering(this.stage, worker));
      // Power Automate asks again for the version that it wants.
      if (!('location' in outcome)) throw new Error(outcome.message);
      this.location = outcome.location;
    });
  }

  /** The request that ends a registration. */
  end(location = this.location): void {
    this.stage.operator((worker) => unregisterFlow(location, GRACE_MS, registering(this.stage, worker)));
  }

  /** Power Automate switches the flow off. */
  switchOff(): void {
    this.isOn = false;
    this.end();
  }
}

const flows = new WeakMap<Stage, RegisteringFlow>();
const flowOf = (stage: Stage): RegisteringFlow => flows.get(stage) as RegisteringFlow;

const retire = (stage: Stage): void => stage.operator((worker) => removeEndedFlows(registering(stage, worker)));

async function saved(stage: Stage): Promise<void> {
  const flow = new RegisteringFlow(stage);
  flows.set(stage, flow);
  flow.save();
  await stage.settle();
}

/** The flow's newest callback is registered, unless the flow is off. */
function verify(stage: Stage): readonly string[] {
  const { oracle } = stage;
  const { flow, health, registration } = oracle.versions.current(NAME) ?? {};
  const { isOn } = flowOf(stage);
  if (!isOn) return registration && health?.endsAt === undefined ? ['LEAKED: the flow is off, and registered'] : [];
  if (!flow) return ['LOST: the saved flow has no registration'];
  const sealed = 'ciphertext' in flow ? JSON.parse(Buffer.from(flow.ciphertext, 'base64').toString('utf8')).text : '';
  return [
    ...(health?.endsAt === undefined ? [] : ['LOST: the saved flow ends']),
    ...(Buffer.from(String(sealed), 'base64').toString() === stage.flows.flow(NAME).url
      ? []
      : ['LOST: an old callback']),
  ];
}

/** Stories of protocol R. */
export const REGISTRATION: readonly Story[] = [
  {
    ...common,
    name: 'a flow is saved while its old registration ends',
    isSmallest: true,
    ...{ crashes: 1, lost: 1, prepare: saved, verify },
    begin(stage) {
      const flow = flowOf(stage);
      const old = flow.location;
      flow.save();
      flow.end(old);
    },
  },
  {
    ...common,
    name: 'a flow is registered for the first time, twice',
    ...{ crashes: 1, lost: 1, verify },
    async prepare(stage) {
      flows.set(stage, new RegisteringFlow(stage));
    },
    begin(stage) {
      const flow = flowOf(stage);
      flow.save();
      flow.post();
    },
  },
  {
    ...common,
    name: 'the request of a save arrives twice',
    ...{ crashes: 1, lost: 1, prepare: saved, verify },
    begin(stage) {
      const flow = flowOf(stage);
      flow.save();
      flow.post();
    },
  },
  {
    ...common,
    name: 'the end of a registration arrives twice',
    ...{ crashes: 1, lost: 1, prepare: saved, verify },
    begin(stage) {
      const flow = flowOf(stage);
      flow.switchOff();
      flow.end();
    },
  },
  {
    ...common,
    name: 'a late end of an old registration meets the end of the new one',
    ...{ crashes: 1, lost: 1, verify },
    async prepare(stage) {
      await saved(stage);
      const old = flowOf(stage).location;
      flowOf(stage).save();
      await stage.settle();
      oldLocations.set(stage, old);
    },
    begin(stage) {
      flowOf(stage).end(oldLocations.get(stage));
      flowOf(stage).switchOff();
    },
  },
  {
    ...common,
    name: 'an ended registration is removed while the flow is saved again',
    ...{ crashes: 1, lost: 1, verify },
    async prepare(stage) {
      await saved(stage);
      flowOf(stage).switchOff();
      await stage.settle(GRACE_MS + SECOND);
    },
    begin(stage) {
      retire(stage);
      flowOf(stage).save();
    },
  },
  {
    ...common,
    name: 'two workers remove an ended registration',
    ...{ crashes: 1, lost: 1, verify },
    async prepare(stage) {
      await saved(stage);
      flowOf(stage).switchOff();
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
    ...{ crashes: 1, lost: 1, verify },
    async prepare(stage) {
      await saved(stage);
      flowOf(stage).switchOff();
      await stage.settle();
      await dispatched(stage);
    },
    begin(stage) {
      receive(stage);
      flowOf(stage).save();
    },
  },
  {
    ...common,
    name: 'a flow is saved while a delivery calls its old callback',
    queues: ['deliveries'],
    ...{ crashes: 1, lost: 1, verify },
    async prepare(stage) {
      await saved(stage);
      await dispatched(stage);
    },
    begin(stage) {
      receive(stage);
      flowOf(stage).save();
    },
  },
];

const oldLocations = new WeakMap<Stage, string>();
