/** Sparse index of what the sweep must come back to. Key: `dueKind` (string), `due` (number, epoch milliseconds). Keys only. */
export const DUE_INDEX = {
  name: 'by-due',
  partitionKey: 'dueKind',
  sortKey: 'due',
} as const;
