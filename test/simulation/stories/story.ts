import type { SimulatedFlows } from '../flows';
import type { Oracle } from '../oracle/oracle';
import type { SimulatedStack } from '../stack';
import type { Worker } from '../world/network';
import type { World } from '../world/world';

/** Protocols of docs/architecture.md, "Protocols". */
export const PROTOCOLS = ['E', 'S', 'D', 'C', 'R'] as const;
export type Protocol = (typeof PROTOCOLS)[number];

/** Everything that a story can use. */
export interface Stage {
  readonly world: World;
  readonly stack: SimulatedStack;
  readonly flows: SimulatedFlows;
  readonly oracle: Oracle;
  /** Runs the simulation without an explorer until nothing happens for a while, or for some milliseconds. */
  settle(milliseconds?: number): Promise<void>;
  /** Runs a command of an operator. If it fails or crashes, it is run again once the exploration has ended. */
  operator(command: (worker: Worker) => Promise<unknown>): void;
}

/** A small scope: a state, and workers that then run at the same time, in every order. */
export interface Story {
  readonly protocol: Protocol;
  readonly name: string;
  /** Work queues whose messages are processed during the exploration. Others wait for its end. */
  readonly queues: readonly ('observations' | 'triggers' | 'deliveries' | 'stages')[];
  /** Maximum number of crashes in a schedule. @default 0 */
  readonly crashes?: number;
  /** How the names begin of the workers that can crash. @default '' */
  readonly crashing?: string;
  /** Maximum number of lost responses in a schedule. @default 0 */
  readonly lost?: number;
  /**
   * Time that can pass in a schedule, milliseconds: between any two steps, until the next message appears or invocation
   * ends. @default 0
   */
  readonly lasts?: number;
  /** Milliseconds until an index shows a write. @default 0 */
  readonly indexLag?: number;
  /** A story that `npm cit` explores. */
  readonly isSmallest?: boolean;
  prepare(stage: Stage): Promise<void>;
  /** Starts the workers whose calls are interleaved. */
  begin(stage: Stage): void;
  /** Mistakes at the end that the oracle does not check. */
  verify?(stage: Stage): readonly string[];
}

export const titleOf = ({ protocol, name }: Pick<Story, 'protocol' | 'name'>): string => `${protocol}: ${name}`;
