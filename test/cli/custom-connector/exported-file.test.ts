import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { readExportedDefinition } from '../../../cli/custom-connector/exported-file';
import { temporaryFolder } from '../../support/temporary-files';

const folder = temporaryFolder('exported-file');
const file = join(folder, 'apiDefinition.swagger.json');

it.each<[string, object]>([
  ['{"info":{"version":"1.0.0"},"host":"a.example.com"}', { version: '1.0.0', host: 'a.example.com' }],
  ['\u{FEFF}{"info":{"version":"1.0.0"}}', { version: '1.0.0' }],
  ['{"info":{"version":1},"host":2}', {}],
  ['{"info":null}', {}],
  ['[]', {}],
  ['null', {}],
  ['{', {}],
])('reads the version and the host of a definition: %s', (content, parts) => {
  writeFileSync(file, content);
  expect(readExportedDefinition(folder)).toEqual({ file, ...parts });
});

it('refuses a definition in another encoding', () => {
  writeFileSync(file, Buffer.from('{}', 'utf16le'));
  expect(() => readExportedDefinition(folder)).toThrow(/is in UTF-16/);
});
