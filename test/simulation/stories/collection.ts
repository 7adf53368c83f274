import { entry, HOUR, put, SECOND } from './acts';
import type { Stage, Story } from './story';

const common = { protocol: 'C', queues: ['stages'] } as const;

const stageEnd = (stage: string, runId = 'run-1', status = 'Successful') =>
  entry('RefreshStageCompleted', { runId, stage, status, expected: ['map', 'match'] });

const nothing = async (): Promise<void> => {};

async function half(stage: Stage): Promise<void> {
  put(stage, stageEnd('map'));
  await stage.settle();
}

/** Stories of protocol C. */
export const COLLECTION: readonly Story[] = [
  {
    ...common,
    name: 'the two stages of a run arrive at once',
    isSmallest: true,
    ...{ crashes: 1, lost: 1 },
    prepare: nothing,
    begin: (stage) => put(stage, stageEnd('map'), stageEnd('match')),
  },
  {
    ...common,
    name: 'the last stage arrives twice',
    ...{ crashes: 1, lost: 1 },
    prepare: half,
    begin: (stage) => put(stage, stageEnd('match'), stageEnd('match')),
  },
  {
    ...common,
    name: 'a stage is reported again, with another status, while the last one arrives',
    ...{ crashes: 1, lost: 1 },
    prepare: half,
    begin: (stage) => put(stage, stageEnd('map', 'run-1', 'Failed'), stageEnd('match')),
  },
  {
    ...common,
    name: 'the sweep closes a run while its last stage arrives',
    ...{ crashes: 1, lost: 1 },
    async prepare(stage) {
      await half(stage);
      await stage.settle(24 * HOUR);
    },
    begin(stage) {
      put(stage, stageEnd('match'));
      stage.stack.runSchedules('collect');
    },
  },
  {
    ...common,
    name: 'stages of two runs arrive at once',
    ...{ crashes: 1, lost: 1 },
    async prepare(stage) {
      put(stage, stageEnd('map'), stageEnd('map', 'run-2'));
      await stage.settle();
    },
    begin: (stage) => put(stage, stageEnd('match'), stageEnd('match', 'run-2')),
  },
  {
    ...common,
    name: 'the sweep finds a closed run while its last stage arrives again',
    ...{ lost: 1, lasts: 121 * SECOND },
    prepare: half,
    begin(stage) {
      put(stage, stageEnd('match'));
      stage.world.after(121 * SECOND, () => {
        put(stage, stageEnd('match'));
        stage.stack.runSchedules('collect');
      });
    },
  },
];
