/** Runs every row of the tables in docs/thresholds.md on the real code. The page explains the notation. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, test } from 'vitest';
import { readSubscriptionFile } from '../../cli/subscriptions/subscription-file';
import { register, unregister } from '../../lambda/registration/core/register';
import { canonicalDimensions, type Dimensions } from '../../lambda/shared/core/metric';
import type { SubscriptionDefinition } from '../../lambda/subscriptions/core/subscription';
import { CHANGE_PICTURE_FILE, drawChangePicture } from '../../scripts/docs/change-picture';
import { drawPicture, PICTURE_FILE } from '../../scripts/docs/threshold-picture';
import { Evaluator, measure, segment } from '../support/evaluation';

const DOCS = join(__dirname, '..', '..', 'docs');
const PAGE = readFileSync(join(DOCS, 'thresholds.md'), 'utf8');

type Subject = 'measure' | 'segment';
interface Row {
  readonly line: number;
  readonly cells: readonly string[];
}
interface Table {
  readonly heading: string;
  readonly columns: readonly string[];
  readonly rows: readonly Row[];
}

/** The table under each `###` heading of a section. Throws if a table has no rows. */
function tablesOf(section: string): Table[] {
  const lines = PAGE.split('\n').map((text, n) => ({ text, line: n + 1 }));
  const start = lines.findIndex(({ text }) => text === `## ${section}`);
  if (start < 0) throw new Error(`no section "${section}"`);
  const rest = lines.slice(start + 1);
  const end = rest.findIndex(({ text }) => text.startsWith('## '));
  const parts: { heading: string; rows: Row[] }[] = [];
  for (const { text, line } of end < 0 ? rest : rest.slice(0, end)) {
    if (text.startsWith('### ')) parts.push({ heading: text.slice(4), rows: [] });
    const cells = text.split('|').map((cell) => cell.trim());
    if (text.startsWith('|')) parts.at(-1)?.rows.push({ line, cells: cells.slice(1, -1) });
  }
  if (parts.length === 0) throw new Error(`section "${section}" has no tables`);
  return parts.map(({ heading, rows: [head, rule, ...rows] }) => {
    if (!head || !rule?.cells.every((cell) => /^-+$/.test(cell))) throw new Error(`no table under "${heading}"`);
    if (rows.length === 0) throw new Error(`the table under "${heading}" has no rows`);
    for (const { line, cells } of rows) {
      if (cells.length !== head.cells.length || cells.some((cell) => cell === '')) {
        throw new Error(`line ${line} does not fill the columns of its table`);
      }
    }
    return { heading, columns: head.cells, rows };
  });
}

/** The texts between backticks. Throws if the rest of the cell does not match `between`. */
function codes(cell: string, between = /^[\s,]*$/): string[] {
  const parts = cell.split('`');
  const others = parts.filter((_, n) => n % 2 === 0);
  if (parts.length < 3 || parts.length % 2 === 0 || !others.every((text) => between.test(text))) {
    throw new Error(`cannot read the cell: ${cell}`);
  }
  return parts.filter((_, n) => n % 2 === 1);
}

const onlyCode = (cell: string): string => {
  const [code, ...more] = codes(cell, /^$/);
  if (code === undefined || more.length > 0) throw new Error(`cannot read the cell: ${cell}`);
  return code;
};

/** The subscriptions `a`, `b`, … as read from a subscription file. */
function definitions(keys: readonly string[], subject: Subject): SubscriptionDefinition[] {
  const name = { measure: 'Revenue', segment: 'VIP customers' }[subject];
  const entries = keys.map((text, n) => {
    const named = text.startsWith('name: ') ? text : `name: ${letter(n)}, ${text}`;
    return `- {trigger: ${subject}-threshold-crossed, ${subject}: ${name}, ${named}}`;
  });
  const text = ['subscriptions:', ...entries].join('\n');
  const { entries: read } = readSubscriptionFile(text, { file: 'subscriptions.yaml', environment: {} });
  return read.map(({ definition }) => definition);
}

const letter = (n: number): string => String.fromCharCode('a'.charCodeAt(0) + n);

/** `EU`, or a set such as `{Region: EU, Product: Shoes}`. */
function members(text: string): Dimensions {
  const inner = /^\{(.+)\}$/.exec(text)?.[1] ?? `Region: ${text}`;
  return Object.fromEntries(
    inner.split(', ').map((pair) => {
      const [, name, member] = /^(\w+): (\w+)$/.exec(pair) ?? [];
      if (name === undefined || member === undefined) throw new Error(`cannot read the members: ${text}`);
      return [name, member];
    }),
  );
}

const MEMBERS = /^(\{[^}]*\}|[A-Za-z]\w*): (.+)$/;
const OBSERVATION = /^("[^"]*"|[^\s"@]+?)(?:@(now[+-])?(\d+)([dh])?(?:\.(\d+))?)?$/;
/** Minutes of the units of times that count from the first day, and that day in minutes. */
const UNIT_MINUTES = { h: 60, d: 24 * 60 };
const FIRST_DAY = -14 * 24 * 60;
/** The clock of the tests, in minutes after minute 0. */
const CLOCK_MINUTES = 24 * 60;

/** Parses observations. The n-th is at minute n by default. */
class Observations {
  private count = 0;
  private last: string | undefined;

  constructor(private readonly subject: Subject) {}

  /** The events of `9 10 20@3`, or of `EU: 9 10`. */
  events(text: string): string[] {
    const [, member, values = text] = MEMBERS.exec(text) ?? [];
    return values.split(' ').map((token) => this.event(token, member && members(member)));
  }

  private event(token: string, dimensions: Dimensions | undefined | ''): string {
    if (token === 'duplicate') {
      if (this.last === undefined) throw new Error('no event to duplicate');
      return this.last;
    }
    const [, value, now, at, unit, sequence] = OBSERVATION.exec(token) ?? [];
    if (value === undefined) throw new Error(`cannot read the observation: ${token}`);
    this.count++;
    const since = unit ? FIRST_DAY + Number(at) * UNIT_MINUTES[unit as 'h' | 'd'] : Number(at ?? this.count);
    const minute = now ? CLOCK_MINUTES + Number(`${now.slice(-1)}${at}`) : since;
    const more = {
      ...(sequence !== undefined && { sequence: Number(sequence) }),
      ...(dimensions && { dimensions }),
    };
    // Inserted as text: JSON.stringify changes −0 and 1e999.
    const event = { measure, segment }[this.subject]('@value', minute, more);
    this.last = event.replace('"@value"', value);
    return this.last;
  }
}

/** Runs the cells of a row and returns the evaluator. */
async function run(subscription: string, cell: string, subject: Subject): Promise<Evaluator> {
  const evaluator = new Evaluator();
  const observations = new Observations(subject);
  const wanted = codes(subscription);
  const names = wanted.map((_, n) => letter(n));
  const evaluate = async (events: readonly string[]) => expect(await evaluator.evaluate(events)).toEqual([]);
  const runChecks = () => evaluate(evaluator.checks.splice(0));
  const registerAll = async (keys: readonly string[]) => {
    for (const definition of definitions(keys, subject)) {
      await register({ definition }, 'cli', evaluator.registryPorts());
    }
  };

  const steps = onlyCode(cell).split('; ');
  if (!steps.some((step) => step.startsWith('create'))) await registerAll(wanted);
  for (const step of steps) {
    const changed = /^change to (.+)$/.exec(step)?.[1];
    const batch = /^\[(.+)\]$/.exec(step)?.[1];
    if (changed !== undefined) {
      expect(names, 'only one subscription can change').toHaveLength(1);
      await registerAll([changed]);
      await runChecks();
    } else if (step === 'create' || step === 'create (check pending)') {
      await registerAll(wanted);
      if (step === 'create') await runChecks();
    } else if (step === 'check') {
      expect(evaluator.checks).not.toEqual([]);
      await runChecks();
    } else if (step === 'delete') {
      for (const name of names) expect(await unregister(name, 'cli', evaluator.registryPorts())).toBe(true);
    } else if (batch !== undefined) {
      await evaluate(observations.events(batch));
    } else {
      for (const event of observations.events(step)) await evaluate([event]);
    }
  }
  return evaluator;
}

/** One text format for crossings on the bus and crossings in a cell. */
const firing = (name: string | undefined, dimensions: Dimensions | undefined, value: number, already: boolean) =>
  [name, dimensions && canonicalDimensions(dimensions), value + 0, already ? 'already beyond' : undefined]
    .filter((part) => part !== undefined)
    .join(' ');

function expectedFirings(cell: string): string[] {
  if (cell === 'none') return [];
  return codes(cell).map((code) => {
    const [, name, member, value, already] =
      /^(?:([a-z]): )?(?:(\{[^}]*\}|[A-Z]\w*): )?([-+.\de]+)( already beyond)?$/.exec(code) ?? [];
    if (value === undefined || Number.isNaN(Number(value))) throw new Error(`cannot read the crossing: ${code}`);
    return firing(name, member === undefined ? undefined : members(member), Number(value), already !== undefined);
  });
}

function firings({ bus }: Evaluator, named: boolean): string[] {
  return bus.published.map(({ detail }) =>
    firing(
      named ? (detail.subscription as string) : undefined,
      detail.dimensions as Dimensions | undefined,
      detail.value as number,
      detail.alreadyBeyond === true,
    ),
  );
}

const COUNTS = ['LateObservations', 'DuplicateObservations', 'ConflictingObservations', 'RejectedEvents'] as const;
function counted({ telemetry }: Evaluator): string {
  const names = COUNTS.filter((name) => telemetry.counts[name]);
  for (const name of names) expect(telemetry.counts[name]).toBe(1);
  return names.length > 0 ? names.map((name) => `\`${name}\``).join(', ') : 'none';
}

/** Whether a segment can have these values: no members, and whole numbers from 0. */
function fitsSegment(subscription: string, steps: string): boolean {
  const others = /change to [^;`]+|create( \(check pending\))?|check|delete|duplicate/g;
  const tokens = steps
    .replaceAll(others, '')
    .split(/[\s;`[\]]+/)
    .filter(Boolean);
  const isCount = (token: string) => /^\d+(@|$)/.test(token) && Number.isSafeInteger(Number.parseInt(token, 10));
  return !subscription.includes('dimensions:') && tokens.every(isCount);
}

const CASE_COLUMNS = ['case', 'subscription', 'steps', 'crossings'];

describe('the cases', () => {
  const tables = tablesOf('Cases');
  for (const { heading, columns, rows } of tables) {
    describe(heading, () => {
      const counts = columns.length > CASE_COLUMNS.length;
      test('has the expected columns', () => {
        expect(columns).toEqual(counts ? [...CASE_COLUMNS, 'metric'] : CASE_COLUMNS);
      });
      for (const { line, cells } of rows) {
        const [name = '', subscription = '', steps = '', crossings = '', metric = 'none'] = cells;
        const subjects: Subject[] = fitsSegment(subscription, steps) ? ['measure', 'segment'] : ['measure'];
        it.each(subjects)(`${name} (line ${line}), on a %s`, async (subject) => {
          const evaluator = await run(subscription, steps, subject);
          expect(firings(evaluator, codes(subscription).length > 1)).toEqual(expectedFirings(crossings));
          expect(counted(evaluator)).toBe(metric);
        });
      }
    });
  }
});

/** The message without the place and the name at its start. */
const bareMessage = (error: unknown): string =>
  (error as Error).message.replace(/^(subscriptions\.yaml:\d+: )?subscription "a": /, '');

/** Produces the message of each stage from the input. */
const MESSAGE_AT: Record<string, (input: readonly string[]) => Promise<string>> = {
  'reading the file': async (keys) => {
    try {
      definitions(keys, 'measure');
    } catch (error) {
      return bareMessage(error);
    }
    return 'no mistake';
  },
  registering: async ([keys = '', ...before]) => {
    const evaluator = new Evaluator();
    const events = before.flatMap((text) => new Observations('measure').events(text));
    expect(await evaluator.evaluate(events)).toEqual([]);
    const [definition] = definitions([keys], 'measure');
    if (!definition) throw new Error('no subscription');
    try {
      await register({ definition }, 'cli', evaluator.registryPorts());
    } catch (error) {
      return bareMessage(error);
    }
    return 'no mistake';
  },
  evaluating: async ([observation = '']) => {
    const evaluator = new Evaluator();
    const subject = observation.startsWith('segment ') ? 'segment' : 'measure';
    const events = new Observations(subject).events(observation.replace(/^segment /, ''));
    expect(await evaluator.evaluate(events)).toEqual([]);
    expect(evaluator.telemetry.counts.RejectedEvents).toBe(1);
    return evaluator.rejected.kept[0]?.reason ?? 'no mistake';
  },
};

describe('the mistakes', () => {
  const tables = tablesOf('Mistakes');
  for (const { columns, rows } of tables) {
    test('have the expected columns', () => {
      expect(columns).toEqual(['mistake', 'stage', 'input', 'message']);
    });
    for (const { line, cells } of rows) {
      const [mistake = '', stage = '', input = '', message = ''] = cells;
      it(`${mistake} (line ${line})`, async () => {
        const messageOf = MESSAGE_AT[stage];
        if (!messageOf) throw new Error(`cannot read the cell: ${stage}`);
        expect(await messageOf(codes(input, /^[\s,]*$|^ after $/))).toBe(onlyCode(message));
      });
    }
  }
});

describe.each([
  ['thresholds.svg', PICTURE_FILE, drawPicture, 'threshold-picture.ts'],
  ['changes.svg', CHANGE_PICTURE_FILE, drawChangePicture, 'change-picture.ts'],
] as const)('the picture %s', (name, file, draw, script) => {
  test(`matches the evaluator (if not, run: npx tsx scripts/docs/${script})`, async () => {
    expect(readFileSync(file, 'utf8')).toBe(await draw());
    expect(PAGE).toContain(`](${name})`);
  });

  test('loads no external resources and has a light and a dark color scheme', async () => {
    const svg = await draw();
    expect(svg.replace('http://www.w3.org/2000/svg', '')).not.toMatch(/https?:|<script|@import|url\(|\son\w+=/);
    expect(svg).toContain('prefers-color-scheme: dark');
    expect(svg).toMatch(/<title>.+<\/title>/);
  });
});

test('every link has a target', () => {
  const links = [...PAGE.matchAll(/\]\((?!https?:)([^)#]+)/g)].map(([, path]) => path as string);
  expect(links).not.toEqual([]);
  for (const path of links) expect(() => readFileSync(join(DOCS, path)), path).not.toThrow();
});
