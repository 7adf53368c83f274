import { DEFAULT_DELIVERY_RETENTION_DAYS } from '../../../contract/delivery';
import { deliverySender } from '../../../lambda/delivery/adapters/delivery-queue';
import { DeliveryTable } from '../../../lambda/delivery/adapters/delivery-table';
import { pause, resume } from '../../../lambda/delivery/core/health/pause-resume';
import type { ResendPorts } from '../../../lambda/delivery/core/ports';
import { replayAll } from '../../../lambda/delivery/core/replay';
import { SubscriptionTable } from '../../../lambda/subscriptions/adapters/subscription-table';
import type { Mood } from '../flows';
import type { Worker } from '../world/network';
import { apply, failure, MINUTE, NAME, onFailure, prepared, put, remove, SECOND } from './acts';
import { copyAfter, dispatched, receive } from './delivery-acts';
import type { Stage, Story } from './story';

const common = { protocol: 'D', queues: ['deliveries'] } as const;

function healthPorts({ world, stack }: Stage, worker: Worker) {
  const { dynamodb } = stack.clients(worker);
  return { subscriptions: new SubscriptionTable(dynamodb, stack.places.subscriptions), clock: world.clock };
}

/** The ports of an operator's replay. */
function resendPorts(stage: Stage, worker: Worker): ResendPorts {
  const { dynamodb, sqs } = stage.stack.clients(worker);
  const { deliveries, deliveriesQueue } = stage.stack.places;
  const send = deliverySender(sqs, deliveriesQueue);
  return {
    ...healthPorts(stage, worker),
    kept: new DeliveryTable(dynamodb, deliveries, DEFAULT_DELIVERY_RETENTION_DAYS),
    send(message, delaySeconds) {
      stage.oracle.replayed(message);
      return send(message, delaySeconds);
    },
  };
}

const pauses = (stage: Stage): void => stage.operator((worker) => pause(NAME, healthPorts(stage, worker)));
const resumes = (stage: Stage): void => stage.operator((worker) => resume(NAME, healthPorts(stage, worker)));
const replays = (stage: Stage): void => stage.operator((worker) => replayAll(NAME, {}, resendPorts(stage, worker)));

/** The flow has a mood from now on, for some milliseconds. */
function turns({ flows, world }: Stage, mood: Mood, milliseconds = Infinity): void {
  flows.flow(NAME).spells = [{ from: world.clock(), to: world.clock() + milliseconds, mood }];
}

/** A subscription to failed refreshes, then something else, then deliveries that wait. */
const waiting = (between: (stage: Stage) => unknown = () => {}, deliveries = [failure()]) => ({
  async prepare(stage: Stage): Promise<void> {
    await prepared(onFailure).prepare(stage);
    await between(stage);
    await stage.settle();
    await dispatched(stage, ...deliveries);
  },
});

/** Deliveries fail, one after the other. */
async function fails(stage: Stage, mood: Mood, times: number): Promise<void> {
  turns(stage, mood, times * 4 * MINUTE);
  for (let n = 0; n < times; n++) {
    put(stage, failure(`before-${n}`));
    await stage.settle(4 * MINUTE);
  }
}

/** Stories of protocol D. */
export const DELIVERY: readonly Story[] = [
  {
    ...common,
    name: 'two workers claim one delivery',
    isSmallest: true,
    ...{ crashes: 1, lost: 1 },
    ...waiting(undefined, [failure(), failure()]),
    begin: receive,
  },
  {
    ...common,
    name: 'a lease ends while its worker still posts',
    lasts: 66 * SECOND,
    ...waiting(),
    begin(stage) {
      copyAfter(stage, 66 * SECOND);
      receive(stage);
    },
  },
  {
    ...common,
    name: 'a delivery arrives again while a request of its dead worker is under way',
    lasts: 62 * SECOND,
    ...waiting(),
    begin(stage) {
      copyAfter(stage, 62 * SECOND);
      receive(stage);
    },
  },
  {
    ...common,
    name: 'a retry arrives before its worker has recorded the failure',
    ...{ crashes: 1, lost: 1, lasts: 6 * SECOND },
    ...waiting(),
    begin(stage) {
      turns(stage, 'failing', SECOND);
      receive(stage);
    },
  },
  {
    ...common,
    name: 'a delivery fails in two workers, one after the other',
    ...{ lasts: 66 * SECOND },
    ...waiting(),
    begin(stage) {
      turns(stage, 'failing', 65 * SECOND);
      copyAfter(stage, 66 * SECOND);
      receive(stage);
    },
  },
  {
    ...common,
    name: 'a subscription is resumed while a delivery is held',
    ...{ crashes: 1, lost: 1 },
    ...waiting(pauses),
    begin(stage) {
      receive(stage);
      resumes(stage);
    },
  },
  {
    ...common,
    name: 'held deliveries are sent while another one is held, and the index lags',
    ...{ crashes: 1, lasts: SECOND, indexLag: MINUTE },
    ...waiting(pauses),
    begin(stage) {
      receive(stage);
      resumes(stage);
      stage.world.after(SECOND, () => stage.stack.runSchedules('deliver'));
    },
  },
  {
    ...common,
    name: 'a subscription is paused during a delivery',
    ...{ crashes: 1, lost: 1 },
    ...waiting(),
    begin(stage) {
      receive(stage);
      pauses(stage);
    },
  },
  {
    ...common,
    name: 'one operator pauses a subscription and another one resumes it',
    ...{ crashes: 1, lost: 1 },
    ...waiting(pauses),
    begin(stage) {
      pauses(stage);
      resumes(stage);
    },
  },
  {
    ...common,
    name: 'two operators replay a dead delivery',
    ...{ crashes: 1, lost: 1 },
    async prepare(stage) {
      await prepared(onFailure).prepare(stage);
      await fails(stage, 'rejecting', 1);
    },
    begin(stage) {
      replays(stage);
      replays(stage);
    },
  },
  {
    ...common,
    name: 'a delivery is replayed while it dies',
    ...{ crashes: 1, lost: 1 },
    ...waiting((stage) => turns(stage, 'rejecting')),
    begin(stage) {
      receive(stage);
      replays(stage);
    },
  },
  {
    ...common,
    name: 'a replay fails, and arrives again after its lease',
    ...{ lasts: 66 * SECOND },
    async prepare(stage) {
      await prepared(onFailure).prepare(stage);
      await fails(stage, 'rejecting', 1);
      const queue = stage.stack.queueOf('deliveries');
      const { onReady } = queue;
      queue.onReady = () => {};
      replays(stage);
      await stage.settle();
      queue.onReady = onReady;
    },
    begin(stage) {
      turns(stage, 'failing', SECOND);
      copyAfter(stage, 66 * SECOND);
      receive(stage);
    },
  },
  {
    ...common,
    name: 'two deliveries meet a breaker that lets one trial through',
    ...{ crashes: 1 },
    ...waiting((stage) => fails(stage, 'failing', 3), [failure('run-1'), failure('run-2')]),
    begin: receive,
  },
  {
    ...common,
    name: 'two deliveries fail, and the last one opens the breaker',
    ...{ crashes: 1, lost: 1 },
    ...waiting((stage) => fails(stage, 'failing', 1), [failure('run-1'), failure('run-2')]),
    begin(stage) {
      turns(stage, 'failing', SECOND);
      receive(stage);
    },
  },
  {
    ...common,
    name: 'an edit changes the URL during the refusal that pauses',
    ...{ crashes: 1, lost: 1 },
    ...waiting((stage) => fails(stage, 'refusing', 2)),
    begin(stage) {
      turns(stage, 'refusing', 1);
      receive(stage);
      stage.operator((worker) => {
        stage.flows.flow(NAME).renew();
        return apply(stage, onFailure)(worker);
      });
    },
  },
  {
    ...common,
    name: 'a subscription is removed and created again during a delivery',
    ...{ crashes: 1 },
    ...waiting(),
    begin(stage) {
      receive(stage);
      stage.operator(async (worker) => {
        await remove(stage)(worker);
        await apply(stage, onFailure)(worker);
      });
    },
  },
];
