import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { globSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { HANDLER_TIMEOUT_SECONDS, type HandlerName } from '../../contract/shared';
import { CERTIFICATE_FILE } from '../delivery/tls';
import { median, threeDigits } from '../report';
import { buildBare } from './bare-bundle';
import { environment, type FirstRequest, firstRequests } from './first-requests';
import { CannedServices } from './services';

/** Medians of the fresh processes of a bundle. */
export interface Start {
  /** User and system CPU time, milliseconds. */
  readonly cpuMs: number;
  /** From the start of the process, milliseconds. */
  readonly ms: number;
  /** Size of the bundle's files. */
  readonly bytes: number;
}

export interface BundleStart extends Start {
  /** The same calls from a bare bundle of their SDK clients. */
  readonly bare: Start;
  /** CPU time relative to that of the bare bundle. */
  readonly ratio: number;
  /** The calls of the first request, in order. */
  readonly calls: readonly string[];
}

export interface ColdStartCost {
  readonly bundles: Readonly<Record<string, BundleStart>>;
  /** A module without code. */
  readonly empty: Start;
  /** Fresh processes of each bundle. */
  readonly processes: number;
}

export interface ColdStartOptions {
  readonly processes: number;
  /** Default: all bundles. */
  readonly handlers?: readonly HandlerName[];
  readonly progress: (text: string) => void;
}

const HANDLERS = Object.keys(HANDLER_TIMEOUT_SECONDS) as HandlerName[];
const DIST = join(__dirname, '..', '..', 'dist', 'lambda');

/** What a process starts. */
interface Candidate {
  readonly bundle: string;
  readonly eventFile: string;
  readonly responses?: FirstRequest['responses'];
  readonly measured: { readonly cpuMs: number; readonly ms: number }[];
}

/**
 * Starts every bundle in fresh processes, each of which serves one request, and in turn a bare bundle that makes the same
 * calls.
 * @throws Error if a process fails, or if a first request makes other calls than expected.
 */
export async function measureColdStarts({
  processes,
  handlers = HANDLERS,
  progress,
}: ColdStartOptions): Promise<ColdStartCost> {
  const folder = mkdtempSync(join(tmpdir(), 'coldstart-'));
  const services = new CannedServices();
  try {
    const endpoint = await services.start();
    const requests = firstRequests(endpoint, Date.now());
    const file = (name: string, content: string): string => {
      const path = join(folder, name);
      writeFileSync(path, content);
      return path;
    };
    const candidate = (bundle: string, eventFile: string, responses?: FirstRequest['responses']): Candidate => ({
      ...{ bundle, eventFile, responses, measured: [] },
    });
    const start = async ({ bundle, eventFile, responses, measured }: Candidate, isMeasured = true) => {
      services.begin(responses);
      const usage = await startProcess(bundle, eventFile, environment(endpoint));
      if (isMeasured) measured.push(usage);
      return services.calls;
    };
    const empty = candidate(file('empty.js', ''), file('empty.json', '{}'));
    const pairs: { handler: HandlerName; ours: Candidate; bare: Candidate; calls: string[] }[] = [];
    for (const handler of handlers) {
      const { event, responses, calls: expected } = requests[handler];
      const eventFile = file(`${handler}.json`, JSON.stringify(event));
      const ours = candidate(join(DIST, handler, 'index.js'), eventFile, responses);
      const made = await start(ours, false);
      const calls = made.map(({ name }) => name);
      if (calls.toSorted().join() !== expected.toSorted().join()) {
        throw new Error(
          `the first request of ${handler} made the calls ${calls.join(', ')}, not ${expected.join(', ')}`,
        );
      }
      const bundle = join(folder, `bare-${handler}.js`);
      const bareEvent = await buildBare(made, bundle);
      const bare = candidate(bundle, file(`bare-${handler}.json`, JSON.stringify(bareEvent)), responses);
      const repeated = (await start(bare, false)).map(({ name }) => name);
      if (repeated.join() !== calls.join())
        throw new Error(`the bare bundle of ${handler} made ${repeated.join(', ')}`);
      pairs.push({ handler, ours, bare, calls });
    }
    for (let n = 1; n <= processes; n++) {
      progress(`process ${n} of ${processes} of each bundle`);
      await start(empty);
      for (const { ours, bare } of pairs) {
        // Alternating first, so that neither always profits from the other.
        for (const one of n % 2 ? [ours, bare] : [bare, ours]) await start(one);
      }
    }
    const bundles = pairs.map(({ handler, ours, bare, calls }): [string, BundleStart] => {
      const [our, its] = [medians(ours), medians(bare)];
      return [handler, { ...our, bare: its, ratio: threeDigits(our.cpuMs / its.cpuMs), calls }];
    });
    return { bundles: Object.fromEntries(bundles), empty: medians(empty), processes };
  } finally {
    await services.stop();
    rmSync(folder, { recursive: true });
  }
}

const medians = ({ bundle, measured }: Candidate): Start => ({
  cpuMs: threeDigits(median(measured.map(({ cpuMs }) => cpuMs))),
  ms: threeDigits(median(measured.map(({ ms }) => ms))),
  bytes: bundleFiles(bundle).reduce((sum, file) => sum + statSync(file).size, 0),
});

/** The files of a function, or the file of a bare bundle. */
const bundleFiles = (bundle: string): string[] =>
  basename(bundle) === 'index.js' ? globSync(join(dirname(bundle), '*.js')) : [bundle];

async function startProcess(bundle: string, eventFile: string, variables: Readonly<Record<string, string>>) {
  const child = spawn(process.execPath, [join(__dirname, 'start.cjs'), bundle, eventFile], {
    // Like a function on AWS: no variables but its own and those that Lambda sets.
    env: {
      ...variables,
      NODE_EXTRA_CA_CERTS: CERTIFICATE_FILE,
      AWS_LAMBDA_FUNCTION_NAME: 'bench',
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'bench',
      AWS_SECRET_ACCESS_KEY: 'bench',
      AWS_SESSION_TOKEN: 'bench',
    },
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
  });
  let [stderr, report] = ['', ''];
  child.stderr?.on('data', (chunk) => {
    stderr += chunk;
  });
  child.stdio[3]?.on('data', (chunk) => {
    report += chunk;
  });
  await once(child, 'close');
  if (report === '') throw new Error(`${bundle} failed:\n${stderr}`);
  const { cpuMs, ms, result } = JSON.parse(report);
  if (result?.batchItemFailures?.length > 0 || result?.statusCode >= 400) {
    throw new Error(`${bundle} failed: ${JSON.stringify(result)}\n${stderr}`);
  }
  return { cpuMs, ms } as { cpuMs: number; ms: number };
}
