import type { Flow } from '../../../power-automate/flow';
import type { Action, Trigger } from '../../../power-automate/model';
import type { ActionResult } from '../../../power-automate/run-action';
import type { Reporting } from './reporting';
import type { Texts } from './texts';

/** What the designer shows. */
export interface DesignerView {
  /** The connector's title. */
  readonly title: string;
  readonly triggers: readonly Trigger[];
  readonly actions: readonly Action[];
  /** Undefined: no trigger and no action is chosen. */
  readonly form?: DesignerForm;
}
export type DesignerForm = FlowForm | ActionForm;

/** The form of a new flow or of an existing one. */
export interface FlowForm {
  readonly trigger: Trigger;
  /** Undefined: a new flow. */
  readonly flow?: Flow;
  readonly name: string;
  readonly texts: Texts;
  /** Undefined: the connector has no action that reports the outcome of a run. */
  readonly reporting?: ReportingChoice;
  /** Why the flow was not saved, as sentences. */
  readonly problems: readonly string[];
}

export interface ReportingChoice {
  /** The action that reports. */
  readonly action: Action;
  readonly chosen: Reporting;
}

/** The form that tests an action. */
export interface ActionForm {
  readonly action: Action;
  readonly texts: Texts;
  /** Mistakes of the inputs, as sentences. */
  readonly problems: readonly string[];
  /** Undefined: the action has not run. */
  readonly result?: ShownResult;
}

export interface ShownResult extends ActionResult {
  /** Paths of the HTML documents in the body, by their text. */
  readonly documents: ReadonlyMap<string, string>;
}
