import fc from 'fast-check';
import { hidden, type SecretName, secretsIn } from './secrets';

/** What one run of the code under test gave. */
export interface Result {
  /** Log lines, responses, reasons, errors and other output that people read: no credential. */
  readonly shown?: readonly unknown[];
  /** Stored rows, messages and events: none of `entrusted`. */
  readonly stored?: readonly unknown[];
  /** Credentials that `stored` must not contain. Default: all. */
  readonly entrusted?: readonly SecretName[];
  /** What is wrong otherwise. */
  readonly problems?: readonly string[];
}

/** A part of the product that reads what others write. */
export interface Target<Input> {
  readonly name: string;
  readonly inputs: fc.Arbitrary<Input>;
  /** Number of inputs in one run. */
  readonly batch?: number;
  readonly start: () => Promise<{ run(input: Input): Promise<Result>; stop?(): Promise<void> }>;
}

/** Time limit of a run, milliseconds. */
const HANG_MS = 20_000;

/** Everything that is wrong with a result. */
export function mistakesOf({ shown = [], stored = [], entrusted, problems = [] }: Result): string[] {
  const leaks = (where: string, outputs: readonly unknown[], names?: readonly SecretName[]) =>
    outputs.flatMap((output) =>
      secretsIn(output)
        .filter((name) => names?.includes(name) ?? true)
        .map((name) => `${where} a ${name}: ${hidden(output).slice(0, 600)}`),
    );
  return [...problems, ...leaks('shows', shown), ...leaks('stores', stored, entrusted)];
}

/**
 * Runs mutated inputs until one makes a mistake, and shrinks that one.
 * @throws Error with the seed, the command that repeats the run, the input and its mistakes, without credentials.
 */
export async function fuzz<Input>(
  target: Target<Input>,
  { inputs, seed, command }: { readonly inputs: number; readonly seed: number; readonly command: string },
): Promise<void> {
  let started = await target.start();
  let isSpoilt = false;
  const rejections: unknown[] = [];
  const onRejection = (reason: unknown) => rejections.push(reason);
  process.on('unhandledRejection', onRejection);
  try {
    const property = fc.asyncProperty(target.inputs, async (input) => {
      let result: Result;
      if (isSpoilt) {
        await started.stop?.();
        started = await target.start();
        isSpoilt = false;
      }
      try {
        result = await started.run(input);
      } catch (error) {
        result = { problems: [`throws ${hidden(error)}`], shown: [error] };
      }
      const unhandled = rejections.splice(0).map((reason) => `rejects and no one handles it: ${hidden(reason)}`);
      const mistakes = [...mistakesOf(result), ...unhandled];
      // What is left of this input must not spoil the next one.
      isSpoilt = mistakes.length > 0;
      if (isSpoilt) throw new Error(mistakes.slice(0, 5).join('\n'));
    });
    const numRuns = Math.ceil(inputs / (target.batch ?? 1));
    const found = await fc.check(property, { seed, numRuns, timeout: HANG_MS });
    if (!found.failed) return;
    const after = found.numRuns * (target.batch ?? 1);
    const { counterexample, errorInstance, numShrinks, counterexamplePath } = found;
    throw new Error(
      `${target.name}: FUZZ_SEED=${seed} fails after ${after} inputs (${numShrinks} shrinks, path ${counterexamplePath})\n` +
        `repeat it: ${command}\n` +
        `${hidden((errorInstance as Error | null)?.message ?? 'hangs')}\ninput: ${hidden(counterexample?.[0]).slice(0, 3000)}`,
    );
  } finally {
    process.off('unhandledRejection', onRejection);
    await started.stop?.();
  }
}
