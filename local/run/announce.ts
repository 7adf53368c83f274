import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { LOCAL_RUN_FILE, type LocalRunEndpoint } from '../../cli/connector/local-run';

/** Writes the file that tells the CLI in this folder the endpoint. Returns a function that removes it. */
export function writeLocalRunFile(endpoint: string, folder = '.'): () => void {
  const file = join(folder, LOCAL_RUN_FILE);
  const place: LocalRunEndpoint = { endpoint };
  const text = JSON.stringify(place);
  try {
    writeFileSync(file, text);
  } catch {
    // In a read-only folder, the CLI needs `--local URL`.
    return () => {};
  }
  return () => {
    // Another run in this folder may have replaced or removed the file.
    try {
      if (readFileSync(file, 'utf8') === text) rmSync(file, { force: true });
    } catch {
      // Already removed.
    }
  };
}
