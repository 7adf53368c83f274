declare module 'dynalite' {
  import type { Server } from 'node:http';

  /** Milliseconds that a table stays in CREATING, UPDATING or DELETING. Data is in memory unless `path` is set. */
  interface DynaliteOptions {
    readonly createTableMs?: number;
    readonly updateTableMs?: number;
    readonly deleteTableMs?: number;
    readonly path?: string;
  }

  export default function dynalite(options?: DynaliteOptions): Server;
}
