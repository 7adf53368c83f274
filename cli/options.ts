import { parseArgs } from 'node:util';
import * as v from 'valibot';
import { nearest, shown } from '../lambda/core/entry/words';
import { DEFAULT_SET, setSchema } from '../lambda/core/subscription-entry';

/** Where the connector is. */
export interface ConnectorOptions {
  /** Name of its CloudFormation stack. */
  readonly stack: string;
  /** Left out: as the AWS CLI finds it. */
  readonly region?: string;
}

/** What the command line asks for. */
export type Options = ConnectorOptions &
  (
    | {
        readonly command: 'apply';
        readonly file: string;
        readonly dryRun: boolean;
        /** Host suffixes, as the construct's `extraFlowHosts`. */
        readonly flowHosts: readonly string[];
      }
    | { readonly command: 'remove'; readonly names: readonly string[]; readonly set: string }
  );

/** A wrong call: one line that says what to write. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

const DEFAULT_FILE = 'subscriptions.yaml';
const DEFAULT_STACK = 'PowerAutomateConnector';
const SEE_HELP = 'power-automate-connector --help says how to call it';

export const HELP = `Changes the subscriptions of a deployed connector.

  power-automate-connector apply -f ${DEFAULT_FILE}   make the subscriptions be as the file says
  power-automate-connector remove NAME…                  remove subscriptions that the file's set manages

Options
  -f, --file FILE    the subscription file (default ${DEFAULT_FILE})
  --set NAME         with remove: the set (default "${DEFAULT_SET}")
  --stack NAME       the connector's CloudFormation stack (default ${DEFAULT_STACK})
  --region REGION    the stack's Region (default: as the AWS CLI finds it)
  --flow-host HOST   with apply: a host that flow URLs may have besides Power Automate's, as in the construct's
                     extraFlowHosts; may be repeated
  --dry-run          with apply: say what would change, change nothing
  -h, --help         this text

A subscription that is no longer in the file stays until it is removed.
Exit status: 0 done, 1 something could not be done, 2 wrong call or wrong file.
`;

/** Reads the command line; undefined when help is asked for. Throws a UsageError for what it does not know. */
export function readOptions(args: readonly string[]): Options | undefined {
  const { values, positionals } = parse(args);
  if (values.help) return undefined;
  const [command, ...names] = positionals;
  const connector = { stack: checkedStack(values.stack), region: checkedRegion(values.region) };
  if (command === 'apply') {
    if (names.length > 0) throw new UsageError('apply takes no names: write apply -f FILE');
    if (values.set !== undefined) {
      throw new UsageError('--set goes with remove: for apply, write "set: NAME" at the top of the file');
    }
    const { file = DEFAULT_FILE, 'dry-run': dryRun = false, 'flow-host': flowHosts = [] } = values;
    return { command, ...connector, file, dryRun, flowHosts };
  }
  if (command === 'remove') {
    // Were it overlooked, somebody who only wanted to look would have removed something.
    if (values['dry-run']) throw new UsageError('--dry-run goes with apply: nothing was removed');
    if (values['flow-host'] !== undefined) throw new UsageError('--flow-host goes with apply');
    if (values.file !== undefined) throw new UsageError('--file goes with apply: write remove NAME… --set NAME');
    return { command, ...connector, names: checkedNames(names), set: checkedSet(values.set) };
  }
  if (command === undefined) throw new UsageError(`no command: write apply or remove; ${SEE_HELP}`);
  const meant = nearest(command, ['apply', 'remove']);
  throw new UsageError(`${shown(command)} is no command: write ${meant ?? 'apply or remove'}; ${SEE_HELP}`);
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        file: { type: 'string', short: 'f' },
        set: { type: 'string' },
        stack: { type: 'string' },
        region: { type: 'string' },
        'flow-host': { type: 'string', multiple: true },
        'dry-run': { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    const [sentence] = (error as Error).message.split('. ');
    throw new UsageError(`${sentence}: ${SEE_HELP}`);
  }
}

function checkedNames(names: readonly string[]): string[] {
  if (names.length === 0) throw new UsageError('no name: write remove NAME…');
  const wrong = names.find((name) => !/^[A-Za-z0-9_-]{1,64}$/.test(name));
  if (wrong === undefined) return [...new Set(names)];
  throw new UsageError(`${shown(wrong)} is no subscription's name: write 1 to 64 letters, digits, - and _`);
}

function checkedStack(stack = DEFAULT_STACK): string {
  if (/^([A-Za-z][A-Za-z0-9-]{0,127}|arn:[A-Za-z0-9:/-]+)$/.test(stack)) return stack;
  throw new UsageError(`--stack is ${shown(stack)}; write the name or the ARN of a CloudFormation stack`);
}

function checkedRegion(region: string | undefined): string | undefined {
  if (region === undefined || /^[a-z0-9-]{1,40}$/.test(region)) return region;
  throw new UsageError(`--region is ${shown(region)}; write a Region, such as eu-west-1`);
}

function checkedSet(set: string | undefined): string {
  const checked = v.safeParse(setSchema, set ?? DEFAULT_SET);
  if (checked.success) return checked.output;
  throw new UsageError(`--set ${checked.issues[0].message}`);
}
