import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { SignInSettings } from '../../../contract/custom-connector';
import { Output } from '../../../contract/outputs';
import { OperationId } from '../../../lambda/custom-connector/core/definition/operation-ids';
import type { LocalStack } from '../../../local/stack';
import { callCli } from '../../support/cli';
import { API_URL, apiOutputs, serveDescription } from '../../support/custom-connector';
import { startConnectorStack } from '../../support/local-run';
import { temporaryFolder } from '../../support/temporary-files';
import { unzip } from '../../support/zip';

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
/** The API of a stack that chose only the action `read`. */
let withoutOutcomes: Served;
let folder: string;

beforeAll(async () => {
  stack = await startConnectorStack();
  withKeys = await serveDescription(stack, apiOutputs());
  withEntra = await serveDescription(stack, apiOutputs(ENTRA));
  withoutApi = await serveDescription(stack, {});
  withoutOutcomes = await serveDescription(stack, { ...apiOutputs(), [Output.CONNECTOR_API_ACTIONS]: 'read' });
}, 120_000);

afterAll(async () => {
  for (const served of [withKeys, withEntra, withoutApi, withoutOutcomes]) await served?.stop();
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

describe('connector export --as solution', () => {
  const ZIPS = ['1-connector.zip', '2-flows.zip'];
  const zip = (name: string) => unzip(readFileSync(join(folder, name)));

  it('writes the connector and the flows, and the order of their import', async () => {
    const { status, out, err } = await exportTo(withKeys, '--as', 'solution');
    expect({ status, err }).toEqual({ status: 0, err: '' });
    expect(readdirSync(folder).sort()).toEqual(ZIPS);
    expect([...zip(ZIPS[0] as string).keys()].filter((name) => name.startsWith('Connector/'))).toHaveLength(4);
    const flows = [...zip(ZIPS[1] as string)].filter(([name]) => name.startsWith('Workflows/'));
    expect(flows).toHaveLength(2);
    for (const [, flow] of flows) expect(flow).toContain(OperationId.REPORT_OUTCOME);
    const [first, second] = ZIPS.map((name) => out.indexOf(`pac solution import --path ${join(folder, name)}\n`));
    expect(first).toBeGreaterThan(0);
    expect(second).toBeGreaterThan(first as number);
    expect(out).toContain('Not tried: these files were not imported into an environment.');
    expect(out).not.toContain('No outcome is reported');
    expect(out).not.toContain('client secret');
  });

  it('writes the same bytes again', async () => {
    const bytes = () => ZIPS.map((name) => readFileSync(join(folder, name)).toString('base64'));
    await exportTo(withKeys, '--as', 'solution');
    const before = bytes();
    await exportTo(withKeys, '--as', 'solution');
    expect(bytes()).toEqual(before);
  });

  it('leaves out the reports that the API does not accept, and says how to add them', async () => {
    const { out } = await exportTo(withoutOutcomes, '--as', 'solution');
    expect(out).toContain(
      'No outcome is reported, because the API lacks the action: add ConnectorAction.REPORT_OUTCOMES',
    );
    expect([...zip('2-flows.zip').values()].join('')).not.toContain(OperationId.REPORT_OUTCOME);
  });

  it('names what the solution lacks for Microsoft Entra ID', async () => {
    const { out } = await exportTo(withEntra, '--as', 'solution');
    expect(out).toContain('1-connector.zip has no client secret. After the import, enter it');
    expect(out).toContain('1-connector.zip has a placeholder as clientId: use --entra-client-id');
    const known = await exportTo(withEntra, '--as', 'solution', '--entra-client-id', ID.replaceAll('1', '9'));
    expect(known.out).not.toContain('placeholder');
    expect([...zip('1-connector.zip').values()].join('')).toContain(ID.replaceAll('1', '9'));
  });

  it.each([
    [['--environment', ID], '--environment has no effect with --as solution'],
    [['--entra-client-id', ID], '--entra-client-id has no effect'],
  ])('rejects %j', async (args, message) => {
    const { status, err } = await exportTo(withKeys, '--as', 'solution', ...args);
    expect(status).toBe(2);
    expect(err).toContain(message);
    expect(() => readdirSync(folder)).toThrow('ENOENT');
  });
});

describe('connector export --check', () => {
  it('prints the marks of each trigger and their sum, and writes nothing', async () => {
    const { status, out, err } = await exportTo(withKeys, '--check');
    expect({ status, err }).toEqual({ status: 0, err: '' });
    expect(() => readdirSync(folder)).toThrow('ENOENT');
    const [head, ...lines] = out.split('\n');
    expect(head).toMatch(
      /^TRIGGER +HINT +DYNAMIC VALUES +DYNAMIC LIST +LOCATION +DELETE +TEST CONNECTION +CONNECTOR METADATA +TRIGGER METADATA +MARKS$/,
    );
    expect(lines.slice(0, 6).map((line) => line.replaceAll(/ +/g, ' '))).toEqual([
      'WhenDataSourceRefreshFails yes yes yes yes yes yes yes - 7 of 8',
      'WhenDataSourceRefreshSucceeds yes yes yes yes yes yes yes - 7 of 8',
      'WhenSegmentCrossesThreshold yes yes yes yes yes yes yes - 7 of 8',
      'WhenMeasureCrossesThreshold yes yes yes yes yes yes yes - 7 of 8',
      'WhenFullRefreshCompletes yes - - yes yes yes yes - 5 of 8',
      'WhenUnificationCompletes yes - - yes yes yes yes - 5 of 8',
    ]);
    expect(out).toContain('Sum: 45 of 56 marks. 11 do not apply:');
    expect(out).toContain('trigger metadata: x-ms-trigger-metadata describes triggers that Power Automate polls.');
    expect(out).toMatch(/No faults\.\n$/);
  });

  it('accepts the exported folder, and finds a file that differs from the API', async () => {
    await exportTo(withKeys);
    expect((await exportTo(withKeys, '--check')).status).toBe(0);
    const file = join(folder, 'apiDefinition.swagger.json');
    const changed = JSON.stringify({ ...read('apiDefinition.swagger.json'), host: 'other.example.com' });
    writeFileSync(file, changed);
    const { status, out, err } = await exportTo(withKeys, '--check');
    expect(status).toBe(1);
    expect(out).not.toContain('No faults.');
    expect(err).toBe(
      `apiDefinition.swagger.json in "${folder}" differs from the definition of this API: run connector export to replace it.\n1 fault\n`,
    );
    expect(readFileSync(file, 'utf8')).toBe(changed);
  });
});

describe('flow --by connector', () => {
  const file = () => join(temporaryFolder('flow'), 'flow.zip');
  const generate = (served: Served, output: string, ...args: string[]) =>
    callCli(['flow', ...args, '--by', 'connector', '-o', output, `--local=${served.url}`]);
  const workflow = (output: string) =>
    [...unzip(readFileSync(output))].find(([name]) => name.startsWith('Workflows/'))?.[1] ?? '';

  it('writes a flow with the given values of the trigger, which needs only to be switched on', async () => {
    const output = file();
    const set = ['segment=VIP customers', 'level=10000', 'owners=kim@example.com'].flatMap((pair) => ['--set', pair]);
    const { status, out, err } = await generate(
      withKeys,
      output,
      ...['segment-threshold-crossed', '--then', 'email', ...set],
    );
    expect({ status, err }).toEqual({ status: 0, err: '' });
    expect(out).toContain(`wrote ${output}: Segment threshold crossed - e-mail\n`);
    expect(out).toContain('Open the flow, save it and switch it on: it registers itself.');
    expect(workflow(output)).toContain('"body/segment": "VIP customers"');
    expect(workflow(output)).toContain('"body/level": 10000');
    expect(workflow(output)).toContain(OperationId.REPORT_OUTCOME);
  });

  it('names what the flow author enters', async () => {
    const output = file();
    const mail = await generate(withKeys, output, 'segment-threshold-crossed', '--then', 'email');
    expect(mail.out).toContain('Open the flow, enter Segment, Level, Owners in its trigger, save it');
    const others = await generate(
      withKeys,
      output,
      'full-refresh-completed',
      '--then',
      'email',
      '--to',
      'a@example.com',
    );
    expect(others.out).toContain('Open the flow, save it');
    const teams = await generate(withKeys, output, 'data-source-refresh-failed', '--then', 'teams');
    expect(teams.out).toContain('Open the flow, select the channel, save it');
    expect(teams.out).toContain('If the import does not find the connector, use --connector-id.');
  });

  it('uses the id of the connector in the environment', async () => {
    const output = file();
    const api = 'shared_pacon-5fcustomerdata-5f0123456789abcdef';
    const { out } = await generate(
      withKeys,
      output,
      ...['full-refresh-completed', '--then', 'teams', '--connector-id', api],
    );
    expect(out).not.toContain('--connector-id');
    expect(workflow(output)).toContain(`/providers/Microsoft.PowerApps/apis/${api}"`);
  });

  it('leaves out the report that the API does not accept, and says how to add it', async () => {
    const output = file();
    const { out } = await generate(withoutOutcomes, output, 'full-refresh-completed', '--then', 'teams');
    expect(out).toContain('No outcome is reported, because the API lacks the action');
    expect(workflow(output)).not.toContain(OperationId.REPORT_OUTCOME);
  });

  it('refuses a field that the trigger does not have', async () => {
    const args = ['full-refresh-completed', '--then', 'email', '--set', 'state=Failed'];
    const { status, err } = await generate(withKeys, file(), ...args);
    expect(status).toBe(2);
    expect(err).toContain('--set: the trigger has no field "state"; did you mean status?');
  });

  it('says what to do if the stack has no API', async () => {
    const { status, err } = await generate(withoutApi, file(), 'full-refresh-completed', '--then', 'teams');
    expect(status).toBe(1);
    expect(err).toContain('call addConnectorApi() on the connector in the CDK app, and deploy it');
  });
});
