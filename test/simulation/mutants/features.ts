import type { Mutant } from './mutant';

const observe = 'lambda/thresholds/core/observe.ts';
const outcome = 'lambda/delivery/core/outcomes/outcome.ts';

/** Some evaluations last longer than a registration. */
const SLOW_EVALUATIONS = { races: 300, operations: 100, spanMs: 6 * 3_600_000, rates: { 'slow call': 0.06 } };

/** Faults in thresholds on changes, outcomes and expectations. */
export const FEATURES: readonly Mutant[] = [
  {
    name: 'change: compared with the oldest value that is old enough',
    file: 'lambda/thresholds/core/changed-items.ts',
    changes: [['recent.findLast(([at]) => at <= instant)', 'recent.find(([at]) => at <= instant)']],
  },
  {
    name: 'change: each change starts from that of the last value, also since the previous value',
    file: 'lambda/thresholds/core/changed-items.ts',
    changes: [
      [
        "const from = comparedWith === 'previous' ? NO_CHANGE : changePosition(",
        "const from = comparedWith === 'previous' ? changePosition(one, state.recent.at(-2)?.[1], last.value) : changePosition(",
      ],
    ],
  },
  {
    name: 'change: values that leave the state are not stored',
    file: observe,
    changes: [['  await Promise.all(dropped.map(', '  await Promise.all(dropped.slice(dropped.length).map(']],
    // More values of a metric than its state keeps, for more than a day.
    scenario: { events: 1200, spanMs: 36 * 3_600_000, subscriptions: 30, makers: 0, declared: 0, moods: [] },
  },
  {
    name: 'change: the check does not make evaluations watch the changes',
    file: observe,
    changes: [
      ['(last && isOnChanges ? { bases: {} } : undefined)', '(last && version < 0 ? { bases: {} } : undefined)'],
    ],
  },
  {
    name: 'change: the check lets an evaluation go on that no longer watches the changes',
    file: observe,
    changes: [["if (!hits) return 'replaced';", "if (!hits || (isOnChanges && before.changes)) return 'replaced';"]],
    story: 'S: a threshold on changes',
  },
  {
    name: 'the check lets an evaluation go on that began before the threshold',
    regression: 12,
    file: observe,
    changes: [
      ["if (!hits) return 'replaced';", "if (!hits || (last && !isOnChanges && hits.length === 0)) return 'replaced';"],
    ],
    scenario: SLOW_EVALUATIONS,
  },
  {
    name: 'a registration settles items that a later one has marked',
    regression: 3,
    file: 'lambda/thresholds/adapters/threshold-table.ts',
    changes: [[' = :due`', ' <> :due OR attribute_exists(pk)`']],
    scenario: { races: 300, spanMs: 40 * 60_000, rates: { 'slow call': 0.3 } },
  },
  {
    name: 'outcome: a failure replaces a success',
    file: outcome,
    changes: [
      [
        'if (outcome && OUTCOME_STATES.indexOf(state) <= OUTCOME_STATES.indexOf(outcome.state)) return undefined;',
        'if (outcome?.state === state) return undefined;',
      ],
    ],
  },
  {
    name: 'outcome: overdue a minute too early',
    file: 'lambda/delivery/core/deliver.ts',
    changes: [['clock() + Math.round(finishWithin / pace)', 'clock() - 60_000 + Math.round(finishWithin / pace)']],
  },
  {
    name: 'outcome: a report that arrives before the response is overwritten',
    file: 'lambda/delivery/adapters/delivery-table.ts',
    changes: [['const outcome = early ? afterAcceptance(early, awaited) : awaited;', 'const outcome = awaited;']],
  },
  {
    name: 'outcome: announced before it is published',
    file: 'lambda/delivery/core/outcomes/outcome-announcement.ts',
    changes: [
      ['  if (!isRemoved) await announceOutcome(key, written, announced, ports);\n', ''],
      [
        '  await outcomes.write(key, written, afterAnnouncement(announced));',
        '  await outcomes.write(key, written, afterAnnouncement(announced));\n  if (!isRemoved) await announceOutcome(key, written, announced, ports);',
      ],
    ],
  },
  {
    name: 'expectation: an older refresh counts',
    file: 'lambda/expectations/core/tracked.ts',
    changes: [
      [
        'const newest = (known: Refresh | undefined) => !known || endedAt > known.endedAt;',
        'const newest = (known: Refresh | undefined) => !known || endedAt > 0;',
      ],
    ],
  },
  {
    name: 'expectation: a changed one keeps its state',
    file: 'lambda/expectations/core/expect.ts',
    changes: [['if (known && sameJson(known.expectation, expectation))', 'if (known && sameJson(known.uid, uid))']],
    scenario: { subscriptions: 30, races: 300, operations: 60, spanMs: 2 * 3_600_000 },
  },
  {
    name: 'expectation: the decision is removed before it is published',
    file: 'lambda/expectations/core/process.ts',
    changes: [
      [
        '  await allSettledOrThrow(\n    firings.map(',
        '  const isWritten = await expectations.write({ ...current, unsent: [] }, tracked);\n  await allSettledOrThrow(\n    firings.map(',
      ],
      ['  return expectations.write({ ...current, unsent: [] }, tracked);', '  return isWritten;'],
    ],
    scenario: { subscriptions: 30, rates: { 'crash before a call': 0.02, 'event refused': 0.3 } },
  },
  {
    name: 'expectation: an entry that a crash left behind sends an event',
    regression: 1,
    file: 'lambda/expectations/core/process.ts',
    changes: [
      [
        'const firings = tracked.unsent.filter(isExpected);',
        'const firings = tracked.unsent.filter((one) => one || isExpected(one));',
      ],
    ],
    // The refresh comes before the command has followed its change.
    scenario: { subscriptions: 30, races: 300, operations: 60, rates: { 'slow call': 0.4 } },
  },
  {
    name: 'expectation: a command that is interrupted leaves its old entry',
    regression: 37,
    file: 'lambda/registration/core/expectations.ts',
    changes: [['if (key === undefined || key === nextKey) return;', 'if (key !== undefined) return;']],
    scenario: { subscriptions: 30, races: 300, operations: 60 },
  },
  {
    name: 'expectation: written without a version check',
    file: 'lambda/expectations/adapters/expectation-table.ts',
    changes: [
      [
        "const unchangedSinceRead = 'id = :id AND version = :version'",
        "const unchangedSinceRead = 'id = :id AND version >= :version'",
      ],
    ],
  },
];
