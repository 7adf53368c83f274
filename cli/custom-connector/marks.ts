import type { Json } from './definition';
import { lintDefinition } from './lint';

/** The marks of a good published connector, by the column of the table that shows them. */
export const MARKS = [
  'hint',
  'dynamic values',
  'dynamic list',
  'location',
  'delete',
  'test connection',
  'connector metadata',
  'trigger metadata',
] as const;
export type Mark = (typeof MARKS)[number];

/** Whether a trigger has a mark. Undefined: the mark does not apply to it. */
export type MarkResult = boolean | undefined;

export interface TriggerMarks {
  readonly operationId: string;
  readonly marks: Readonly<Record<Mark, MarkResult>>;
}

// biome-ignore lint/suspicious/noExplicitAny: a definition can have any shape, so each access is checked.
type Node = any;

/**
 * Counts the marks of each trigger. A trigger whose fields take no names from the API has no dropdown, and the trigger
 * metadata of a webhook does not exist: Microsoft's schema of the definition allows only the kind `query` with the mode
 * `polling`, and all published values that were found are these, in triggers that Power Automate polls.
 */
export function triggerMarks(definition: Json): TriggerMarks[] {
  const root: Node = definition;
  const operations = Object.values<Node>(root.paths ?? {}).flatMap((item) =>
    Object.entries<Node>(item).map(([method, operation]) => ({ method, operation })),
  );
  const ids = operations.map(({ operation }) => operation?.operationId);
  const shared = {
    delete: operations.some(({ method }) => method === 'delete'),
    'test connection': ids.includes(root['x-ms-capabilities']?.testConnection?.operationId ?? NaN),
    'connector metadata': (root['x-ms-connector-metadata'] ?? []).length > 0,
  };
  return operations
    .filter(({ operation }) => operation?.['x-ms-trigger'] !== undefined)
    .map(({ operation }) => {
      const dropdowns = fieldsOf(operation).filter((field) => DROPDOWNS.some((name) => name in field));
      const all = (name: string) => (dropdowns.length === 0 ? undefined : dropdowns.every((field) => name in field));
      return {
        operationId: String(operation.operationId),
        marks: {
          hint: Boolean(operation['x-ms-trigger-hint']),
          'dynamic values': all(DROPDOWNS[0]),
          'dynamic list': all(DROPDOWNS[1]),
          location: operation.responses?.[201]?.headers?.Location !== undefined,
          ...shared,
          'trigger metadata': undefined,
        },
      };
    });
}

const DROPDOWNS = ['x-ms-dynamic-values', 'x-ms-dynamic-list'] as const;

const fieldsOf = ({ parameters = [] }: Node): Node[] =>
  parameters.flatMap((one: Node) => [one, ...Object.values<Node>(one?.schema?.properties ?? {})]);

/** Number of the marks with a result. */
export const countMarks = (triggers: readonly TriggerMarks[], result: MarkResult): number =>
  triggers.flatMap(({ marks }) => MARKS.filter((mark) => marks[mark] === result)).length;

/** Missing marks and findings of the lint. */
export const definitionFaults = (definition: Json): string[] => [
  ...triggerMarks(definition).flatMap(({ operationId, marks }) =>
    MARKS.filter((mark) => marks[mark] === false).map(
      (mark) => `${operationId} lacks the mark "${mark}": add it to the definition.`,
    ),
  ),
  ...lintDefinition(definition).map(({ at, message }) => `${at}: ${message}`),
];
