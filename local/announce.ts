import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { LOCAL_RUN_FILE, type LocalRunPlace } from '../cli/local-run';

/** Tells the CLI, if it is run from this folder, where the connector runs. Gives what takes it back. */
export function announceLocalRun(endpoint: string): () => void {
  const place: LocalRunPlace = { endpoint };
  const text = JSON.stringify(place);
  writeFileSync(LOCAL_RUN_FILE, text);
  return () => {
    // Another run from here may have told of itself since, or somebody have removed the file.
    const isOurs = existsSync(LOCAL_RUN_FILE) && readFileSync(LOCAL_RUN_FILE, 'utf8') === text;
    if (isOurs) rmSync(LOCAL_RUN_FILE, { force: true });
  };
}
