import type { TriggerId } from '../../contract/events';
import type { WantedSubscription } from '../../lambda/registration/core/register';
import { type Metric, metricKey } from '../../lambda/shared/core/metric';
import { numberText } from '../../lambda/shared/core/number-text';
import { isBeyond, type ThresholdOperator } from '../../lambda/shared/core/position';
import { toDefinition } from '../../lambda/subscriptions/core/entry/definition';
import { checkFlowUrl, type FlowUrlOptions } from '../../lambda/subscriptions/core/flow-url';
import { checkEntry } from '../../lambda/subscriptions/core/subscription-entry';
import type { MetricState } from '../../lambda/thresholds/core/metric-state';
import { wantedText } from '../diagnosis/explain';
import { metricText } from '../diagnosis/threshold-account';
import type { Check, Prompts } from '../shell/prompts';

/** What the connector knows when somebody sets a flow up. */
export interface Known {
  /** Names of data sources that events have named. */
  readonly dataSources: readonly string[];
  /** Where each metric stands that has had a value. */
  readonly metrics: readonly MetricState[];
  /** Names of subscriptions, which a new one cannot have. */
  readonly names: ReadonlySet<string>;
  /** How a flow URL is checked. */
  readonly flowUrl: FlowUrlOptions;
}

const TRIGGERS: readonly (readonly [TriggerId, label: string])[] = [
  ['data-source-refresh-failed', 'A data source refresh failed'],
  ['data-source-refresh-succeeded', 'A data source refresh succeeded'],
  ['segment-threshold-crossed', 'A segment crossed a threshold'],
  ['measure-threshold-crossed', 'A business measure crossed a threshold'],
  ['full-refresh-completed', 'A full refresh completed'],
  ['unification-refresh-completed', 'A unification completed'],
];

const OPERATORS: readonly (readonly [ThresholdOperator, label: string])[] = [
  ['above', 'rises above it'],
  ['atOrAbove', 'reaches it, or more'],
  ['below', 'falls below it'],
  ['atOrBelow', 'falls to it, or less'],
];

/** What subscriptions of the CLI are about: it asks for no other instance. */
const INSTANCE = 'default';
/** Choices that no name can be: names are trimmed. */
const OTHER = ' other';
const ALL = ' all';

/**
 * Asks for a subscription, question by question. Changes nothing.
 * @throws CanceledError when the person ends it.
 */
export async function askSubscription(prompts: Prompts, known: Known): Promise<WantedSubscription> {
  const trigger = await prompts.choose(
    'What should start the flow?',
    TRIGGERS.map(([value, label]) => ({ value, label, hint: value })),
  );
  const about = await askSubject(trigger, prompts, known);
  const name = await prompts.ask('A name for the subscription', {
    suggestion: freeName(about.slug, known.names),
    check: (answer) =>
      known.names.has(answer)
        ? 'There is a subscription of this name: write another.'
        : mistakeIn('name', { ...about.entry, trigger, name: answer }),
  });
  const owners = await prompts.ask("Who is told? Mail addresses for the flow's message, or nothing", {
    check: (answer) => (answer.trim() === '' ? undefined : mistakeIn('owners', { trigger, owners: answer })),
  });
  const flowUrl = await askFlowUrl(prompts, known.flowUrl);
  const checked = checkEntry({ ...about.entry, trigger, name, owners: owners.trim() || undefined, flowUrl });
  if ('mistakes' in checked) throw new Error(checked.mistakes.map(({ message }) => message).join('\n'));
  return { definition: toDefinition(checked.entry), flowUrl };
}

/** What a subscription waits for, as keys of an entry, and words to make a name of. */
interface Subject {
  readonly entry: Readonly<Record<string, unknown>>;
  readonly slug: string;
}

async function askSubject(trigger: TriggerId, prompts: Prompts, known: Known): Promise<Subject> {
  switch (trigger) {
    case 'data-source-refresh-failed':
    case 'data-source-refresh-succeeded': {
      const word = trigger === 'data-source-refresh-failed' ? 'failed' : 'refreshed';
      const all = { value: ALL, label: 'Every data source' };
      const dataSource = await askName('Which data source?', 'dataSource', known.dataSources, prompts, [all]);
      if (dataSource === ALL) return { entry: {}, slug: `any source ${word}` };
      return { entry: { dataSource }, slug: `${dataSource} ${word}` };
    }
    case 'segment-threshold-crossed': {
      const segment = await askName('Which segment?', 'segment', namesOf('segment', known), prompts);
      return askThreshold({ kind: 'segment', instanceId: INSTANCE, name: segment }, { segment }, prompts, known);
    }
    case 'measure-threshold-crossed': {
      const measure = await askName('Which measure?', 'measure', namesOf('measure', known), prompts);
      const metric = await askMember({ kind: 'measure', instanceId: INSTANCE, name: measure }, prompts, known);
      return askThreshold(metric, { measure, dimensions: metric.dimensions }, prompts, known);
    }
    case 'full-refresh-completed':
      return { entry: await askStatus(prompts), slug: 'full refresh' };
    case 'unification-refresh-completed':
      return { entry: await askStatus(prompts), slug: 'unification' };
  }
}

/** Names that have been seen, to choose from, or a name to type. */
async function askName(
  question: string,
  key: string,
  seen: readonly string[],
  prompts: Prompts,
  first: readonly { readonly value: string; readonly label: string }[] = [],
): Promise<string> {
  const choices = [...first, ...seen.map((name) => ({ value: name, label: name }))];
  if (choices.length > 0) {
    const other = { value: OTHER, label: seen.length > 0 ? 'Another, which has not been seen yet' : 'One by its name' };
    const chosen = await prompts.choose(question, [...choices, other]);
    if (chosen !== OTHER) return chosen;
  }
  const typed = await prompts.ask(`${question} Letter by letter as the events name it`, {
    check: (answer) => mistakeIn(key, { [key]: answer, trigger: TRIGGER_OF_KEY[key] }),
  });
  return typed.trim();
}

const TRIGGER_OF_KEY: Readonly<Record<string, TriggerId>> = {
  dataSource: 'data-source-refresh-failed',
  segment: 'segment-threshold-crossed',
  measure: 'measure-threshold-crossed',
};

const namesOf = (kind: Metric['kind'], { metrics }: Known): string[] =>
  [
    ...new Set(metrics.filter(({ metric }) => isHere(metric) && metric.kind === kind).map(({ metric }) => metric.name)),
  ].sort();
const isHere = ({ instanceId }: Metric): boolean => instanceId === INSTANCE;

/** A measure that has come with members: all of them, or one. */
async function askMember(measure: Metric, prompts: Prompts, { metrics }: Known): Promise<Metric> {
  const members = metrics
    .map(({ metric }) => metric)
    .filter(
      (metric) => isHere(metric) && metric.kind === 'measure' && metric.name === measure.name && metric.dimensions,
    );
  if (members.length === 0) return measure;
  const key = await prompts.choose('For which of its members?', [
    { value: ALL, label: `Each of them, by itself (${numberText(members.length)} so far)` },
    ...members.map((metric) => ({ value: metricKey(metric), label: metricText(metric) })),
  ]);
  return members.find((metric) => metricKey(metric) === key) ?? measure;
}

async function askThreshold(
  metric: Metric,
  subject: Subject['entry'],
  prompts: Prompts,
  { metrics }: Known,
): Promise<Subject> {
  const current = metrics.find((state) => metricKey(state.metric) === metricKey(metric))?.last?.value;
  const name = metricText(metric);
  const standing = current === undefined ? `${name} has had no value yet` : `${name} is at ${numberText(current)}`;
  const operator = await prompts.choose(
    `${standing}. Start the flow when it …`,
    OPERATORS.map(([value, label]) => ({ value, label })),
  );
  const level = readNumber(
    await prompts.ask('The threshold', {
      check: (answer) =>
        readNumber(answer) === undefined ? 'That is no number: write it as 10000, 10,000 or 12.5.' : undefined,
    }),
  ) as number;
  const slug = `${metric.name} ${/below/i.test(operator) ? 'under' : 'over'} ${level}`;
  const entry = { ...subject, [operator]: level };
  if (current === undefined || !isBeyond(operator, level, current)) return { entry, slug };
  const fires = await prompts.confirm(`${standing} already; fire once now?`, false);
  return { entry: fires ? { ...entry, fireIfAlreadyBeyond: true } : entry, slug };
}

/** A number as people type it, with or without commas between thousands. */
export function readNumber(text: string): number | undefined {
  const plain = /^[+-]?\d{1,3}(,\d{3})+(\.\d+)?$/.test(text.trim()) ? text.replaceAll(',', '') : text;
  const isNumber = /^\s*[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?\s*$/i.test(plain);
  const value = Number(plain);
  return isNumber && Number.isFinite(value) ? value : undefined;
}

async function askStatus(prompts: Prompts): Promise<Subject['entry']> {
  const which = await prompts.choose('With which outcome?', [
    { value: 'all', label: 'Any' },
    { value: 'bad', label: 'Only when it did not succeed' },
    { value: 'good', label: 'Only when it succeeded' },
  ]);
  if (which === 'all') return {};
  return { status: which === 'good' ? ['Successful'] : ['Failed', 'TimedOut', 'Canceled', 'Skipped'] };
}

async function askFlowUrl(prompts: Prompts, options: FlowUrlOptions): Promise<string> {
  const check: Check = (answer) => {
    const checked = checkFlowUrl(answer, options);
    return 'reason' in checked ? checked.reason : undefined;
  };
  for (;;) {
    const answer = await prompts.askSecret("The flow's HTTP URL (paste it; it is not shown)", check);
    const checked = checkFlowUrl(answer, options);
    if ('reason' in checked) continue;
    if (checked.warning === undefined) return checked.url;
    prompts.warn(checked.warning);
    if (await prompts.confirm('Use it all the same?', false)) return checked.url;
  }
}

/** What is wrong with one key of an entry, as the subscription file's own check says it. */
function mistakeIn(key: string, entry: Readonly<Record<string, unknown>>): string | undefined {
  const checked = checkEntry(entry);
  if ('entry' in checked) return undefined;
  return checked.mistakes.find(({ path }) => path[0] === key)?.message;
}

/** A name made of words that no subscription has yet. */
function freeName(words: string, taken: ReadonlySet<string>): string {
  const slug = words
    .normalize('NFKD')
    .replaceAll(/\p{M}/gu, '')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-+|-+$/g, '')
    .slice(0, 60);
  const base = slug || 'my-flow';
  for (let n = 1; ; n++) {
    const name = n === 1 ? base : `${base}-${n}`;
    if (!taken.has(name)) return name;
  }
}

/** What is about to be stored, for the last question. */
export const summaryOf = ({ definition }: WantedSubscription): string => {
  const once = definition.threshold?.fireIfAlreadyBeyond ? '; fires once now' : '';
  const owners = definition.owners.length > 0 ? `; owners ${definition.owners.join(', ')}` : '';
  return `${definition.name}: ${wantedText(definition)}${once}${owners}`;
};
