import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { LOCAL_RUN_FILE, type LocalRunPlace } from '../../cli/connector/local-run';

/** Tells the CLI, if it is run from this folder, where the connector runs. Gives what takes it back. */
export function announceLocalRun(endpoint: string, folder = '.'): () => void {
  const file = join(folder, LOCAL_RUN_FILE);
  const place: LocalRunPlace = { endpoint };
  const text = JSON.stringify(place);
  try {
    writeFileSync(file, text);
  } catch {
    // A folder that cannot be written to keeps nobody from running: `--local URL` finds it, too.
    return () => {};
  }
  return () => {
    // Another run from here may have told of itself since, or somebody have removed the file.
    try {
      if (readFileSync(file, 'utf8') === text) rmSync(file, { force: true });
    } catch {
      // It is gone.
    }
  };
}
