import { startEngines } from '../engines/engines';
import { threeDigits } from '../report';
import { type DispatchCost, FanoutBench, type Sent } from './fanout-bench';

export interface FanoutOptions {
  /** Subscriptions that one event matches. */
  readonly subscriptions: number;
  /** Numbers of subscriptions that do not match, from 1. */
  readonly others: readonly number[];
  readonly progress: (text: string) => void;
}

/** One event that one subscription matches. */
export interface OtherCell extends DispatchCost {
  readonly others: number;
}

export interface Fanout {
  readonly subscriptions: number;
  readonly others: readonly OtherCell[];
  /** One event that all subscriptions match, with the largest number of others. */
  readonly fanout: DispatchCost & { readonly sent: Sent };
  /** The same, with a crash half-way. */
  readonly crash: { readonly sentBefore: number; readonly sent: Sent };
}

/** Data sources of the same length. None has the beginning of another. */
const ONE = 'Orders-one';
const ALL = 'Orders-all';
const OTHERS = 'Orders-etc';

/**
 * Measures what an event costs `dispatch`: with an increasing number of subscriptions that do not match, and with many that
 * do. Then kills `dispatch` half-way.
 */
export async function measureFanout({ subscriptions, others, progress }: FanoutOptions): Promise<Fanout> {
  const engines = await startEngines();
  const bench = new FanoutBench(engines);
  try {
    await bench.start();
    await bench.subscribe(ONE, 0, 1);
    const cells: OtherCell[] = [];
    let written = 0;
    for (const count of others) {
      progress(`adding subscriptions that do not match, up to ${count}`);
      await bench.subscribe(OTHERS, written, count);
      written = count;
      cells.push({ others: count, ...rounded(await bench.measure(ONE)) });
      const { ids } = await bench.take();
      if (ids !== 1) throw new Error(`the event was sent to ${ids} subscriptions, not to 1`);
    }
    progress(`adding ${subscriptions} subscriptions that match`);
    await bench.subscribe(ALL, 0, subscriptions);
    progress('dispatching an event to all of them');
    const cost = rounded(await bench.measure(ALL));
    const sent = await bench.take();
    progress('again, with a crash half-way');
    const sentBefore = await bench.crash(ALL, Math.min(subscriptions, CRASH_AFTER));
    const crash = { sentBefore, sent: await bench.take() };
    return { subscriptions, others: cells, fanout: { ...cost, sent }, crash };
  } finally {
    await bench.stop();
    await engines.stop();
  }
}

/** Deliveries after which `dispatch` is killed: half of a page. */
const CRASH_AFTER = 250;

const rounded = (cost: DispatchCost): DispatchCost => ({
  ...cost,
  cpuMs: threeDigits(cost.cpuMs),
  ms: threeDigits(cost.ms),
  peakMb: threeDigits(cost.peakMb),
});

/** Sentences about costs that depend on the number of others, and about lost and changed deliveries. */
export function fanoutProblems({ subscriptions, others, fanout, crash }: Fanout): string[] {
  const [first, ...more] = others;
  const grown = more.flatMap((cell) =>
    ([({ readUnits }) => readUnits, ({ writeUnits }) => writeUnits, requestsOf] as ((cost: DispatchCost) => number)[])
      .map((of, n) => ({
        what: ['read units', 'write units', 'requests'][n],
        is: of(cell),
        was: of(first as OtherCell),
      }))
      .filter(({ is, was }) => is !== was)
      .map(
        ({ what, is, was }) =>
          `an event costs ${is} ${what} with ${cell.others} subscriptions that do not match, and ${was} with ${first?.others}`,
      ),
  );
  const lost = [
    { when: '', sent: fanout.sent },
    { when: ' with a crash', sent: crash.sent },
  ].flatMap(({ when, sent }) => [
    ...(sent.ids === subscriptions
      ? []
      : [`an event${when} was sent to ${sent.ids} of ${subscriptions} subscriptions`]),
    ...(sent.variants === 1 ? [] : [`a repeated delivery${when} differs from the first one`]),
  ]);
  return [...grown, ...lost];
}

export const requestsOf = ({ requests }: DispatchCost): number =>
  Object.values(requests).reduce((sum, count) => sum + count, 0);
