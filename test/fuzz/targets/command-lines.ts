import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import fc from 'fast-check';
import { COMMANDS } from '../../../cli/commands';
import type { Connector } from '../../../cli/connector/connector';
import { registryPorts } from '../../../cli/connector/registry';
import { allCommands, type Command } from '../../../cli/frame/command';
import { main } from '../../../cli/main';
import { ConnectorError, Exit } from '../../../cli/shell/exit';
import { processTerminal } from '../../../cli/shell/terminal';
import { deliverySender } from '../../../lambda/delivery/adapters/delivery-queue';
import { DeliveryTable } from '../../../lambda/delivery/adapters/delivery-table';
import { OutcomeTable } from '../../../lambda/delivery/adapters/outcome-table';
import { SubscriptionTable } from '../../../lambda/subscriptions/adapters/subscription-table';
import { ThresholdTable } from '../../../lambda/thresholds/adapters/threshold-table';
import type { Plan } from '../../../local/template/model/plan';
import { Companions } from '../companions';
import type { Result, Target } from '../fuzz';
import { oddText } from '../mutations';
import { OWN_FLOW_URL, PLANTED } from '../secrets';
import type { Stand } from '../stand';

/** Stands for a file in the folder that commands write to. */
const OUTPUT = '{output}';
/** Values of arguments that lead further than random ones. */
const VALUES: Readonly<Record<string, readonly string[]>> = {
  name: ['companion-source', 'companion-segment', 'strange-0'],
  subscription: ['companion-source'],
  event: ['DataSourceRefreshed', 'SegmentRefreshed'],
  detail: ['{"dataSource":"CRM","status":"Failed"}', '{"segment":"VIP","memberCount":5}'],
  set: ['dataSource=CRM', 'status=Failed', 'segment=VIP'],
  since: ['2h', '2026-11-20T00:00:00Z'],
  limit: ['5'],
  wait: ['1s'],
  every: ['1s'],
  for: ['3s'],
  trigger: ['data-source-refresh-failed'],
  file: ['subscriptions.yaml'],
  output: [OUTPUT],
  id: ['companion-source', `companion-source_${'0'.repeat(32)}`],
};

/** Arguments of a command: valid ones, of which some are replaced. */
const argumentsOf = ({ args }: Command): fc.Arbitrary<string[]> => {
  const one = Object.entries(args).map(([name, argument]) => {
    const { type } = argument;
    if (type === 'boolean') return fc.constantFrom([], [], [`--${name}`]);
    const choices = 'options' in argument ? (argument.options as string[] | undefined) : undefined;
    const good = fc.constantFrom(...(VALUES[name] ?? choices ?? ['x']));
    // A random path could be outside of the folder.
    const value =
      name === 'output' ? good : fc.oneof({ weight: 5, arbitrary: good }, { weight: 1, arbitrary: oddText });
    const given = value.map((text) => (type === 'positional' ? [text] : [`--${name}=${text}`]));
    // Without an output, a command writes to the working directory.
    if (name === 'output') return given;
    const omitted = { weight: type === 'positional' ? 1 : 12, arbitrary: fc.constant<string[]>([]) };
    return fc.oneof({ weight: 6, arbitrary: given }, omitted);
  });
  return fc.tuple(...one).map((all) => all.flat());
};
/** An argument that no command expects. It cannot set the output. */
const stray = oddText.map((text) => (/^-+\w*o/.test(text) ? 'o' : text));
const line = fc.constantFrom(...allCommands(COMMANDS)).chain((command) =>
  fc
    .tuple(argumentsOf(command), fc.array(fc.tuple(fc.nat(8), stray), { maxLength: 1 }), fc.boolean())
    .map(([args, strays, isStray]) => {
      const all = [...command.meta.name.split(' '), ...args];
      for (const [at, text] of isStray ? strays : []) all.splice(at, 0, text);
      return all;
    }),
);

/** Runs with the same connector. */
const RUNS = 25;
const STATUSES: readonly number[] = Object.values(Exit);

/** A connector in memory. It has no logs, and no alarms. */
function connectorOf(stand: Stand): Connector {
  const { dynamodb, kms, sqs, eventBridge } = stand.clients;
  const { outputs } = stand.plan;
  const { SUBSCRIPTIONS_TABLE_NAME = '', THRESHOLDS_TABLE_NAME = '', DELIVERIES_TABLE_NAME = '' } = stand.places;
  const { OBSERVATIONS_QUEUE_URL = '', DELIVERIES_QUEUE_URL = '' } = stand.places;
  const noAlarms = { send: { value: async () => ({ MetricAlarms: [] }) }, config: { value: {} } };
  const cloudWatch: CloudWatchClient = Object.create(CloudWatchClient.prototype, noAlarms);
  const place = {
    subscriptionsTable: SUBSCRIPTIONS_TABLE_NAME,
    thresholdsTable: THRESHOLDS_TABLE_NAME,
    observationsQueue: OBSERVATIONS_QUEUE_URL,
    flowUrlKey: 'key',
  };
  return {
    ...{ stackName: 'Everything', region: 'us-east-1', isLocal: false },
    clients: { dynamodb, kms, sqs, eventBridge, cloudWatch },
    subscriptions: new SubscriptionTable(dynamodb, SUBSCRIPTIONS_TABLE_NAME),
    thresholds: new ThresholdTable(dynamodb, THRESHOLDS_TABLE_NAME),
    deliveries: new DeliveryTable(dynamodb, DELIVERIES_TABLE_NAME, 90),
    outcomes: new OutcomeTable(dynamodb, DELIVERIES_TABLE_NAME),
    registry: registryPorts(place, { dynamodb, kms, sqs }),
    send: deliverySender(sqs, DELIVERIES_QUEUE_URL),
    output: (name) => {
      const value = outputs[name];
      if (value === undefined) throw new ConnectorError(`stack Everything has no output ${name}`);
      return value;
    },
    optionalOutput: (name) => outputs[name],
  };
}

/** Command lines, with a connector in memory. */
export const commandLines = (plan: Plan): Target<string[]> => ({
  name: 'command lines',
  inputs: line,
  async start() {
    const folder = mkdtempSync(join(tmpdir(), 'fuzz-'));
    let runs = 0;
    let companions: Companions;
    return {
      async run(args): Promise<Result> {
        if (runs++ % RUNS === 0) companions = await Companions.start(plan);
        const { stand } = companions;
        let output = '';
        const stream = { write: (text: string) => (output += text) };
        const interruption = new AbortController();
        let waited = 0;
        const status = await main(
          args.map((arg) => arg.replace(OUTPUT, join(folder, 'output'))),
          COMMANDS,
          {
            terminal: processTerminal({ stdin: {}, stdout: stream, stderr: stream } as unknown as NodeJS.Process),
            clock: () => stand.world.clock() + waited,
            wait: async (ms) => {
              waited += Math.max(1000, ms);
              if (waited > 10 * 86_400_000 || waited > 200_000) interruption.abort();
            },
            environment: { FLOW: OWN_FLOW_URL },
            readInput: async () => PLANTED[0] ?? '',
            untilInterrupted: () => interruption.signal,
            print: (text) => stream.write(text),
            findConnector: async () => connectorOf(stand),
          },
        );
        const problems = STATUSES.includes(status) ? [] : [`exits with ${status}`];
        if (/^\s+at .*\d+:\d+\)?$/m.test(output)) problems.push(`prints a stack trace: ${output}`);
        if (status !== Exit.SUCCESS && output.trim() === '') problems.push(`exits with ${status} and says nothing`);
        if (stand.world.broken) problems.push(`the simulation is broken: ${stand.world.broken.stack}`);
        return { problems, shown: [output], stored: [stand.rows], entrusted: ['own flow URL', 'flow URL'] };
      },
      async stop() {
        rmSync(folder, { recursive: true, force: true });
      },
    };
  },
});
