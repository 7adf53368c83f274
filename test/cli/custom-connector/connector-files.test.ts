import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { connectorFiles, writeConnectorFiles } from '../../../cli/custom-connector/connector-files';
import { ICON } from '../../../cli/custom-connector/icon';
import { PLACEHOLDER_ID } from '../../../cli/custom-connector/properties';
import { CONNECTOR_ACTIONS } from '../../../contract/custom-connector';
import { API_URL } from '../../support/custom-connector';
import { temporaryFolder } from '../../support/temporary-files';

const API = { url: API_URL, signIn: { keys: true }, actions: CONNECTOR_ACTIONS };
const OPTIONS = { publisher: 'Data team' };
const json = (file: string) => JSON.parse(readFileSync(file, 'utf8'));

describe('the files of the connector', () => {
  it('have the address of the API', () => {
    const files = connectorFiles(API, OPTIONS);
    const { host, schemes, basePath } = JSON.parse(String(files['apiDefinition.swagger.json']));
    expect({ host, schemes, basePath }).toEqual({ host: new URL(API_URL).host, schemes: ['https'], basePath: '/v1' });
  });

  it('have a square icon of 100 to 230 pixels, on a color that Microsoft does not refuse', () => {
    expect(ICON.subarray(1, 4).toString()).toBe('PNG');
    const [width, height] = [ICON.readUInt32BE(16), ICON.readUInt32BE(20)];
    expect(width).toBe(height);
    expect(width).toBeGreaterThanOrEqual(100);
    expect(width).toBeLessThanOrEqual(230);
    const { iconBrandColor } = JSON.parse(String(connectorFiles(API, OPTIONS)['apiProperties.json'])).properties;
    expect(['#007ee5', '#ffffff']).not.toContain(iconBrandColor.toLowerCase());
  });

  it('replace an earlier export, keep the ids in settings.json, and leave no other file', () => {
    const folder = join(temporaryFolder('files'), 'new', 'folder');
    writeConnectorFiles(folder, API, OPTIONS);
    const settings = json(join(folder, 'settings.json'));
    expect(settings).toMatchObject({ connectorId: '', environment: PLACEHOLDER_ID });
    writeFileSync(
      join(folder, 'settings.json'),
      JSON.stringify({ ...settings, connectorId: 'shared_1', environment: 'e' }),
    );
    writeConnectorFiles(folder, { ...API, url: 'https://other.example.com' }, OPTIONS);
    expect(json(join(folder, 'settings.json'))).toMatchObject({ connectorId: 'shared_1', environment: 'e' });
    expect(json(join(folder, 'apiDefinition.swagger.json')).host).toBe('other.example.com');
    expect(readdirSync(folder)).toHaveLength(4);
  });

  it('do not replace those of another connector', () => {
    const folder = temporaryFolder('files');
    const file = join(folder, 'apiDefinition.swagger.json');
    for (const text of ['{"info":{"title":"Another connector"}}', 'not JSON']) {
      writeFileSync(file, text);
      expect(() => writeConnectorFiles(folder, API, OPTIONS)).toThrow('has the files of another connector');
      expect(readFileSync(file, 'utf8')).toBe(text);
    }
  });

  it('need a folder', () => {
    const file = join(temporaryFolder('files'), 'file');
    writeFileSync(file, '');
    expect(() => writeConnectorFiles(join(file, 'folder'), API, OPTIONS)).toThrow(/^cannot write to .*\(ENOTDIR\)/);
    mkdirSync(join(file, '..', 'taken', 'icon.png'), { recursive: true });
    expect(() => writeConnectorFiles(join(file, '..', 'taken'), API, OPTIONS)).toThrow(/^cannot write to /);
    expect(readdirSync(join(file, '..', 'taken')).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });
});
