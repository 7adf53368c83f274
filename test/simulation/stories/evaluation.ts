import { ABOVE_5, observation, onSegment, prepared, put, RECOVERING, SECOND } from './acts';
import type { Story } from './story';

const common = { protocol: 'E', queues: ['observations'] } as const;

/** Stories of protocol E. */
export const EVALUATION: readonly Story[] = [
  {
    ...common,
    name: 'two observations of one metric cross one threshold',
    isSmallest: true,
    ...{ crashes: 1, lost: 1 },
    ...prepared(onSegment(ABOVE_5), [1]),
    begin: (stage) => put(stage, observation(stage, 8, 1), observation(stage, 9, 2)),
  },
  {
    ...common,
    name: 'a value crosses a threshold, and the next one recovers',
    ...{ crashes: 1, lost: 1 },
    ...prepared(onSegment(RECOVERING), [1]),
    begin: (stage) => put(stage, observation(stage, 8, 1), observation(stage, 2, 2)),
  },
  {
    ...common,
    name: 'a value recovers, and the next one crosses again',
    ...{ crashes: 1, lost: 1 },
    ...prepared(onSegment(RECOVERING), [1, 8]),
    begin: (stage) => put(stage, observation(stage, 2, 1), observation(stage, 9, 2)),
  },
  {
    ...common,
    name: 'a value falls without recovering, and the next one rises again',
    ...{ crashes: 1, lost: 1 },
    ...prepared(onSegment(RECOVERING), [1, 8]),
    begin: (stage) => put(stage, observation(stage, 4, 1), observation(stage, 9, 2)),
  },
  {
    ...common,
    name: 'the same observation arrives twice',
    ...{ crashes: 1, lost: 1 },
    ...prepared(onSegment(ABOVE_5), [1]),
    begin(stage) {
      const once = observation(stage, 8, 1);
      put(stage, once, once);
    },
  },
  {
    ...common,
    name: 'the first two values of a metric arrive at once',
    ...{ crashes: 1, lost: 1 },
    ...prepared(onSegment({ ...ABOVE_5, fireIfAlreadyBeyond: true })),
    begin: (stage) => put(stage, observation(stage, 8, 1), observation(stage, 9, 2)),
  },
  {
    ...common,
    name: 'the sweep finds an intent while the next value arrives',
    ...{ lost: 1, lasts: 121 * SECOND },
    ...prepared(onSegment(RECOVERING), [1]),
    begin(stage) {
      put(stage, observation(stage, 8, 1));
      stage.world.after(121 * SECOND, () => {
        stage.stack.runSchedules('sweep');
        put(stage, observation(stage, 2, 2));
      });
    },
  },
];
