import { parseArgs } from 'node:util';
import { wholeNumberHint, wholeNumberOf } from '../../lambda/shared/core/numbers';
import { invalidValue } from '../../lambda/subscriptions/core/entry/messages';
import { UserError } from '../shared/user-error';

/** The options of `npm start`. */
export interface Options {
  /** The user's CDK app. The default is the connector's own app. */
  readonly app: string | undefined;
  /** The only stack of the app to run. */
  readonly stack: string | undefined;
  /** File with the accounts of the app. The default is in the folder of the app. */
  readonly organization: string | undefined;
  /** File with JSON Lines of PutEvents entries. */
  readonly events: string | undefined;
  /** Subscription file, in addition to the subscriptions that the stack declares. */
  readonly subscriptions: string | undefined;
  /** Exits after the summary, when nothing is in flight. */
  readonly once: boolean;
  /** Prints the summary as a JSON document. */
  readonly json: boolean;
  /** Seconds that `once` waits without progress. */
  readonly waitSeconds: number;
  /** Divides the waits between attempts. Minimum 1. */
  readonly speed: number;
  /** JSON file with stub responses of services. */
  readonly answers: string | undefined;
  /** Runs every schedule once after the events. */
  readonly runSchedules: boolean;
  /** 0 is any free port. */
  readonly port: number;
  /** Values of secrets by name or ARN. */
  readonly secrets: Readonly<Record<string, string>>;
  /** Values of parameters by name or ARN. */
  readonly parameters: Readonly<Record<string, string>>;
}

const EXAMPLE = {
  events: 'examples/retailer/events.jsonl',
  subscriptions: 'examples/retailer/subscriptions.yaml',
};

/** At this speed, the longest wait of 24 hours is one second, which is the minimum. */
const MAX_SPEED = 24 * 3600;

export const HELP = `Runs the connector on this machine: the resources of its CloudFormation template, on embedded engines.

  npm start                                   runs examples/retailer, then keeps running for your own events
  npm start -- --events FILE --subscriptions FILE
  npm start -- --app FILE                     runs your own stack with a connector

Options
  --events FILE         events to put, in order: JSON Lines of PutEvents entries (Source, DetailType, Detail, Time)
                        (default ${EXAMPLE.events})
  --subscriptions FILE  the flows to start, and when (YAML; default ${EXAMPLE.subscriptions})
  --app FILE            run the stacks of this CDK app with the subscriptions that they declare; --events and
                        --subscriptions are added to them and have no default
  --stack NAME          run only this stack of the app
  --organization FILE   the accounts of the app: their place in the organization, and the events that they put (JSON, see
                        examples/organization/organization.json; default organization.json in the folder of the app)
  --once                exit when nothing is in flight; status 0 if every event reached every matching subscription
  --wait SECONDS        with --once: exit with status 1 after this time without progress (default 120); progress is an
                        event that was dispatched, or a delivery that is delivered, dead or held; a failed attempt is not
  --json                with --once: print one JSON document on standard output, and everything else on standard error
                        (npm --silent start -- --once --json)
  --secret NAME=VARIABLE, --parameter NAME=VARIABLE
                        set a Secrets Manager secret or a Systems Manager parameter to the value of an environment
                        variable; can be repeated (subscriptions reference them with flowUrlFrom)
  --answers FILE        responses of services to scheduled queries, and the runs that services list (JSON, see
                        examples/measures/answers.json and examples/sources/answers.json)
  --run-schedules       run every schedule once, after the events
  --speed N             divide the waits between attempts by N, to watch retries, pauses and recovery: at 600, an hour
                        passes in 6 seconds (default 1; the minimum wait is one second)
  --port N              port of the endpoint (default: any free port)
  --help                show this help
`;

/**
 * Reads the command line. Returns undefined for `--help`.
 * @param environment source of the values of secrets and parameters, because other users can see a command line.
 * @throws UserError for an invalid option.
 */
export function readOptions(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Options | undefined {
  const values = parse(args);
  if (values.help) return undefined;
  if (values.json && !values.once) throw new UserError('--json requires --once: write --once --json');
  const { app, stack, organization } = values;
  if (stack !== undefined && app === undefined)
    throw new UserError('--stack requires --app: write --app FILE --stack NAME');
  if (organization !== undefined && app === undefined)
    throw new UserError('--organization requires --app: write --app FILE --organization FILE');
  const byDefault = app === undefined ? EXAMPLE : undefined;
  return {
    app,
    stack,
    organization,
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
        organization: { type: 'string' },
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
    throw new UserError(`${sentence}: see npm start -- --help`);
  }
}

function wholeNumber(name: string, text: string, min: number, max: number): number {
  const value = wholeNumberOf(text, min, max);
  if (value !== undefined) return value;
  throw new UserError(`${name} ${invalidValue(text, wholeNumberHint(min, max))}`);
}

/** Parses `NAME=VARIABLE`. Errors do not quote the argument, which may be a value by mistake. */
function valuesOf(
  option: string,
  given: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  const pairs = given.map((text): [string, string] => {
    const [, name, variable] = /^([\w/+=.@:-]+)=([A-Za-z_]\w*)$/.exec(text) ?? [];
    if (name === undefined || variable === undefined) {
      throw new UserError(
        `${option} requires NAME=VARIABLE: write the name of an environment variable that has the value`,
      );
    }
    const value = environment[variable];
    if (!value) throw new UserError(`${option} ${name}: the environment variable ${variable} is not set or empty`);
    return [name, value];
  });
  return Object.fromEntries(pairs);
}

function factor(name: string, text: string): number {
  const value = Number(text);
  if (!/^\d+(\.\d+)?$/.test(text) || value < 1 || value > MAX_SPEED) {
    throw new UserError(`${name} ${invalidValue(text, `a number from 1 to ${MAX_SPEED}`)}`);
  }
  return value;
}
