/**
 * What the flow designer reads from the exported definition of a custom connector (Swagger 2.0 with the extensions of
 * Power Automate). It knows nothing else about the connector.
 */
export interface ConnectorFile {
  readonly title: string;
  /** Address that the paths of operations follow, such as `https://example.com/v1`. */
  readonly baseUrl: string;
  readonly triggers: readonly Trigger[];
  /** The operations that a flow author can add to a flow as a step. */
  readonly actions: readonly Action[];
  /** The operation that the `Location` of a registration addresses. */
  readonly unregister: Operation;
  /** The operation that checks a new connection. */
  readonly testConnection?: OperationCall;
}

export interface Operation {
  readonly operationId: string;
  /** In upper case. */
  readonly method: string;
  readonly path: string;
  /** Inputs in the path, in the query and in the body. */
  readonly fields: readonly Field[];
  /** Property of a response with the address of the next page. */
  readonly nextLinkName?: string;
  /** By status, such as `200`, or `default`. */
  readonly responses: ReadonlyMap<string, DeclaredResponse>;
}

export interface DeclaredResponse {
  /** JSON Schema of the body. Undefined: the file describes no body. */
  readonly schema?: Schema;
}
export type Schema = Readonly<Record<string, unknown>>;

/** An operation with fixed arguments. */
export interface OperationCall {
  readonly operation: Operation;
  readonly values: FieldValues;
}

/** Texts of an operation in the designer's list. */
interface Described {
  readonly summary: string;
  readonly description: string;
}

/** A trigger that registers itself. */
export interface Trigger extends Described, Pick<Operation, 'operationId' | 'method' | 'path' | 'fields'> {
  readonly hint?: string;
  /** Fields of the runs that the trigger starts, for the flow's next steps. */
  readonly outputs: readonly OutputField[];
}

/** An operation that a flow runs as a step. */
export interface Action extends Described, Operation {
  /** Fields of a successful response, for the flow's next steps. */
  readonly outputs: readonly OutputField[];
}

/** Value of a field that is not a list. */
export type Value = string | number | boolean;
export type FieldValue = Value | readonly Value[];
/** Values of fields by name. A field that the author left empty is missing. */
export type FieldValues = Readonly<Record<string, FieldValue>>;
export type FieldType = 'string' | 'number' | 'integer' | 'boolean';
export type Visibility = 'important' | 'normal' | 'advanced' | 'internal';

/** An input of an operation. Names are unique within the operation. */
export interface Field {
  readonly name: string;
  readonly in: 'path' | 'query' | 'body';
  readonly title: string;
  readonly description?: string;
  readonly type: FieldType;
  /** Such as `date-time`. */
  readonly format?: string;
  readonly isList: boolean;
  readonly required: boolean;
  readonly visibility: Visibility;
  readonly default?: FieldValue;
  /** The only values. */
  readonly choices?: readonly Choice[];
  readonly dropdown?: Dropdown;
  /** Power Automate fills in the callback URL. */
  readonly isCallback: boolean;
}

export interface Choice {
  readonly value: Value;
  readonly title: string;
}

/** Suggested values, from the response of an operation. */
export interface Dropdown {
  readonly operation: Operation;
  /** Arguments by parameter: the value of another field, or a fixed value. */
  readonly arguments: Readonly<Record<string, { readonly field: string } | { readonly value: Value }>>;
  /** Paths in the response and in its items: keys, separated by `/`. Empty: the response itself. */
  readonly itemsPath: string;
  readonly valuePath: string;
  readonly titlePath: string;
}

export interface OutputField {
  /** Keys from the body to the value, or from the item of a list to the value. */
  readonly path: readonly string[];
  readonly title: string;
  readonly description?: string;
  readonly visibility: Visibility;
  /** The value is a list of objects with these fields. */
  readonly items?: readonly OutputField[];
}
