import type { Operation } from './operation';

/** Operations that report facts. */
export const REPORT_OPERATIONS: readonly Operation[] = [];
