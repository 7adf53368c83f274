import { expect, it } from 'vitest';
import { definitionFindings, keyFindings } from '../../../cli/custom-connector/findings';
import type { Finding } from '../../../cli/diagnosis/finding';
import { DEFINITION_VERSION } from '../../../contract/custom-connector';
import type { StoredKey } from '../../../lambda/custom-connector/core/ports';
import { API_URL } from '../../support/custom-connector';

const NOW = Date.parse('2026-11-20T12:00:00Z');
const DAY = 24 * 3_600_000;
const HOST = new URL(API_URL).host;
const FILE = 'connector-files/apiDefinition.swagger.json';

const titles = (findings: readonly Finding[]) => findings.map(({ severity, title }) => `${severity}: ${title}`);

it.each<[Partial<StoredKey>, string[]]>([
  [{ createdAt: NOW - 7 * DAY }, []],
  [{ createdAt: NOW - 7 * DAY - 1 }, ['note: key team was created 7 d ago and never used']],
  [{ createdAt: NOW - 400 * DAY, lastUsedAt: NOW - 300 * DAY }, []],
  [{ lastUsedAt: NOW - DAY, expiresAt: NOW + 14 * DAY + 1 }, []],
  [{ lastUsedAt: NOW - DAY, expiresAt: NOW + 14 * DAY }, ['problem: key team expires 2026-12-04 12:00:00Z (in 14 d)']],
  [{ lastUsedAt: NOW - DAY, expiresAt: NOW }, ['problem: key team expired 2026-11-20 12:00:00Z (now)']],
  // The expiry alone: both findings have the same remedy.
  [
    { createdAt: NOW - 9 * DAY, expiresAt: NOW - 2 * DAY },
    ['problem: key team expired 2026-11-18 12:00:00Z (2 d ago)'],
  ],
])('reports a key that needs attention: %j', (key, expected) => {
  const all = keyFindings([{ name: 'team', hash: '0', createdAt: NOW, ...key }], NOW);
  expect(titles(all)).toEqual(expected);
  for (const { action } of all) expect(action).toContain('connector key revoke team');
});

it.each<[object, string[]]>([
  [{ version: DEFINITION_VERSION, host: HOST }, []],
  [
    { version: '0.9.0', host: HOST },
    [`note: ${FILE} has the version "0.9.0", and this version of the package exports ${DEFINITION_VERSION}`],
  ],
  [
    { version: DEFINITION_VERSION, host: 'api.example.com' },
    [`problem: ${FILE} has the host "api.example.com", and the API has the host ${HOST}`],
  ],
  [{ version: DEFINITION_VERSION }, [`problem: ${FILE} is not the definition of a custom connector`]],
  [{ host: HOST }, [`problem: ${FILE} is not the definition of a custom connector`]],
])('reports an outdated definition: %j', (parts, expected) => {
  const all = definitionFindings({ file: FILE, ...parts }, API_URL);
  expect(titles(all)).toEqual(expected);
  for (const { action } of all) expect(action).toContain('connector export');
});
