import type { Threshold } from '../../../lambda/subscriptions/core/subscription';
import { ABOVE_5, apply, HOUR, observation, onSegment, prepared, put, RECOVERING, remove, SECOND } from './acts';
import type { Story } from './story';

const common = { protocol: 'S', queues: ['observations'] } as const;
const ABOVE_7 = onSegment({ operator: 'above', value: 7 });

const FALLING: Threshold = { change: 'falls', by: 1, unit: 'absolute', comparedWith: 'previous' };

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
    name: 'a value crosses a new threshold while it is checked',
    ...{ crashes: 1, lost: 1 },
    ...prepared(onSegment({ operator: 'above', value: 20 }), [1]),
    begin(stage) {
      put(stage, observation(stage, 8, 1));
      stage.operator(apply(stage, onSegment({ ...ABOVE_5, fireIfAlreadyBeyond: true })));
    },
  },
  {
    ...common,
    name: 'the first value of a metric arrives while its second threshold is checked',
    ...{ crashes: 1, lost: 1 },
    ...prepared(onSegment({ operator: 'above', value: 20, fireIfAlreadyBeyond: true })),
    begin(stage) {
      put(stage, observation(stage, 8, 1));
      stage.operator(apply(stage, onSegment({ ...ABOVE_5, fireIfAlreadyBeyond: true })));
    },
  },
  {
    ...common,
    name: 'a threshold on changes is checked while a value is evaluated after the last one was removed',
    ...{ crashes: 1, lost: 1 },
    async prepare(stage) {
      await prepared(onSegment(FALLING), [8]).prepare(stage);
      stage.operator(apply(stage, onSegment({ operator: 'above', value: 20 })));
      await stage.settle(HOUR + SECOND);
      stage.stack.runSchedules('sweep');
    },
    begin(stage) {
      put(stage, observation(stage, 7, 1));
      stage.operator(apply(stage, onSegment(FALLING)));
    },
    verify({ stack }) {
      const states = [...stack.dynamodb.table(stack.places.thresholds).all()].filter(({ sk }) => sk === 'state');
      return states.some(({ changes }) => changes === undefined) ? ['LOST: evaluations do not watch the changes'] : [];
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
