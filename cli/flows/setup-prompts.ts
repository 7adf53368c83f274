import { TRIGGER_IDS, type TriggerId } from '../../contract/events';
import type { DesiredSubscription } from '../../lambda/registration/core/register';
import { type Metric, metricKey } from '../../lambda/shared/core/metric';
import { numberText } from '../../lambda/shared/core/number-text';
import { isBeyond, type ThresholdOperator } from '../../lambda/shared/core/position';
import { toDefinition } from '../../lambda/subscriptions/core/entry/definition';
import { checkFlowUrl, type FlowUrlOptions } from '../../lambda/subscriptions/core/flow-url';
import { checkEntry } from '../../lambda/subscriptions/core/subscription-entry';
import type { MetricState } from '../../lambda/thresholds/core/metric-state';
import { metricText } from '../../lambda/thresholds/core/threshold-status';
import type { Prompts } from '../shell/prompts';
import { flowUrlError } from '../subscriptions/flow-url-input';
import { conditionText } from '../subscriptions/subscription-text';
import { TRIGGER_TITLES } from '../subscriptions/triggers';

/** Data of the connector that the prompts use. */
export interface SetupContext {
  /** Data sources that events or subscriptions name. */
  readonly dataSources: readonly string[];
  /** Metrics with a value. */
  readonly metrics: readonly MetricState[];
  readonly names: ReadonlySet<string>;
  readonly flowUrl: FlowUrlOptions;
}

const OPERATORS: readonly (readonly [ThresholdOperator, label: string])[] = [
  ['above', 'rises above the threshold'],
  ['atOrAbove', 'rises to the threshold or above'],
  ['below', 'falls below the threshold'],
  ['atOrBelow', 'falls to the threshold or below'],
];

/** The prompts support the default instance only. */
const INSTANCE = 'default';
/** Values of special choices. They cannot be names, because names are trimmed. */
const OTHER = ' other';
const ALL = ' all';

/**
 * Prompts for a subscription. Stores nothing.
 * @throws CanceledError if the user cancels.
 */
export async function askSubscription(prompts: Prompts, context: SetupContext): Promise<DesiredSubscription> {
  const trigger = await prompts.choose(
    'What should start the flow?',
    TRIGGER_IDS.map((value) => ({ value, label: TRIGGER_TITLES[value], hint: value })),
  );
  const about = await askSubject(trigger, prompts, context);
  const name = await prompts.ask('Name of the subscription', {
    suggestion: freeName(about.slug, context.names),
    validate: (answer) =>
      context.names.has(answer)
        ? 'A subscription with this name exists. Use another name.'
        : mistakeOf('name', { ...about.entry, trigger, name: answer }),
  });
  const owners = await prompts.ask('Owners: email addresses that the flow can notify (optional)', {
    validate: (answer) => (answer.trim() === '' ? undefined : mistakeOf('owners', { trigger, owners: answer })),
  });
  const flowUrl = await askFlowUrl(prompts, context.flowUrl);
  const checked = checkEntry({ ...about.entry, trigger, name, owners: owners.trim() || undefined, flowUrl });
  if ('mistakes' in checked) throw new Error(checked.mistakes.map(({ message }) => message).join('\n'));
  return { definition: toDefinition(checked.entry), flowUrl };
}

/** The condition of a subscription as keys of an entry, and words for its name. */
interface Subject {
  readonly entry: Readonly<Record<string, unknown>>;
  readonly slug: string;
}

async function askSubject(trigger: TriggerId, prompts: Prompts, context: SetupContext): Promise<Subject> {
  switch (trigger) {
    case 'data-source-refresh-failed':
    case 'data-source-refresh-succeeded': {
      const word = trigger === 'data-source-refresh-failed' ? 'failed' : 'refreshed';
      const all = { value: ALL, label: 'Every data source' };
      const dataSource = await askName('Which data source?', 'dataSource', context.dataSources, prompts, [all]);
      if (dataSource === ALL) return { entry: {}, slug: `any source ${word}` };
      return { entry: { dataSource }, slug: `${dataSource} ${word}` };
    }
    case 'segment-threshold-crossed': {
      const segment = await askName('Which segment?', 'segment', namesOf('segment', context), prompts);
      return askThreshold({ kind: 'segment', instanceId: INSTANCE, name: segment }, { segment }, prompts, context);
    }
    case 'measure-threshold-crossed': {
      const measure = await askName('Which measure?', 'measure', namesOf('measure', context), prompts);
      const metric = await askMember({ kind: 'measure', instanceId: INSTANCE, name: measure }, prompts, context);
      return askThreshold(metric, { measure, dimensions: metric.dimensions }, prompts, context);
    }
    case 'full-refresh-completed':
      return { entry: await askStatus(prompts), slug: 'full refresh' };
    case 'unification-refresh-completed':
      return { entry: await askStatus(prompts), slug: 'unification' };
  }
}

/** Offers the observed names, or prompts for a name. */
async function askName(
  question: string,
  key: string,
  observed: readonly string[],
  prompts: Prompts,
  first: readonly { readonly value: string; readonly label: string }[] = [],
): Promise<string> {
  const choices = [...first, ...observed.map((name) => ({ value: name, label: name }))];
  if (choices.length > 0) {
    const other = { value: OTHER, label: observed.length > 0 ? 'Another one, not observed yet' : 'Enter a name' };
    const chosen = await prompts.choose(question, [...choices, other]);
    if (chosen !== OTHER) return chosen;
  }
  const typed = await prompts.ask(`${question} Enter the name exactly as in the events`, {
    validate: (answer) => mistakeOf(key, { [key]: answer, trigger: TRIGGER_OF_KEY[key] }),
  });
  return typed.trim();
}

const TRIGGER_OF_KEY: Readonly<Record<string, TriggerId>> = {
  dataSource: 'data-source-refresh-failed',
  segment: 'segment-threshold-crossed',
  measure: 'measure-threshold-crossed',
};

const namesOf = (kind: Metric['kind'], { metrics }: SetupContext): string[] =>
  [
    ...new Set(metrics.filter(({ metric }) => isHere(metric) && metric.kind === kind).map(({ metric }) => metric.name)),
  ].sort();
const isHere = ({ instanceId }: Metric): boolean => instanceId === INSTANCE;

/** Prompts for one member or all members of a measure, if it has members. */
async function askMember(measure: Metric, prompts: Prompts, { metrics }: SetupContext): Promise<Metric> {
  const members = metrics
    .map(({ metric }) => metric)
    .filter(
      (metric) => isHere(metric) && metric.kind === 'measure' && metric.name === measure.name && metric.dimensions,
    );
  if (members.length === 0) return measure;
  const key = await prompts.choose('Which member of the measure?', [
    { value: ALL, label: `Each member separately (${numberText(members.length)} so far)` },
    ...members.map((metric) => ({ value: metricKey(metric), label: metricText(metric) })),
  ]);
  return members.find((metric) => metricKey(metric) === key) ?? measure;
}

async function askThreshold(
  metric: Metric,
  subject: Subject['entry'],
  prompts: Prompts,
  { metrics }: SetupContext,
): Promise<Subject> {
  const current = metrics.find((one) => metricKey(one.metric) === metricKey(metric))?.last?.value;
  const name = metricText(metric);
  const state = current === undefined ? `${name} has no value yet` : `${name} is at ${numberText(current)}`;
  const operator = await prompts.choose(
    `${state}. Start the flow when it …`,
    OPERATORS.map(([value, label]) => ({ value, label })),
  );
  const level = readNumber(
    await prompts.ask('Threshold', {
      validate: (answer) =>
        readNumber(answer) === undefined ? 'Not a number. Use a form such as 10000, 10,000 or 12.5.' : undefined,
    }),
  ) as number;
  const slug = `${metric.name} ${/below/i.test(operator) ? 'under' : 'over'} ${level}`;
  const entry = { ...subject, [operator]: level };
  if (current === undefined || !isBeyond(operator, level, current)) return { entry, slug };
  const fires = await prompts.confirm(`${state}, which is already beyond the threshold. Fire once now?`, false);
  return { entry: fires ? { ...entry, fireIfAlreadyBeyond: true } : entry, slug };
}

/** Parses a number with or without thousands separators. */
export function readNumber(text: string): number | undefined {
  const plain = /^[+-]?\d{1,3}(,\d{3})+(\.\d+)?$/.test(text.trim()) ? text.replaceAll(',', '') : text;
  const isNumber = /^\s*[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?\s*$/i.test(plain);
  const value = Number(plain);
  return isNumber && Number.isFinite(value) ? value : undefined;
}

async function askStatus(prompts: Prompts): Promise<Subject['entry']> {
  const which = await prompts.choose('Which outcome?', [
    { value: 'all', label: 'Any outcome' },
    { value: 'bad', label: 'Only failures' },
    { value: 'good', label: 'Only successes' },
  ]);
  if (which === 'all') return {};
  return { status: which === 'good' ? ['Successful'] : ['Failed', 'TimedOut', 'Canceled', 'Skipped'] };
}

async function askFlowUrl(prompts: Prompts, options: FlowUrlOptions): Promise<string> {
  for (;;) {
    const answer = await prompts.askSecret('HTTP URL of the flow (input is hidden)', (text) =>
      flowUrlError(text, options),
    );
    const checked = checkFlowUrl(answer, options);
    if ('reason' in checked) continue;
    if (checked.warning === undefined) return checked.url;
    prompts.warn(checked.warning);
    if (await prompts.confirm('Use it anyway?', false)) return checked.url;
  }
}

/** The mistake in one key of an entry, with the message that a subscription file gets. */
function mistakeOf(key: string, entry: Readonly<Record<string, unknown>>): string | undefined {
  const checked = checkEntry(entry);
  if ('entry' in checked) return undefined;
  return checked.mistakes.find(({ path }) => path[0] === key)?.message;
}

/** An unused name made from words. */
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

export const summaryOf = ({ definition }: DesiredSubscription): string => {
  const once = definition.threshold?.fireIfAlreadyBeyond ? '; fires once now' : '';
  const owners = definition.owners.length > 0 ? `; owners ${definition.owners.join(', ')}` : '';
  return `${definition.name}: ${conditionText(definition)}${once}${owners}`;
};
