import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { Env } from '../../contract/environment';
import { startChild } from '../engines/child';
import { functionEnvironment, type RunningEngines, serviceEnvironment, startEngines } from '../engines/engines';
import { median, threeDigits } from '../report';
import {
  BATCH,
  type Calls,
  DeliveryBench,
  type DeliveryOptions,
  type RejectedCost,
  type Round,
  type Speed,
} from './delivery-bench';
import { CERTIFICATE_FILE } from './tls';

export interface DeliveryCost extends Round {
  /** `deliver` relative to the bare loop. */
  readonly ratio: Speed;
  /** `deliver` relative to the bare loop with two updates. */
  readonly ratioWithUpdates: Speed;
  readonly rejected: RejectedCost;
  /** All deliveries. */
  readonly accepted: number;
  /** Deliveries that no flow accepted. */
  readonly lost: number;
  readonly lostShare: number;
  /** Deliveries that a flow accepted more than once. */
  readonly duplicates: number;
  /** Size of a flow's request, bytes. */
  readonly bodyBytes: number;
  readonly deliveries: number;
  readonly flows: number;
  readonly concurrency: number;
  readonly rounds: number;
}

/**
 * Delivers with the deployed bundle of `deliver` from the embedded SQS to flows over TLS. Each round alternates with a bare
 * loop that makes the same POSTs.
 * @throws Error if a POST, a call or a delivery fails unexpectedly.
 */
export async function measureDelivery(options: DeliveryOptions): Promise<DeliveryCost> {
  for (const name of ['deliveries', 'concurrency'] as const) {
    if (options[name] % BATCH > 0) {
      throw new Error(`--${name} ${options[name]} is not a multiple of ${BATCH}: a batch would not be full`);
    }
  }
  const { deliveries, flows, concurrency, rounds, progress } = options;
  const folder = mkdtempSync(join(tmpdir(), 'bench-delivery-'));
  const parts: { stop(): Promise<void> }[] = [];
  const started = async <Part extends { stop(): Promise<void> }>(part: Promise<Part>): Promise<Part> => {
    parts.push(await part);
    return part;
  };
  try {
    progress('starting the services, the flows and the function');
    const engines = await started(startEngines());
    const flow = await started(startChild<string>(join(__dirname, 'flow-process.ts')));
    const functionProcess = join(__dirname, '..', 'engines', 'function-process.ts');
    const deliver = await started(startChild(functionProcess, deliverEnvironment(engines)));
    const bareFile = await bundled(join(__dirname, 'bare-process.ts'), folder);
    const bare = await started(startChild(bareFile, bareEnvironment(engines)));
    const bench = new DeliveryBench(engines, flow, deliver, bare, options);
    await bench.register();
    const measured: Round[] = [];
    for (let round = 0; round <= rounds; round++) {
      progress(round === 0 ? 'warming up' : `round ${round} of ${rounds}`);
      const one = await bench.round();
      if (round > 0) measured.push(one);
    }
    progress('rejecting every delivery once');
    const rejected = await bench.rejected();
    bench.close();

    const medians = (of: (round: Round) => Speed): Speed => ({
      perSecond: median(measured.map((round) => of(round).perSecond)),
      cpuMs: median(measured.map((round) => of(round).cpuMs)),
    });
    const [ours, bareLoop] = [medians((round) => round.deliver), medians((round) => round.bare)];
    const updating = medians((round) => round.bareWithUpdates);
    const { accepted, lost, duplicates, bodyBytes } = bench;
    return {
      deliver: { ...rounded(ours), calls: mean(measured.map((round) => round.deliver.calls)) },
      poller: mean(measured.map((round) => round.poller)),
      bare: rounded(bareLoop),
      bareWithUpdates: rounded(updating),
      ratio: ratioOf(ours, bareLoop),
      ratioWithUpdates: ratioOf(ours, updating),
      rejected,
      accepted,
      lost,
      lostShare: lost / accepted,
      duplicates,
      bodyBytes,
      deliveries,
      flows,
      concurrency,
      rounds,
    };
  } finally {
    for (const part of parts.reverse()) await part.stop();
    rmSync(folder, { recursive: true });
  }
}

/** Bundles a process like the functions, because bundled code runs faster. Resolves to the file. */
async function bundled(entry: string, folder: string): Promise<string> {
  const outfile = join(folder, 'bare.js');
  await build({
    ...{ entryPoints: [entry], outfile, bundle: true, minify: true },
    ...{ format: 'cjs', platform: 'node', target: 'node24', mainFields: ['module', 'main'] },
  });
  return outfile;
}

/** The function's environment, and what it needs to call the flows. */
const deliverEnvironment = (engines: RunningEngines): Record<string, string> => ({
  ...functionEnvironment(engines, 'deliver'),
  [Env.LOOPBACK_FLOWS]: '1',
  NODE_EXTRA_CA_CERTS: CERTIFICATE_FILE,
});

/** The bare loop updates items of the same services. */
const bareEnvironment = (engines: RunningEngines): Record<string, string> => ({
  ...serviceEnvironment(engines),
  NODE_EXTRA_CA_CERTS: CERTIFICATE_FILE,
});

/** Mean of calls by name. A call that a round did not make counts as 0. */
function mean(all: readonly Calls[]): Calls {
  const names = new Set(all.flatMap(Object.keys));
  return Object.fromEntries(
    [...names].map((name) => [name, threeDigits(all.reduce((sum, one) => sum + (one[name] ?? 0), 0) / all.length)]),
  );
}

const ratioOf = (ours: Speed, other: Speed): Speed =>
  rounded({ perSecond: ours.perSecond / other.perSecond, cpuMs: ours.cpuMs / other.cpuMs });

const rounded = ({ perSecond, cpuMs }: Speed): Speed => ({
  perSecond: threeDigits(perSecond),
  cpuMs: threeDigits(cpuMs),
});
