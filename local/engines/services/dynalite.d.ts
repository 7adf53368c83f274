declare module 'dynalite' {
  import type { Server } from 'node:http';

  /** Milliseconds that a table stays in CREATING and so on; in memory unless `path` names a folder. */
  interface DynaliteOptions {
    readonly createTableMs?: number;
    readonly updateTableMs?: number;
    readonly deleteTableMs?: number;
    readonly path?: string;
  }

  export default function dynalite(options?: DynaliteOptions): Server;
}
