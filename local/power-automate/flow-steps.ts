import type { ActionStep, FlowRun, StepResult, Work, WorkResult } from './flow';
import type { ConnectorFile, FieldValue } from './model';
import { outputValue } from './outputs';
import type { Caller } from './pages';
import { runAction } from './run-action';

/** The result of the work of a flow's run. Undefined: the work never ends. @param n number of the run, from 1. */
export function workResult(work: Work, n: number): WorkResult | undefined {
  if (work === 'reliable') return 'succeeded';
  if (n % 10 === UNENDING_RUN) return undefined;
  return n % 5 === FAILED_RUN ? 'failed' : 'succeeded';
}

/** Which of five runs fails, and which of ten never ends. Early ones, so that a short trial shows both. */
const FAILED_RUN = 2;
const UNENDING_RUN = 4;

/** Runs the steps that follow the result of the work, one after the other. A step that fails ends the run. */
export async function runSteps(
  file: Pick<ConnectorFile, 'baseUrl'>,
  steps: readonly ActionStep[],
  body: FlowRun['body'],
  work: WorkResult,
  caller: Caller,
): Promise<Pick<FlowRun, 'state' | 'steps'>> {
  const results: StepResult[] = [];
  for (const { action, inputs } of steps.filter(({ runAfter }) => runAfter === work)) {
    const values = Object.fromEntries(
      Object.entries(inputs).flatMap(([name, input]) => {
        const value = typeof input === 'object' && 'path' in input ? outputValue(body, input) : input;
        return value === undefined || value === null ? [] : [[name, value as FieldValue]];
      }),
    );
    const result = { action, values, ...(await runAction(file, action, values, caller)) };
    results.push(result);
    if (result.problems.length > 0) return { state: 'failed', steps: results };
  }
  return { state: work, steps: results };
}
