import { beforeEach, describe, expect, it } from 'vitest';
import type { Status } from '../../../../contract/events';
import { MAX_STAGE_NAME_LENGTH, MAX_STAGES } from '../../../../contract/events';
import { Metric } from '../../../../contract/metrics';
import { closeOverdueRuns, collectBatch } from '../../../../lambda/collection/core/collect';
import {
  type CollectedRun,
  completedEvent,
  outcome,
  runKey,
  withStage,
} from '../../../../lambda/collection/core/collected-run';
import { checkEvent } from '../../../../lambda/events/core/events';
import { MAX_ERROR_LENGTH, MAX_NAME_LENGTH } from '../../../../lambda/events/core/fields';
import { recognize } from '../../../../lambda/events/core/recognize';
import { Collector, HOUR, RULES, stageEvent } from '../../../support/collection';
import { busEvent, NOW } from '../../../support/evaluation';

let collector: Collector;
beforeEach(() => {
  collector = new Collector();
});

const iso = (time: number) => new Date(time).toISOString();
const unification = (...statuses: string[]) =>
  statuses.map((status, n) => stageEvent({ stage: ['map', 'match', 'merge'][n], status }));
const published = () => collector.bus.published;
const details = () => published().map(({ detail }) => detail);

describe('a unification', () => {
  it('is reported after its last stage, in any order and grouping of messages', async () => {
    const [map, match, merge] = unification('Successful', 'Successful', 'Successful') as [string, string, string];
    expect(await collector.collect([merge])).toEqual([]);
    expect(await collector.collect([map, merge])).toEqual([]);
    expect(published()).toEqual([]);
    expect(await collector.collect([match, map])).toEqual([]);
    expect(published()).toEqual([
      {
        detailType: 'UnificationRefreshed',
        detail: {
          collectedBy: 'test',
          instanceId: 'default',
          runId: 'run-1',
          status: 'Successful',
          stages: { merge: 'Successful', map: 'Successful', match: 'Successful' },
          endedAt: iso(NOW),
        },
      },
    ]);
    expect(collector.telemetry.counts).toEqual({ [Metric.COLLECTED_RUNS]: 1 });
  });

  it('starts with its first stage, ends with its last stage, and contains the errors of its stages', async () => {
    const at = (minute: number) => iso(NOW - HOUR + minute * 60_000);
    await collector.collect([
      stageEvent({ stage: 'match', startedAt: at(10), endedAt: at(20), status: 'Failure', error: 'no rules' }),
      stageEvent({ stage: 'map', startedAt: at(0), endedAt: at(10), runLink: 'https://example.com/runs/1' }),
      stageEvent({ stage: 'merge', endedAt: at(21), status: 'Skipped', runLink: 'https://example.com/other' }),
    ]);
    expect(details()).toMatchObject([
      {
        status: 'Failed',
        startedAt: at(0),
        endedAt: at(21),
        error: 'match: no rules',
        runLink: 'https://example.com/runs/1',
      },
    ]);
  });

  it('is separate for each instance and run, and from the full refresh of the same run', async () => {
    const all = (more: object) => ['map', 'match', 'merge'].map((stage) => stageEvent({ stage, ...more }));
    await collector.collect([
      ...all({ instanceId: 'emea' }),
      ...all({ runId: 'run-2' }),
      stageEvent({ process: 'map', expected: 1 }),
      ...all({}),
    ]);
    expect(details().map(({ instanceId, runId, processes }) => [instanceId, runId, processes !== undefined])).toEqual(
      expect.arrayContaining([
        ['emea', 'run-1', false],
        ['default', 'run-2', false],
        ['default', 'run-1', true],
        ['default', 'run-1', false],
      ]),
    );
    expect(published()).toHaveLength(4);
  });
});

describe('a full refresh', () => {
  it('takes `expected`, kind and link from the first event that sets them', async () => {
    await collector.collect([
      stageEvent({ process: 'Data sources' }),
      stageEvent({ process: 'Segments', expected: ['Data sources', 'Segments', 'Measures'], kind: 'OnDemand' }),
      stageEvent({ process: 'Segments', expected: 1, kind: 'Scheduled' }),
    ]);
    expect(published()).toEqual([]);
    await collector.collect([stageEvent({ process: 'Measures', status: 'Canceled' })]);
    expect(published()).toMatchObject([
      {
        detailType: 'FullRefreshed',
        detail: {
          kind: 'OnDemand',
          status: 'Canceled',
          processes: { 'Data sources': 'Successful', Segments: 'Successful', Measures: 'Canceled' },
        },
      },
    ]);
  });

  it('can be complete by number, and is scheduled by default', async () => {
    await collector.collect([stageEvent({ process: 'A', expected: 2 }), stageEvent({ process: 'A' })]);
    expect(published()).toEqual([]);
    await collector.collect([stageEvent({ process: 'B' })]);
    expect(details()).toMatchObject([{ kind: 'Scheduled', processes: { A: 'Successful', B: 'Successful' } }]);
  });

  it('is compared with the configured processes if no event sets `expected`', async () => {
    collector = new Collector({ ...RULES, expected: { unification: ['map'], full: ['A', 'B'] } });
    await collector.collect([stageEvent({ process: 'A' }), stageEvent({ process: 'X' })]);
    expect(published()).toEqual([]);
    await collector.collect([stageEvent({ process: 'B' })]);
    expect(details()).toMatchObject([{ processes: { A: 'Successful', X: 'Successful', B: 'Successful' } }]);
  });
});

describe('the status of a complete run', () => {
  it.each<[Status, Status[]]>([
    ['Successful', ['Successful', 'Successful']],
    ['Successful', ['Skipped', 'Successful', 'Skipped']],
    ['Skipped', ['Skipped', 'Skipped']],
    ['Canceled', ['Successful', 'Canceled', 'Skipped']],
    ['Failed', ['Canceled', 'Failed', 'Successful', 'Skipped']],
    ['TimedOut', ['Failed', 'TimedOut', 'Canceled', 'Successful', 'Skipped']],
  ])('is %s for %j', (status, stages) => {
    for (const order of [stages, stages.toReversed()]) {
      const run = { closed: 'complete', stages: order.map((one, n) => ({ name: String(n), status: one })) } as const;
      expect(outcome(run)).toBe(status);
      expect(outcome({ ...run, closed: 'timedOut' })).toBe('TimedOut');
    }
  });
});

describe('the last end of a stage', () => {
  const at = (minute: number) => ({ endedAt: iso(NOW + minute * 60_000) });

  it.each([
    [
      'by the stage’s own time',
      [
        { status: 'Successful', ...at(2) },
        { status: 'Failed', ...at(1) },
      ],
      'Successful',
    ],
    ['by when it came, where a time is missing', [{ status: 'Failed' }, { status: 'Successful' }], 'Successful'],
    [
      'by when it came, at the same time',
      [
        { status: 'Failed', ...at(1) },
        { status: 'Skipped', ...at(1) },
      ],
      'Skipped',
    ],
  ])('wins: %s', async (_, words, status) => {
    await collector.collect(words.map((word) => stageEvent({ stage: 'map', ...word })));
    await collector.collect([stageEvent({ stage: 'match' }), stageEvent({ stage: 'merge' })]);
    expect(details()).toMatchObject([{ stages: { map: status } }]);
  });

  it('is only counted if the run is already reported', async () => {
    const events = unification('Successful', 'Successful', 'Successful');
    await collector.collect(events);
    expect(await collector.collect(events)).toEqual([]);
    expect(collector.telemetry.counts[Metric.LATE_STAGES]).toBeUndefined();
    await collector.collect([stageEvent({ stage: 'map', status: 'Failed' }), stageEvent({ stage: 'extra' })]);
    expect(collector.telemetry.counts[Metric.LATE_STAGES]).toBe(2);
    expect(published()).toHaveLength(1);
  });
});

describe('a run that never completes', () => {
  const overdue = async (after: number) => {
    collector.now = NOW + after;
    return collector.closeOverdue();
  };

  it('is reported once, after its timeout since the first event', async () => {
    await collector.collect([stageEvent({ stage: 'map' })]);
    collector.now = NOW + 23 * HOUR;
    await collector.collect([stageEvent({ stage: 'match', status: 'Failed', error: 'no rules' })]);
    expect(await overdue(24 * HOUR - 1)).toBe(0);
    expect(await overdue(24 * HOUR)).toBe(1);
    expect(await overdue(100 * HOUR)).toBe(0);
    expect(details()).toEqual([
      {
        collectedBy: 'test',
        instanceId: 'default',
        runId: 'run-1',
        status: 'TimedOut',
        stages: { map: 'Successful', match: 'Failed' },
        endedAt: iso(NOW + 24 * HOUR),
        error: `not complete by ${iso(NOW + 24 * HOUR)}: merge did not end; match: no rules`,
      },
    ]);
    expect(collector.telemetry.counts).toEqual({ [Metric.TIMED_OUT_RUNS]: 1 });
    await collector.collect([stageEvent({ stage: 'merge' })]);
    expect(published()).toHaveLength(1);
    expect(collector.telemetry.counts[Metric.LATE_STAGES]).toBe(1);
  });

  it.each([
    [{}, 'no event named the expected processes'],
    [{ expected: 3 }, '1 of 3 processes have ended'],
    [{ expected: ['B', 'A', 'C'] }, 'B, C did not end'],
  ])('names the missing stages: %j', async (more, error) => {
    await collector.collect([stageEvent({ process: 'A', ...more })]);
    await overdue(24 * HOUR);
    expect(details()).toMatchObject([{ error: `not complete by ${iso(NOW + 24 * HOUR)}: ${error}` }]);
  });

  it('is complete if its last stage arrives after the deadline and before the sweep', async () => {
    await collector.collect(unification('Successful', 'Successful'));
    collector.now = NOW + 25 * HOUR;
    await collector.collect([stageEvent({ stage: 'merge' })]);
    expect(await collector.closeOverdue()).toBe(0);
    expect(details()).toMatchObject([{ status: 'Successful' }]);
  });

  it('can be complete after a change of the configuration', async () => {
    await collector.collect(unification('Successful', 'Successful'));
    const ports = { ...collector.ports(), rules: { ...RULES, expected: { unification: ['map', 'match'], full: [] } } };
    collector.now = NOW + 24 * HOUR;
    expect(await closeOverdueRuns(ports)).toBe(1);
    expect(details()).toMatchObject([{ status: 'Successful' }]);
  });

  it('does not prevent reports of other runs', async () => {
    const runs = ['run-1', 'run-2', 'run-3'].map((runId) => stageEvent({ runId, stage: 'map' }));
    await collector.collect(runs);
    collector.now = NOW + 24 * HOUR;
    const ports = collector.ports();
    const publish: typeof ports.events.publish = async (detailType, detail) => {
      if (detail.runId === 'run-2') throw new Error('no');
      return ports.events.publish(detailType, detail);
    };
    await expect(closeOverdueRuns({ ...ports, events: { publish } })).rejects.toThrow('1 of 3 runs failed');
    expect(details().map(({ runId }) => runId)).toEqual(['run-1', 'run-3']);
  });

  it('is not swept before the worker that closed it has ended', async () => {
    const ports = collector.ports();
    const publish = async () => Promise.reject(new Error('no'));
    const messages = unification('Successful', 'Successful', 'Successful').map((body, n) => ({ id: `${n}`, body }));
    expect(await collectBatch(messages, { ...ports, events: { publish } })).toEqual(['2']);
    expect(await closeOverdueRuns(ports)).toBe(0);
    collector.now += 120_000;
    expect(await closeOverdueRuns(ports)).toBe(1);
    expect(await collector.collect(messages.slice(2).map(({ body }) => body))).toEqual([]);
    expect(published()).toHaveLength(1);
  });
});

describe('an invalid event', () => {
  it.each([
    [stageEvent({ status: 'Successful' }), 'write either "stage", for unification, or "process", for a full refresh'],
    [stageEvent({ stage: 'map', process: 'Segments' }), 'write either "stage"'],
    [stageEvent({ stage: 'map', status: 'Done' }), '"status" is "Done": write one of Successful, Failed'],
    [stageEvent({ stage: 'map', runId: undefined }), '"runId" is missing'],
    [stageEvent({ stage: 'map', expected: 0 }), '"expected" is 0: write a list of 1 to 50 names, or how many'],
    [stageEvent({ stage: 'map', expected: [] }), '"expected" is []: write a list'],
    [stageEvent({ stage: 'map', expected: 'map' }), '"expected" is "map": write a list'],
    [stageEvent({ process: 'A', kind: 'manual' }), '"kind" is "manual": write "Scheduled" or "OnDemand"'],
    [stageEvent({ stage: 'x'.repeat(201) }), '"stage" is longer than 200 characters'],
    [busEvent('FullRefreshed', { runId: '1', status: 'Failed', kind: 'OnDemand' }), 'FullRefreshed is not the end of'],
    ['{', 'the message is not JSON'],
    [stageEvent({ stage: 'map' }, { time: '2026-10-22T11:00:00Z' }), 'is more than 29 days ago'],
  ])('is stored with its reason, and the batch continues: %s', async (body, reason) => {
    const [map, ...rest] = unification('Successful', 'Successful', 'Successful') as [string, string, string];
    expect(await collector.collect([map, body, ...rest])).toEqual([]);
    expect(collector.rejected.kept).toEqual([{ body, reason: expect.stringContaining(reason) }]);
    expect(collector.telemetry.counts[Metric.REJECTED_EVENTS]).toBe(1);
    expect(published()).toHaveLength(1);
  });

  it('is a stage above the maximum', async () => {
    const stages = Array.from({ length: MAX_STAGES + 1 }, (_, n) => stageEvent({ process: `P${n}` }));
    expect(await collector.collect(stages)).toEqual([]);
    expect(collector.rejected.kept).toEqual([
      { body: stages.at(-1), reason: `run run-1 already has ${MAX_STAGES} stages, the maximum` },
    ]);
  });
});

describe('a batch', () => {
  it('that fails within a run retries the run’s later messages and does not affect other runs', async () => {
    const bodies = [
      stageEvent({ process: 'A', expected: 1 }),
      stageEvent({ process: 'A', status: 'Failed' }),
      stageEvent({ runId: 'run-2', process: 'A', expected: 1 }),
    ];
    const ports = collector.ports();
    const publish: typeof ports.events.publish = async (detailType, detail) => {
      if (detail.runId === 'run-1') throw new Error('no');
      return ports.events.publish(detailType, detail);
    };
    const messages = bodies.map((body, n) => ({ id: String(n), body }));
    expect(await collectBatch(messages, { ...ports, events: { publish } })).toEqual(['0', '1']);
    expect(details().map(({ runId }) => runId)).toEqual(['run-2']);
  });

  it('fails for a run that changes during every attempt', async () => {
    const ports = collector.ports();
    const runs = { ...ports.runs, write: async () => false };
    const messages = [{ id: '0', body: stageEvent({ stage: 'map' }) }];
    expect(await collectBatch(messages, { ...ports, runs })).toEqual(['0']);
    expect(collector.telemetry.lines.join()).toContain('changed during 100 attempts');
  });
});

describe('the event of the largest run', () => {
  it('fits in an item and an event, and is valid', () => {
    const long = (text: string) => text.padEnd(MAX_NAME_LENGTH, '漢');
    let run: CollectedRun | undefined;
    const names = Array.from({ length: MAX_STAGES }, (_, n) => long(`P${n}`));
    for (const name of names) {
      const end = { refresh: 'full', instanceId: long('i'), runId: long('r'), name, status: 'Failed' } as const;
      const more = { expected: names, error: '漢'.repeat(MAX_ERROR_LENGTH), startedAt: NOW, endedAt: NOW };
      run = withStage(run, { ...end, ...more }, NOW, RULES);
    }
    expect(run?.closed).toBe('complete');
    // DynamoDB: an item has up to 400 KB, a partition key up to 2,048 bytes.
    expect(Buffer.byteLength(JSON.stringify(run))).toBeLessThan(200_000);
    expect(Buffer.byteLength(runKey(run as CollectedRun))).toBeLessThan(2048);
    const { detailType, detail } = completedEvent(run as CollectedRun, 'c'.repeat(64));
    expect(Buffer.byteLength(JSON.stringify(detail))).toBeLessThan(100_000);
    const checked = checkEvent(busEvent(detailType, detail));
    expect('value' in checked && recognize(checked.value)?.event).toMatchObject({
      trigger: 'full-refresh-completed',
      status: 'Failed',
    });
  });

  it('can have any names', async () => {
    for (const process of ['__proto__', 'constructor', '7', 'a#b%']) {
      await collector.collect([stageEvent({ runId: process, process, expected: [process] })]);
      expect(JSON.stringify(details().at(-1)?.processes)).toBe(JSON.stringify({ [process]: 'Successful' }));
    }
  });
});

it('configured names and names in events have the same length limit', () => {
  expect(MAX_STAGE_NAME_LENGTH).toBe(MAX_NAME_LENGTH);
});

it('a run names the account and Region of the first stage of another account', async () => {
  const collector = new Collector();
  const from = { account: '111122223333', region: 'eu-central-1' };
  const end = (name: string, envelope: object = {}) =>
    busEvent('RefreshStageCompleted', { runId: 'r', stage: name, status: 'Successful', expected: 3 }, envelope);
  await collector.collect([end('map'), end('match', from), end('merge', { ...from, account: '222233334444' })]);
  expect(collector.bus.published.map(({ detail }) => detail)).toMatchObject([
    { awsAccount: '111122223333', awsRegion: 'eu-central-1' },
  ]);
});
