import type { Operation } from './operation';

/** Operations that read the subjects and the refreshes. */
export const READ_OPERATIONS: readonly Operation[] = [];
