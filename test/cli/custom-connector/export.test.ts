import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { SignInSettings } from '../../../contract/custom-connector';
import type { LocalStack } from '../../../local/stack';
import { callCli } from '../../support/cli';
import { API_URL, apiOutputs, serveDescription } from '../../support/custom-connector';
import { startConnectorStack } from '../../support/local-run';
import { temporaryFolder } from '../../support/temporary-files';

const FILES = ['apiDefinition.swagger.json', 'apiProperties.json', 'icon.png', 'settings.json'];
const ID = '11111111-2222-3333-4444-555555555555';
const ENTRA: SignInSettings = {
  keys: false,
  entra: { tenantId: ID, clientId: ID, identifierUri: `api://${ID}`, scope: 'flows', roles: [] },
};

type Served = Awaited<ReturnType<typeof serveDescription>>;

let stack: LocalStack;
let withKeys: Served;
let withEntra: Served;
let withoutApi: Served;
let folder: string;

beforeAll(async () => {
  stack = await startConnectorStack();
  withKeys = await serveDescription(stack, apiOutputs());
  withEntra = await serveDescription(stack, apiOutputs(ENTRA));
  withoutApi = await serveDescription(stack, {});
}, 120_000);

afterAll(async () => {
  for (const served of [withKeys, withEntra, withoutApi]) await served?.stop();
  await stack?.stop();
});

beforeEach(() => {
  folder = join(temporaryFolder('export'), 'files');
});

const exportTo = (served: Served, ...args: string[]) =>
  callCli(['connector', 'export', '-o', folder, ...args, `--local=${served.url}`]);
const read = (file: string) => JSON.parse(readFileSync(join(folder, file), 'utf8'));
const contents = () => FILES.map((file) => readFileSync(join(folder, file)).toString('base64'));

describe('connector export', () => {
  it('writes the files of the API, and the commands that create the connector', async () => {
    const { status, out, err } = await exportTo(withKeys);
    expect({ status, err }).toEqual({ status: 0, err: '' });
    expect(readdirSync(folder).sort()).toEqual(FILES);
    expect(read('apiDefinition.swagger.json')).toMatchObject({ host: new URL(API_URL).host, schemes: ['https'] });
    expect(out).toContain(`wrote 4 files to ${folder}`);
    expect(out).toContain('paconn create --settings settings.json\n');
    expect(out).toContain(`pac connector create --api-definition-file ${join(folder, FILES[0] as string)}`);
    expect(out).not.toContain('placeholder');
  });

  it('writes an icon that Power Automate accepts: a square PNG of 100 to 230 pixels', async () => {
    await exportTo(withKeys);
    const icon = readFileSync(join(folder, 'icon.png'));
    expect(icon.subarray(0, 8).toString('latin1')).toBe('\x89PNG\r\n\x1a\n');
    const [width, height] = [icon.readUInt32BE(16), icon.readUInt32BE(20)];
    expect(width).toBe(height);
    expect(width).toBeGreaterThanOrEqual(100);
    expect(width).toBeLessThanOrEqual(230);
  });

  it('writes the same bytes again, and leaves no other file', async () => {
    await exportTo(withKeys);
    const before = contents();
    expect((await exportTo(withKeys)).status).toBe(0);
    expect(contents()).toEqual(before);
    expect(readdirSync(folder).sort()).toEqual(FILES);
  });

  it('keeps the connectorId and the environment, unless --environment replaces it', async () => {
    await exportTo(withKeys, '--environment', `Default-${ID}`);
    const created = { ...read('settings.json'), connectorId: 'created' };
    writeFileSync(join(folder, 'settings.json'), JSON.stringify(created));
    await exportTo(withKeys);
    expect(read('settings.json')).toEqual(created);
    await exportTo(withKeys, '--environment', ID);
    expect(read('settings.json')).toEqual({ ...created, environment: ID });
  });

  it('writes the client id of the connector, or a placeholder with a note', async () => {
    const without = await exportTo(withEntra);
    expect(without.out).toContain('apiProperties.json has a placeholder as clientId: use --entra-client-id');
    expect(without.out).toContain('paconn create --settings settings.json --secret <client secret of the connector>');
    const clientId = '99999999-2222-3333-4444-555555555555';
    const { out, status } = await exportTo(withEntra, '--entra-client-id', clientId);
    expect(status).toBe(0);
    expect(out).not.toContain('placeholder');
    expect(JSON.stringify(read('apiProperties.json'))).toContain(clientId);
  });

  it('does not replace the files of another connector', async () => {
    mkdirSync(folder, { recursive: true });
    const other = JSON.stringify({ info: { title: 'Other' } });
    writeFileSync(join(folder, 'apiDefinition.swagger.json'), other);
    const { status, err } = await exportTo(withKeys);
    expect(status).toBe(1);
    expect(err).toContain('has the files of another connector: use -o with another folder');
    expect(readdirSync(folder)).toEqual(['apiDefinition.swagger.json']);
    expect(readFileSync(join(folder, 'apiDefinition.swagger.json'), 'utf8')).toBe(other);
  });

  it('explains that it cannot write to the folder', async () => {
    writeFileSync(folder, 'a file');
    const { status, err } = await exportTo(withKeys);
    expect(status).toBe(1);
    expect(err).toContain(`cannot write to "${folder}" (EEXIST): use -o with a folder that you can write`);
  });

  it('leaves no temporary file if a file cannot be replaced', async () => {
    mkdirSync(join(folder, 'settings.json'), { recursive: true });
    const { status, err } = await exportTo(withKeys);
    expect(status).toBe(1);
    expect(err).toContain(`cannot write to "${folder}" (EISDIR)`);
    expect(readdirSync(folder).filter((name) => !FILES.includes(name))).toEqual([]);
  });

  it.each([
    [['--entra-client-id', 'app'], '--entra-client-id is not an id'],
    [['--entra-client-id', `Default-${ID}`], '--entra-client-id is not an id'],
    [['--environment', 'prod'], '--environment is not an id'],
  ])('rejects %j', async (args, message) => {
    const { status, err } = await exportTo(withEntra, ...args);
    expect(status).toBe(2);
    expect(err).toContain(message);
    expect(() => readdirSync(folder)).toThrow('ENOENT');
  });

  it('rejects --entra-client-id for an API without Microsoft Entra ID', async () => {
    const { status, err } = await exportTo(withKeys, '--entra-client-id', ID);
    expect(status).toBe(2);
    expect(err).toContain('--entra-client-id has no effect: the API does not accept Microsoft Entra ID');
  });

  it('says what to do if the stack has no API', async () => {
    const { status, err } = await exportTo(withoutApi);
    expect(status).toBe(1);
    expect(err).toContain('call addConnectorApi() on the connector in the CDK app, and deploy it');
  });
});
