import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { expect, it } from 'vitest';
import { newSigningKey, signedToken, TENANT_ID, USER_CLAIMS } from '../../../support/entra';
import { startEntraStandIn, tokenAnswer } from '../../../support/servers/entra-stand-in';
import { temporaryFolder } from '../../../support/temporary-files';

const MODULE = join(__dirname, '../../../../lambda/custom-connector/adapters/token-verifier.ts');

it('a bundle downloads the keys from Microsoft Entra ID, which local runs can redirect', async () => {
  const outfile = join(temporaryFolder('token-verifier'), 'index.js');
  await build({ entryPoints: [MODULE], outfile, bundle: true, platform: 'node', format: 'cjs' });
  const script = `
    const { tokenVerifier } = require(${JSON.stringify(outfile)});
    const verify = tokenVerifier({ tenantId: ${JSON.stringify(TENANT_ID)}, clock: Date.now });
    verify(process.env.TOKEN).then((result) => console.log(JSON.stringify(result)));
  `;
  const key = newSigningKey('key-1');
  const exp = Math.floor(Date.now() / 1000) + 3600;
  const run = async (environment: Readonly<Record<string, string>>, ver: string) => {
    const TOKEN = signedToken(key, { ...USER_CLAIMS, ver, exp });
    const env = { ...process.env, ...environment, TOKEN };
    const { stdout } = await promisify(execFile)(process.execPath, ['-e', script], { env });
    return JSON.parse(stdout);
  };
  const entra = await startEntraStandIn(() => tokenAnswer('a.token'), [key.published]);
  try {
    for (const ver of ['1.0', '2.0']) {
      expect(await run(entra.environment, ver)).toEqual({ claims: { ...USER_CLAIMS, ver, exp } });
    }
    expect(await run({ ...entra.environment, ENTRA_STAND_IN: '' }, '2.0')).toEqual({ unavailable: 'ENOTFOUND' });
    expect(entra.forms).toEqual([]);
  } finally {
    entra.stop();
  }
});
