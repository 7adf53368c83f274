import * as v from 'valibot';
import { TRIGGER_IDS, type TriggerId } from '../../../contract/events';
import { THRESHOLD_OPERATORS } from '../../shared/core/position';
import { looksLikeCredential } from '../../shared/core/redact';
import { closestWord, displayValue, type Issue, normalized, writeOneOf } from './entry/messages';
import { nameEntry } from './entry/name-owners-links';
import { ENTRY_SCHEMAS, type SubscriptionEntry } from './entry/schema';

/** A mistake in an entry: what is wrong and what to write instead. Contains no flow URL. */
export interface EntryMistake {
  /** Keys from the entry to the mistake. Empty for the entry itself. */
  readonly path: readonly string[];
  readonly message: string;
}

/** Checks one entry and reports every mistake in it. Never throws. */
export function checkEntry(value: unknown): { entry: SubscriptionEntry } | { mistakes: EntryMistake[] } {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    const what = value === null || value === undefined ? 'nothing' : displayValue(value);
    return { mistakes: [{ path: [], message: `is ${what}; write keys and values, such as name: vip-customers` }] };
  }
  const given = value as Record<string, unknown>;
  const schema = isTrigger(given.trigger) ? ENTRY_SCHEMAS[given.trigger] : undefined;
  if (!schema) {
    const trigger = { path: ['trigger'], message: `"trigger" ${triggerMessage({ input: given.trigger })}` };
    const { issues = [] } = v.safeParse(v.object({ name: nameEntry }), { name: given.name });
    return { mistakes: [trigger, ...mistakesOf(issues)] };
  }
  const known = Object.keys(schema.entries);
  const unknown = Object.keys(given).filter((key) => !known.includes(key));
  const meant = unknown.map((key) => intendedKeys(key, known));
  const checked = v.safeParse(schema, Object.fromEntries(known.map((key) => [key, given[key]])));
  const mistakes = unknown.map((key, at) => ({
    path: [key],
    message: unknownKeyMessage(key, given, meant[at] ?? [], known),
  }));
  for (const { path, message } of mistakesOf(checked.issues ?? [])) {
    // A misspelled key is reported once, not also as a missing key.
    const misspelled = path[0] !== undefined && given[path[0]] === undefined && meant.flat().includes(path[0]);
    if (!misspelled) mistakes.push({ path: [...path], message });
  }
  return mistakes.length === 0 && checked.success ? { entry: checked.output } : { mistakes };
}

const triggerMessage = writeOneOf(TRIGGER_IDS);
const isTrigger = (value: unknown): value is TriggerId => TRIGGER_IDS.some((id) => id === value);

function mistakesOf(issues: readonly Issue[]): EntryMistake[] {
  return issues.map((issue) => {
    const path = (issue.path ?? []).map(({ key }) => String(key));
    const label = path.map((key) => (isShowableKey(key) ? key : '…')).join('.');
    return { path, message: `"${label}" ${issue.message}` };
  });
}

/** Common wrong names of keys, in lower case. */
const SYNONYMS: Readonly<Record<string, readonly string[]>> = {
  ...Object.fromEntries(['threshold', 'value', 'level', 'limit'].map((word) => [word, THRESHOLD_OPERATORS])),
  ...Object.fromEntries(['greaterthan', 'gt', 'over', 'morethan', 'risesabove'].map((word) => [word, ['above']])),
  ...Object.fromEntries(['lessthan', 'lt', 'under', 'fallsbelow'].map((word) => [word, ['below']])),
  ...Object.fromEntries(['greaterthanorequal', 'gte', 'ge', 'atleast', 'min'].map((word) => [word, ['atOrAbove']])),
  ...Object.fromEntries(['lessthanorequal', 'lte', 'le', 'atmost', 'max'].map((word) => [word, ['atOrBelow']])),
  ...Object.fromEntries(['url', 'flow', 'webhook', 'webhookurl', 'uri', 'httpurl'].map((word) => [word, ['flowUrl']])),
  ...Object.fromEntries(['owner', 'email', 'emails', 'mail', 'to', 'recipients'].map((word) => [word, ['owners']])),
  ...Object.fromEntries(['id', 'subscription', 'title'].map((word) => [word, ['name']])),
  ...Object.fromEntries(['hysteresis', 'recover', 'recovery', 'rearm'].map((word) => [word, ['recoverTo']])),
  ...Object.fromEntries(['retries', 'includeretry'].map((word) => [word, ['includeRetries']])),
  ...Object.fromEntries(['statuses', 'state', 'result'].map((word) => [word, ['status']])),
  ...Object.fromEntries(['secret', 'secretname', 'parameter', 'flowurlsecret'].map((word) => [word, ['flowUrlFrom']])),
  ...Object.fromEntries(['authentication', 'authorization', 'entra', 'oauth'].map((word) => [word, ['auth']])),
  ...Object.fromEntries(['increasesby', 'growsby', 'rises', 'increase'].map((word) => [word, ['risesBy']])),
  ...Object.fromEntries(['decreasesby', 'dropsby', 'falls', 'drop', 'decrease'].map((word) => [word, ['fallsBy']])),
  ...Object.fromEntries(['change', 'changes', 'movesby'].map((word) => [word, ['changesBy']])),
  ...Object.fromEntries(
    ['every', 'by', 'days', 'timezone', 'grace', 'expected', 'expects', 'expectation'].map((word) => [
      word,
      ['expect'],
    ]),
  ),
  ...Object.fromEntries(['repeat', 'remind', 'remindevery'].map((word) => [word, ['repeatEvery']])),
  ...Object.fromEntries(['whenback', 'recovered', 'onrecovery'].map((word) => [word, ['alsoWhenBack']])),
  ...Object.fromEntries(['account', 'accountid', 'accounts', 'awsaccounts'].map((word) => [word, ['awsAccount']])),
  ...Object.fromEntries(['region', 'regions', 'awsregions'].map((word) => [word, ['awsRegion']])),
  instance: ['instanceId'],
  source: ['dataSource'],
};

/** The keys of this trigger that an unknown key probably means. */
function intendedKeys(key: string, known: readonly string[]): readonly string[] {
  const meanings = (SYNONYMS[normalized(key)] ?? []).filter((meaning) => known.includes(meaning));
  if (meanings.length > 0) return meanings;
  const near = closestWord(key, known);
  return near ? [near] : [];
}

function unknownKeyMessage(
  key: string,
  entry: Record<string, unknown>,
  meant: readonly string[],
  known: readonly string[],
): string {
  const label = isShowableKey(key) ? `"${key}"` : 'a key';
  const [first, ...others] = meant;
  if (first && others.length > 0) {
    const value = typeof entry[key] === 'number' || typeof entry[key] === 'string' ? displayValue(entry[key]) : '10000';
    return `${label} is not known; write above: ${value}, or atOrAbove, below, atOrBelow`;
  }
  if (first) return `${label} is not known; write ${first}`;
  const trigger = Object.entries(ENTRY_SCHEMAS).find(([, schema]) => key in schema.entries);
  if (trigger) return `${label} does not belong to the trigger ${entry.trigger}; remove it`;
  return `${label} is not known; this trigger has the keys ${known.join(', ')}`;
}

const isShowableKey = (key: string): boolean => /^[\p{L}\p{N} _.-]{1,40}$/u.test(key) && !looksLikeCredential(key);
