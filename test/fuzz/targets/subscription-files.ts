import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { parse, stringify } from 'yaml';
import { TextFileDecoder, TextFileError } from '../../../cli/shell/text-file';
import { readSubscriptionFile, SubscriptionFileError } from '../../../cli/subscriptions/subscription-file';
import type { Target } from '../fuzz';
import { mostlyMutated, perhapsDamaged } from '../mutations';
import { OWN_FLOW_URL } from '../secrets';

const ENVIRONMENT = { LOCAL_FLOWS: 'https://prod-00.westeurope.logic.azure.com/workflows', FLOW: OWN_FLOW_URL };
interface Entry {
  readonly name: string;
}
const example: { readonly subscriptions: Entry[] } = parse(
  readFileSync(join(__dirname, '../../../examples/retailer/subscriptions.yaml'), 'utf8'),
);
const auth = { type: 'entra', tenantId: 'contoso.onmicrosoft.com', clientId: '66666666-7777-8888-9999-aaaaaaaaaaaa' };
/** Entries with the keys that the example does not have. */
const MORE: readonly Entry[] = [
  {
    ...{ name: 'tenant', trigger: 'full-refresh-completed', flowUrlFrom: { secret: 'crm/flow-urls', field: 'a' } },
    auth: { ...auth, clientSecret: { secret: 'crm/client-secret' } },
  } as Entry,
  {
    ...{ name: 'limits', trigger: 'measure-threshold-crossed', measure: 'Revenue', above: 10, recoverTo: 5 },
    ...{ dimensions: { Region: 'EU' }, rateLimit: { calls: 5, per: '1m' }, maxAge: '4h', keepAlive: '30d' },
    ...{ flowUrl: `\${FLOW}`, flowLink: 'https://make.powerautomate.com/x', format: 'teams-card' },
  } as Entry,
];
const ENTRIES = [...example.subscriptions, ...MORE];
const LAST: Entry = { name: 'came-last', trigger: 'unification-refresh-completed', flowUrl: `\${FLOW}` } as Entry;
/** Files with two of these entries each: one mistake in a long file hides the others. */
const FILES = ENTRIES.map((entry, n) => ({ set: 'fuzz', subscriptions: [entry, ENTRIES[(n + 1) % ENTRIES.length]] }));

const ENCODINGS = ['utf8', 'utf8', 'utf8', 'utf8', 'utf8', 'utf8', 'utf16le', 'latin1'] as const;
const file = fc.record({
  text: perhapsDamaged(
    fc.record({ content: mostlyMutated(FILES), asYaml: fc.boolean() }).map(({ content, asYaml }) => {
      const whole = withLast(content);
      return asYaml ? yamlOf(whole) : JSON.stringify(whole);
    }),
  ),
  encoding: fc.constantFrom(...ENCODINGS),
  chunk: fc.constantFrom(61, 1000, 100_000),
});

/** Adds a valid entry at the end. */
function withLast(content: unknown): unknown {
  const { subscriptions } = (content ?? {}) as { subscriptions?: unknown };
  return Array.isArray(subscriptions) ? { ...(content as object), subscriptions: [...subscriptions, LAST] } : content;
}

/** YAML cannot write some values, such as deep ones. */
function yamlOf(content: unknown): string {
  try {
    return stringify(content);
  } catch {
    return JSON.stringify(content);
  }
}

/** `FILE:LINE: what is wrong`, or a count of more mistakes. */
const MISTAKE = /^(file\.yaml:\d+: |… and \d)/;

/** Subscription files as the CLI reads them. */
export const subscriptionFiles: Target<{ text: string; encoding: BufferEncoding; chunk: number }> = {
  name: 'subscription files',
  inputs: file,
  async start() {
    return {
      async run({ text: written, encoding, chunk }) {
        const bytes = Buffer.from(written, encoding);
        try {
          const decoder = new TextFileDecoder('file.yaml');
          let text = '';
          for (let at = 0; at < bytes.length; at += chunk) text += decoder.write(bytes.subarray(at, at + chunk));
          text += decoder.end();
          const { entries, warnings, set } = readSubscriptionFile(text, {
            file: 'file.yaml',
            environment: ENVIRONMENT,
          });
          const definitions = entries.map(({ definition }) => definition);
          const asked = /name"?: ?"?came-last\b/.test(text);
          const isThere = !asked || definitions.some(({ name }) => name === LAST.name);
          return {
            shown: [warnings, set],
            stored: definitions,
            problems: isThere ? [] : ['lost: the entry that came with them'],
          };
        } catch (error) {
          if (error instanceof TextFileError) return { shown: [error.message] };
          if (!(error instanceof SubscriptionFileError)) throw error;
          const unclear = error.mistakes.filter((mistake) => !MISTAKE.test(mistake));
          const problems = unclear.map((mistake) => `names no line: ${mistake}`);
          if (error.count === 0 || error.mistakes.length === 0) problems.push('refuses a file without a mistake');
          return { shown: [error.message], problems };
        }
      },
    };
  },
};
