import { randomBytes, randomInt } from 'node:crypto';
import type { FlowIds } from '../../power-automate/flow';

const digits = (count: number): string => Array.from({ length: count }, () => randomInt(10)).join('');

/** Ids in the formats of Power Automate. */
export const flowIds: FlowIds = {
  workflow: () => randomBytes(16).toString('hex'),
  version: () => `08584${digits(15)}`,
  signature: () => randomBytes(32).toString('base64url'),
  run: () => `08584${digits(24)}CU${digits(2)}`,
};
