/** Records the stored items and messages of the current code as fixtures of its version. Run: `npm run record:version`. */
import { version } from '../package.json';
import { recordVersion } from '../test/support/versions/record';
import { startVersionServers } from '../test/support/versions/servers';
import { synthesize } from '../test/support/versions/template';
import { writeVersion } from '../test/support/versions/version';

async function main(): Promise<void> {
  const servers = await startVersionServers();
  try {
    writeVersion(await recordVersion(version, servers, synthesize()));
  } finally {
    await servers.stop();
  }
}

void main();
