import type { ActionStep, FlowContent } from '../../../power-automate/flow';
import type { Action, ConnectorFile, Trigger } from '../../../power-automate/model';

/** Whether the runs of a flow report their outcome. */
export const REPORTING = ['never', 'always', 'unreliable'] as const;
export type Reporting = (typeof REPORTING)[number];

/** The setting in a form or in a flow. The default is `never`. */
export const reportingOf = (text: string | null): Reporting => REPORTING.find((one) => one === text) ?? 'never';
export const reportingOfFlow = ({ steps, work }: FlowContent): Reporting =>
  steps.length === 0 ? 'never' : work === 'reliable' ? 'always' : 'unreliable';

/** The action whose inputs are the delivery's id and the outcome. */
const OPERATION = 'ReportOutcome';
const DELIVERY_ID = 'deliveryId';

/** The action that reports the outcome of a trigger's runs. Undefined: the connector has none. */
export const reportingAction = (
  { actions }: Pick<ConnectorFile, 'actions'>,
  { outputs }: Trigger,
): Action | undefined =>
  outputs.some(({ path }) => path.join() === DELIVERY_ID)
    ? actions.find(({ operationId }) => operationId === OPERATION)
    : undefined;

/** The last steps of a flow: one after work that succeeded, one after work that failed. */
export function reportingSteps(action: Action | undefined, reporting: Reporting): Pick<FlowContent, 'steps' | 'work'> {
  const work = reporting === 'unreliable' ? 'unreliable' : 'reliable';
  if (!action || reporting === 'never') return { steps: [], work };
  const step = (outcome: ActionStep['runAfter'], message?: string): ActionStep => ({
    ...{ action, runAfter: outcome },
    inputs: { [DELIVERY_ID]: { path: [DELIVERY_ID] }, outcome, ...(message !== undefined && { message }) },
  });
  return { steps: [step('succeeded'), step('failed', 'The simulated work of this run failed.')], work };
}
