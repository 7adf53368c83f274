import type { Action, FieldValue, FieldValues, Trigger } from './model';
import type { ActionResult } from './run-action';

/**
 * A flow whose trigger is one of the connector's. Contains no callback URL, no `Location` and no other address of the API: they
 * can be credentials.
 */
export interface Flow {
  /** The workflow's id. It is the same in each version. */
  readonly id: string;
  readonly name: string;
  readonly trigger: Trigger;
  readonly content: FlowContent;
  /** Changes with each save. */
  readonly version: string;
  readonly state: 'on' | 'off';
  readonly registration: RegistrationState;
  /** What went wrong in the last change, as a sentence. */
  readonly problem?: string;
  /** The newest runs, newest first. */
  readonly runs: readonly FlowRun[];
}

/**
 * - `registered`: the API confirmed the current version.
 * - `unconfirmed`: the API did not respond, or failed temporarily. `retry` repeats the request.
 * - `none`: the flow is off, or its registration ended and a new one was refused.
 */
export type RegistrationState = 'registered' | 'unconfirmed' | 'none';

/** What a save of a flow stores. */
export interface FlowContent {
  /** Values of the trigger's fields. */
  readonly values: FieldValues;
  /** The steps after the flow's own work. */
  readonly steps: readonly ActionStep[];
  readonly work: Work;
}

/**
 * The flow's own work between the trigger and the steps, such as sending a message. The stand-in only simulates its result.
 *
 * - `reliable`: the work of each run succeeds.
 * - `unreliable`: of ten runs, the work of two fails and that of one never ends.
 */
export type Work = 'reliable' | 'unreliable';

/** A step that runs an action of the connector. */
export interface ActionStep {
  readonly action: Action;
  /** Values of the action's inputs by name. */
  readonly inputs: Readonly<Record<string, FieldValue | TriggerOutput>>;
  /** Result of the work after which the step runs. */
  readonly runAfter: WorkResult;
}
export type WorkResult = 'succeeded' | 'failed';

/** A field of the trigger's body, as the designer's dynamic content. */
export interface TriggerOutput {
  /** Keys from the body to the value. */
  readonly path: readonly string[];
}

export interface FlowRun {
  readonly id: string;
  /** Version of the flow that ran. */
  readonly version: string;
  /** Epoch milliseconds. */
  readonly at: number;
  /** Without addresses of the API. */
  readonly body: Readonly<Record<string, unknown>>;
  /** `running`: also a run whose work never ends. */
  readonly state: 'running' | WorkResult;
  /** The steps that ran. */
  readonly steps: readonly StepResult[];
}

export interface StepResult extends ActionResult {
  readonly action: Action;
  /** Values of the inputs that the action received. */
  readonly values: FieldValues;
}

/** Result of a change. The problem is a sentence of the API or about it. */
export interface ChangeResult {
  /** Undefined: the flow does not exist, because its first registration was refused or because it was deleted. */
  readonly flow?: Flow;
  readonly problem?: string;
}

/** Each call returns a new id. */
export interface FlowIds {
  /** 32 hexadecimal digits. */
  workflow(): string;
  /** 20 digits. */
  version(): string;
  /** Signature of a callback URL. */
  signature(): string;
  run(): string;
}
