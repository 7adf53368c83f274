import type { Operation } from './operation';

/** Operations that concern the caller's own flows. */
export const FLOW_OPERATIONS: readonly Operation[] = [];
