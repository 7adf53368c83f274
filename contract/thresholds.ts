/** Sparse index of items with scheduled work. Keys only. Key: `dueKind` (string), `due` (number, epoch milliseconds). */
export const DUE_INDEX = {
  name: 'by-due',
  partitionKey: 'dueKind',
  sortKey: 'due',
} as const;
