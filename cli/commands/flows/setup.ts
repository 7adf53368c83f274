import { type DesiredSubscription, register } from '../../../lambda/registration/core/register';
import type { MetricState } from '../../../lambda/thresholds/core/metric-state';
import type { Connector } from '../../connector/connector';
import { responseText } from '../../diagnosis/delivery-text';
import { responseHint } from '../../diagnosis/response-hint';
import { sendSample } from '../../flows/send-sample';
import { askSubscription, type SetupContext, summaryOf } from '../../flows/setup-prompts';
import { type Context, connectorCommand, flowHostArg } from '../../frame/command';
import { UsageError } from '../../shell/exit';
import { CanceledError, type Prompts, terminalPrompts } from '../../shell/prompts';
import { CLI_MANAGER } from '../../subscriptions/manager';

/** Timeout for the response, milliseconds: covers a cold start and the 15 s timeout of the flow call. */
const RESPONSE_TIMEOUT = 60_000;
const MONTH = 30 * 24 * 60 * 60 * 1000;

export const setup = connectorCommand({
  name: 'setup',
  description: 'create a subscription interactively, and test its flow',
  args: flowHostArg,
  notes: [
    'Needs a terminal. Ctrl-C cancels it. Nothing is stored before you confirm the last question.',
    'The CLI manages the subscription: apply does not change it.',
  ],
  examples: ['setup', 'setup --local'],
  async run(_, context) {
    if (!context.terminal.isInteractive) {
      throw new UsageError('setup needs a terminal: write a subscription file and run apply -f FILE instead');
    }
    return setUp(terminalPrompts(), await context.connector(), context);
  },
});

/**
 * Prompts for a subscription, stores it and tests its flow.
 * @returns whether the flow accepted the sample.
 */
export async function setUp(
  prompts: Prompts,
  connector: Connector,
  context: Pick<Context, 'all' | 'clock' | 'wait' | 'terminal'>,
): Promise<boolean> {
  prompts.begin(`New subscription in ${connector.stackName}`);
  let wanted: DesiredSubscription;
  try {
    wanted = await askSubscription(prompts, await readSetupContext(connector, context));
    prompts.say(summaryOf(wanted));
    if (!(await prompts.confirm('Store the subscription and send a sample to its flow?', true))) {
      throw new CanceledError();
    }
  } catch (error) {
    if (!(error instanceof CanceledError)) throw error;
    prompts.end('Canceled. Nothing was stored.');
    return false;
  }
  await register(wanted, CLI_MANAGER, connector.registry);
  return testFlow(wanted.definition.name, prompts, connector, context);
}

async function testFlow(
  name: string,
  prompts: Prompts,
  connector: Connector,
  context: Pick<Context, 'clock' | 'wait' | 'terminal'>,
): Promise<boolean> {
  const subscription = await connector.subscriptions.read(name);
  const done = prompts.busy('Stored. Sending a sample to the flow …');
  // The spinner of the prompts replaces the status line.
  const quiet = { ...context, terminal: { ...context.terminal, status: () => {} } };
  const row = subscription && (await sendSample(subscription, RESPONSE_TIMEOUT, connector, quiet));
  const last = row?.attempts.at(-1);
  if (!last) {
    done('The connector has not called the flow yet', true);
    prompts.end(`${name} is stored. To follow the sample: explain ${name}`);
    return false;
  }
  const response = `The flow responded with ${responseText(last)}`;
  if (row?.status === 'delivered') {
    done(response);
    prompts.end(`${name} is stored and its flow works. The run of the sample (isTest: true) is in its run history.`);
    return true;
  }
  const hint = responseHint(last);
  done(hint === undefined ? response : `${response}: ${hint}`, true);
  prompts.end(`${name} is stored, but its flow does not accept deliveries. Fix the flow, then: test ${name}`);
  return false;
}

/** Reads the names that the prompts suggest or reject. */
async function readSetupContext(
  { subscriptions, thresholds, logs, isLocal }: Connector,
  { all, clock }: Pick<Context, 'all' | 'clock'>,
): Promise<SetupContext> {
  const names = new Set<string>();
  const dataSources = new Set<string>();
  for await (const { definition } of subscriptions.list()) {
    names.add(definition.name);
    if (definition.filter.dataSource !== undefined) dataSources.add(definition.filter.dataSource);
  }
  const metrics: MetricState[] = [];
  for await (const { state } of thresholds.list()) if (state?.last) metrics.push(state);
  for (const { name } of (await logs?.dataSources(clock() - MONTH)) ?? []) dataSources.add(name);
  const flowUrl = { extraHosts: all('flow-host'), loopback: isLocal };
  return { names, dataSources: [...dataSources].sort(), metrics, flowUrl };
}
