import type { Operation } from './operation';

/** Operations that report whether a flow finished. */
export const OUTCOME_OPERATIONS: readonly Operation[] = [];
