import { afterAll, describe, it } from 'vitest';
import { fuzz, type Target } from './fuzz';
import { everythingPlan, restoreTimer } from './stand';
import { busEvents } from './targets/bus-events';
import { commandLines } from './targets/command-lines';
import { connectorRequests } from './targets/connector-requests';
import { customResources } from './targets/custom-resources';
import { flowResponses } from './targets/flow-responses';
import { queueMessages } from './targets/queue-messages';
import { secretContents } from './targets/secret-contents';
import { subscriptionFiles } from './targets/subscription-files';

/** All inputs, spread over the targets. */
const INPUTS = Number(process.env.FUZZ_INPUTS ?? (process.env.SOAK ? 100_000 : 2_000));
/** New inputs every day. A failure prints the seed. */
const SEED = Number(process.env.FUZZ_SEED ?? new Date().toISOString().slice(0, 10).replaceAll('-', ''));

const plan = everythingPlan();
const TARGETS: readonly Target<never>[] = [
  busEvents(plan),
  subscriptionFiles,
  connectorRequests(plan),
  flowResponses(plan),
  secretContents(plan),
  customResources(plan),
  commandLines(plan),
  queueMessages(plan),
] as never;

describe('any input', () => {
  afterAll(restoreTimer);

  it.each(TARGETS)(
    'gives an effect or a clear error, and repeats no credential: $name',
    (target) =>
      fuzz(target, {
        inputs: Math.ceil(INPUTS / TARGETS.length),
        seed: SEED,
        command: `FUZZ_SEED=${SEED} FUZZ_INPUTS=${INPUTS} npx vitest run test/fuzz/fuzz.test.ts -t "${target.name}"`,
      }),
    3_600_000,
  );
});
