import { ABOVE_5, apply, HOUR, observation, onSegment, prepared, put, RECOVERING, remove, SECOND } from './acts';
import type { Story } from './story';

const common = { protocol: 'S', queues: ['observations'] } as const;
const ABOVE_7 = onSegment({ operator: 'above', value: 7 });

/** Stories of protocol S. */
export const SUBSCRIPTIONS: readonly Story[] = [
  {
    ...common,
    name: 'a threshold moves while a value crosses both levels',
    isSmallest: true,
    ...{ crashes: 1, lost: 1 },
    ...prepared(onSegment(ABOVE_5), [1]),
    begin(stage) {
      put(stage, observation(stage, 8, 1));
      stage.operator(apply(stage, ABOVE_7));
    },
  },
  {
    ...common,
    name: 'an edit keeps the threshold during a crossing',
    ...{ crashes: 1, lost: 1 },
    ...prepared(onSegment(RECOVERING), [1]),
    begin(stage) {
      put(stage, observation(stage, 8, 1));
      stage.operator(apply(stage, { ...onSegment(RECOVERING), owners: ['kim@example.com'] }));
    },
  },
  {
    ...common,
    name: 'an edit keeps a fired threshold, and a value recovers',
    ...{ crashes: 1, lost: 1 },
    ...prepared(onSegment(RECOVERING), [1, 8]),
    begin(stage) {
      put(stage, observation(stage, 2, 1), observation(stage, 9, 2));
      stage.operator(apply(stage, { ...onSegment(RECOVERING), owners: ['kim@example.com'] }));
    },
  },
  {
    ...common,
    name: 'a subscription is removed during a crossing',
    ...{ crashes: 1, lost: 1 },
    ...prepared(onSegment(ABOVE_5), [1]),
    begin(stage) {
      put(stage, observation(stage, 8, 1));
      stage.operator(remove(stage));
    },
  },
  {
    ...common,
    name: 'two operators change one subscription',
    ...{ crashes: 1, lost: 1 },
    ...prepared(onSegment(ABOVE_5), [1]),
    begin(stage) {
      stage.operator(apply(stage, ABOVE_7));
      stage.operator(apply(stage, onSegment({ operator: 'above', value: 9 })));
    },
  },
  {
    ...common,
    name: 'one operator changes a subscription and another one removes it',
    ...{ crashes: 1, lost: 1 },
    ...prepared(onSegment(ABOVE_5), [1]),
    begin(stage) {
      stage.operator(apply(stage, ABOVE_7));
      stage.operator(remove(stage));
    },
  },
  {
    ...common,
    name: 'a value changes while a new threshold is checked',
    ...{ crashes: 1, lost: 1 },
    ...prepared(onSegment({ operator: 'above', value: 20 }), [8]),
    begin(stage) {
      put(stage, observation(stage, 9, 1));
      stage.operator(apply(stage, onSegment({ ...ABOVE_5, fireIfAlreadyBeyond: true })));
    },
  },
  {
    ...common,
    name: 'the sweep removes leftovers during a registration',
    ...{ crashes: 1, lost: 1 },
    async prepare(stage) {
      await prepared(onSegment(ABOVE_5), [1]).prepare(stage);
      stage.operator(apply(stage, ABOVE_7));
      await stage.settle(HOUR + SECOND);
    },
    begin(stage) {
      stage.stack.runSchedules('sweep');
      stage.operator(apply(stage, onSegment(RECOVERING)));
    },
  },
  {
    ...common,
    name: 'the sweep finds a registration that takes longer than an hour',
    ...{ crashes: 1, crashing: 'sweep', lost: 1, lasts: HOUR + SECOND },
    ...prepared(onSegment(ABOVE_5), [1]),
    begin(stage) {
      stage.operator(apply(stage, ABOVE_7));
      stage.world.after(HOUR + SECOND, () => stage.stack.runSchedules('sweep'));
    },
  },
  {
    ...common,
    name: 'the sweep finds a removal that takes longer than an hour',
    ...{ crashes: 1, crashing: 'sweep', lost: 1, lasts: HOUR + SECOND },
    ...prepared(onSegment(ABOVE_5), [1]),
    begin(stage) {
      stage.operator(remove(stage));
      stage.world.after(HOUR + SECOND, () => stage.stack.runSchedules('sweep'));
    },
  },
];
