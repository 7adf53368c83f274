import type { ConnectorActionId } from '../../../../contract/custom-connector';

/**
 * A field of a trigger or an action as the flow designer shows it. The check of requests and the exported definition of the connector
 * both use it.
 */
export interface Field {
  /** Key in the request. Power Automate stores it in the flows that use the trigger, so it never changes. */
  readonly name: string;
  /** Label in the designer. */
  readonly title: string;
  readonly description: string;
  readonly type: 'string' | 'number' | 'integer' | 'boolean';
  /** The value is an instant, ISO 8601. */
  readonly format?: 'date-time';
  /** The value is a list of `type`. */
  readonly isList?: true;
  readonly required?: true;
  /** The definition has the field only if the API has this action. */
  readonly needs?: ConnectorActionId;
  /** Hidden under the designer's advanced parameters. */
  readonly advanced?: true;
  readonly default?: string | boolean;
  /** The only values. */
  readonly choices?: readonly Choice[];
  /** Suggested values from the running API. Other values can be typed. */
  readonly dropdown?: Dropdown;
}

export interface Choice {
  readonly value: string;
  readonly title: string;
}

/** An operation that returns `{ value: [{ name, title }] }`. */
export interface Dropdown {
  readonly operationId: string;
  /** Fields or parameters of the operation whose values the operation takes as query parameters of the same names. */
  readonly parameters: readonly string[];
}
