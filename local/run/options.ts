import { parseArgs } from 'node:util';
import { wholeNumberHint, wholeNumberOf } from '../../lambda/shared/core/numbers';
import { wrongValue } from '../../lambda/subscriptions/core/entry/messages';
import { UserError } from '../user-error';

/** What `npm start` was asked for. */
export interface Options {
  /** A CDK app of the user's. Left out: the connector as it is deployed. */
  readonly app: string | undefined;
  /** Which of the app's stacks. */
  readonly stack: string | undefined;
  /** JSON Lines of PutEvents entries. Left out: none are put. */
  readonly events: string | undefined;
  /** Left out: those that the stack declares. */
  readonly subscriptions: string | undefined;
  /** Ends when nothing is in flight, with a summary. */
  readonly once: boolean;
  /** The summary as one JSON document. */
  readonly json: boolean;
  /** Bound of the time that `once` waits without progress, seconds. */
  readonly waitSeconds: number;
  /** Divides every wait between tries of a flow; 1 or more. */
  readonly speed: number;
  /** JSON of what services of queries answer. */
  readonly answers: string | undefined;
  /** Every schedule runs once, now. */
  readonly runSchedules: boolean;
  /** 0: any free port. */
  readonly port: number;
  /** Texts of secrets by name or ARN. */
  readonly secrets: Readonly<Record<string, string>>;
  /** Values of parameters by name or ARN. */
  readonly parameters: Readonly<Record<string, string>>;
}

const EXAMPLE = {
  events: 'examples/retailer/events.jsonl',
  subscriptions: 'examples/retailer/subscriptions.yaml',
};

/** More makes no difference: the longest wait, 24 hours, is a second then. */
const MAX_SPEED = 24 * 3600;

export const HELP = `Runs the connector on this machine: what its CloudFormation template declares, on embedded engines.

  npm start                                   plays examples/retailer, then stays up for your own events
  npm start -- --events FILE --subscriptions FILE
  npm start -- --app FILE                     runs a stack of yours that has a connector

Options
  --events FILE         JSON Lines of PutEvents entries (Source, DetailType, Detail, Time), put in order
                        (default ${EXAMPLE.events})
  --subscriptions FILE  which flows to start, and when (YAML; default ${EXAMPLE.subscriptions})
  --app FILE            a CDK app; its stack runs with the subscriptions that it declares, and what --events and
                        --subscriptions give besides (without a default then)
  --stack NAME          which of the app's stacks, where it has several
  --once                end when nothing is in flight; exit 0 when every event reached every subscription that it matches
  --wait SECONDS        with --once: end after this time without progress, exit 1 (default 120). Progress: an event was
                        dispatched, or a delivery was delivered, died or is held. A failed try is none
  --json                with --once: one JSON document on standard output, everything else on standard error
                        (npm --silent start -- --once --json)
  --secret NAME=VARIABLE, --parameter NAME=VARIABLE
                        a Secrets Manager secret, or a Systems Manager parameter, whose value is that of the environment
                        variable; as often as there are some (subscriptions name them by flowUrlFrom)
  --answers FILE        what services answer to scheduled queries, and which runs they know of (JSON, as in
                        examples/measures/answers.json and examples/sources/answers.json)
  --run-schedules       run every schedule once, now, after the events
  --speed N             divides every wait between tries of a flow by N, to watch retries, pauses and their healing:
                        at 600 an hour passes in 6 seconds (default 1; no wait gets shorter than a second)
  --port N              port of the endpoint (default: a free one)
  --help                this text
`;

/**
 * Reads the command line; undefined when help is asked for. Throws a UserError for what it does not know.
 * @param environment where the values of secrets and parameters come from: a command line is seen by everybody.
 */
export function readOptions(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Options | undefined {
  const values = parse(args);
  if (values.help) return undefined;
  if (values.json && !values.once) throw new UserError('--json is the summary of a run that ends: write --once --json');
  const { app, stack } = values;
  if (stack !== undefined && app === undefined) throw new UserError('--stack is one of an app: write --app FILE, too');
  const byDefault = app === undefined ? EXAMPLE : undefined;
  return {
    app,
    stack,
    events: values.events ?? byDefault?.events,
    subscriptions: values.subscriptions ?? byDefault?.subscriptions,
    once: values.once ?? false,
    json: values.json ?? false,
    waitSeconds: wholeNumber('--wait', values.wait ?? '120', 1, 7 * 24 * 3600),
    speed: factor('--speed', values.speed ?? '1'),
    answers: values.answers,
    runSchedules: values['run-schedules'] ?? false,
    port: wholeNumber('--port', values.port ?? '0', 0, 65_535),
    secrets: valuesOf('--secret', values.secret ?? [], environment),
    parameters: valuesOf('--parameter', values.parameter ?? [], environment),
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        app: { type: 'string' },
        stack: { type: 'string' },
        events: { type: 'string' },
        subscriptions: { type: 'string' },
        once: { type: 'boolean' },
        json: { type: 'boolean' },
        wait: { type: 'string' },
        speed: { type: 'string' },
        port: { type: 'string' },
        secret: { type: 'string', multiple: true },
        parameter: { type: 'string', multiple: true },
        answers: { type: 'string' },
        'run-schedules': { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    }).values;
  } catch (error) {
    const [sentence] = (error as Error).message.split('. ');
    throw new UserError(`${sentence}: npm start -- --help lists the options`);
  }
}

function wholeNumber(name: string, text: string, min: number, max: number): number {
  const value = wholeNumberOf(text, min, max);
  if (value !== undefined) return value;
  throw new UserError(`${name} ${wrongValue(text, wholeNumberHint(min, max))}`);
}

/** `NAME=VARIABLE`: no mistake quotes what it was given, which may be a value in the wrong place. */
function valuesOf(
  option: string,
  given: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  const pairs = given.map((text): [string, string] => {
    const [, name, variable] = /^([\w/+=.@:-]+)=([A-Za-z_]\w*)$/.exec(text) ?? [];
    if (name === undefined || variable === undefined) {
      throw new UserError(
        `${option} is no NAME=VARIABLE: write the name of an environment variable that holds the value`,
      );
    }
    const value = environment[variable];
    if (!value) throw new UserError(`${option} ${name}: the environment variable ${variable} is not set, or empty`);
    return [name, value];
  });
  return Object.fromEntries(pairs);
}

function factor(name: string, text: string): number {
  const value = Number(text);
  if (!/^\d+(\.\d+)?$/.test(text) || value < 1 || value > MAX_SPEED) {
    throw new UserError(`${name} ${wrongValue(text, `a number from 1 to ${MAX_SPEED}`)}`);
  }
  return value;
}
