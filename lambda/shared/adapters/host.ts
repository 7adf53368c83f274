import { randomBytes, randomUUID } from 'node:crypto';
import type { Clock } from '../core/ports';
import { type HandlerTelemetry, handlerTelemetry } from './telemetry';

/** What a function gets from where it runs. The tests start the same functions on a simulated host. */
export interface Host {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  /** 0 to 1. */
  readonly random: () => number;
  /** Returns a unique id. */
  readonly newId: () => string;
  /** Returns 128 random bits in base64url. */
  readonly newSecret: () => string;
  readonly telemetry: (connectorId: string) => HandlerTelemetry;
}

export const lambdaHost: Host = {
  env: process.env,
  clock: Date.now,
  random: Math.random,
  newId: randomUUID,
  newSecret: () => randomBytes(16).toString('base64url'),
  telemetry: handlerTelemetry,
};
