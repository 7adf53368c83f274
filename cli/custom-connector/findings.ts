import { DEFINITION_VERSION } from '../../contract/custom-connector';
import type { StoredKey } from '../../lambda/custom-connector/core/ports';
import { displayValue } from '../../lambda/subscriptions/core/entry/messages';
import { type Finding, note, problem } from '../diagnosis/finding';
import { relativeTime, timeText } from '../shell/time';
import type { ExportedDefinition } from './exported-file';

const DAY = 24 * 60 * 60 * 1000;
/** Age of a key that was never used, milliseconds. */
const UNUSED_AGE = 7 * DAY;
/** Time before a key expires in which it should be replaced, milliseconds. */
const EXPIRY_NOTICE = 14 * DAY;

/** Findings about the keys of the API. */
export const keyFindings = (keys: readonly StoredKey[], now: number): Finding[] =>
  keys.flatMap((key) => expiryFinding(key, now) ?? unusedFinding(key, now) ?? []);

function expiryFinding({ name, expiresAt }: StoredKey, now: number): Finding | undefined {
  if (expiresAt === undefined || expiresAt - now > EXPIRY_NOTICE) return undefined;
  const isExpired = expiresAt <= now;
  return problem(
    `key ${name} ${isExpired ? 'expired' : 'expires'} ${timeText(expiresAt, now)}`,
    `${isExpired ? 'The API refuses it' : 'Then the API refuses it'}: flows whose connection has this key cannot be saved or switched on. Registered flows still run.`,
    `If it is still needed, create another key (connector key create) and enter it in the connections. Then: connector key revoke ${name}.`,
  );
}

function unusedFinding({ name, createdAt, lastUsedAt }: StoredKey, now: number): Finding | undefined {
  if (lastUsedAt !== undefined || now - createdAt <= UNUSED_AGE) return undefined;
  return note(
    `key ${name} was created ${relativeTime(createdAt, now)} and never used`,
    'A key that is not needed can still be stolen.',
    `If it is not needed: connector key revoke ${name}.`,
  );
}

/**
 * Findings about the exported definition of the custom connector.
 * @param url of the API.
 */
export function definitionFindings({ file, version, host }: ExportedDefinition, url: string): Finding[] {
  if (version === undefined || host === undefined) {
    return [
      problem(
        `${file} is not the definition of a custom connector`,
        'Power Automate cannot import it.',
        'Export the files again with connector export.',
      ),
    ];
  }
  const findings: Finding[] = [];
  const current = new URL(url).host;
  if (host !== current) {
    findings.push(
      problem(
        `${file} has the host ${displayValue(host)}, and the API has the host ${current}`,
        'Flows register with another API, or cannot register.',
        'Export the files again with connector export, and update the custom connector with them.',
      ),
    );
  }
  if (version !== DEFINITION_VERSION) {
    findings.push(
      note(
        `${file} has the version ${displayValue(version)}, and this version of the package exports ${DEFINITION_VERSION}`,
        'Power Automate shows the triggers and fields of the other version. Flows that use them still run.',
        'Export the files again with connector export, and update the custom connector with them.',
      ),
    );
  }
  return findings;
}
