import { randomUUID } from 'node:crypto';
import { DomainEvent } from '../../../contract/events';
import { register, type WantedSubscription } from '../../../lambda/registration/core/register';
import { identityHash } from '../../../lambda/shared/core/identity';
import { LogMessage } from '../../../lambda/shared/core/log-messages';
import type { MetricState } from '../../../lambda/thresholds/core/metric-state';
import type { Connector } from '../../connector/connector';
import { responseText } from '../../diagnosis/delivery-text';
import { responseHint } from '../../diagnosis/response-hint';
import { askSubscription, type Known, summaryOf } from '../../flows/setup';
import { tryFlow } from '../../flows/try-flow';
import { type Context, command, connectorArgs, flowHostArg } from '../../frame/command';
import { UsageError } from '../../shell/exit';
import { CanceledError, type Prompts, terminalPrompts } from '../../shell/prompts';
import { CLI_MANAGER } from '../../subscriptions/manager';

/** How long an answer is waited for: a cold start, and the flow's own 15 s. */
const PATIENCE_MS = 60_000;
const MONTH = 30 * 24 * 60 * 60 * 1000;

export const setup = command({
  name: 'setup',
  description: 'set a flow up question by question, and test it',
  args: {
    ...flowHostArg,
    ...connectorArgs,
  },
  notes: [
    'Asks on a terminal; Ctrl-C ends it, and nothing is stored before the last question is answered.',
    "The subscription is the CLI's own: a file of the command apply leaves it alone.",
  ],
  examples: ['setup', 'setup --local'],
  async run(_, context) {
    if (!context.terminal.isInteractive) {
      throw new UsageError(
        'setup asks questions, and this is no terminal: write a subscription file and use apply -f FILE',
      );
    }
    return setUp(terminalPrompts(), await context.connector(), context);
  },
});

/**
 * Asks, stores and tests.
 * @returns whether the flow took the sample.
 */
export async function setUp(
  prompts: Prompts,
  connector: Connector,
  context: Pick<Context, 'all' | 'clock' | 'wait' | 'terminal'>,
): Promise<boolean> {
  prompts.begin(`A flow for ${connector.stackName}`);
  let wanted: WantedSubscription;
  try {
    wanted = await askSubscription(prompts, await knownTo(connector, context));
    prompts.say(summaryOf(wanted));
    if (!(await prompts.confirm('Store it, and send the flow a sample?', true))) throw new CanceledError();
  } catch (error) {
    if (!(error instanceof CanceledError)) throw error;
    prompts.end('Nothing was stored.');
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
  const done = prompts.busy('Stored. The connector sends a sample to the flow …');
  // The line that says that it waits is the prompts' own.
  const quiet = { ...context, terminal: { ...context.terminal, status: () => {} } };
  const eventId = identityHash('test', subscription?.uid, randomUUID());
  const row = subscription && (await tryFlow(subscription, eventId, PATIENCE_MS, connector, quiet));
  const last = row?.attempts.at(-1);
  if (!last) {
    done('The connector has not called the flow yet', true);
    prompts.end(`${name} is stored. See what becomes of the sample by: explain ${name}`);
    return false;
  }
  if (row?.status === 'delivered') {
    done(`The flow answered ${responseText(last)}`);
    prompts.end(`${name} is stored and works. The sample says isTest: true; its run is in the flow's run history.`);
    return true;
  }
  const hint = responseHint(last);
  done(`The flow answered ${responseText(last)}${hint === undefined ? '' : `: ${hint}`}`, true);
  prompts.end(`${name} is stored, and its flow does not take deliveries yet. Mend it, then: test ${name}`);
  return false;
}

/** What has been seen, and what there is. */
async function knownTo(
  { subscriptions, thresholds, logs, isLocal }: Connector,
  { all, clock }: Pick<Context, 'all' | 'clock'>,
): Promise<Known> {
  const names = new Set<string>();
  const dataSources = new Set<string>();
  for await (const { definition } of subscriptions.list()) {
    names.add(definition.name);
    if (definition.filter.dataSource !== undefined) dataSources.add(definition.filter.dataSource);
  }
  const metrics: MetricState[] = [];
  for await (const { state } of thresholds.list()) if (state?.last) metrics.push(state);
  const records = (await logs?.find([LogMessage.MATCHED, LogMessage.UNMATCHED], clock() - MONTH)) ?? [];
  for (const { details } of records) {
    if (details.detailType === DomainEvent.DATA_SOURCE_REFRESHED) dataSources.add(String(details.subject));
  }
  const flowUrl = { extraHosts: all('flow-host'), loopback: isLocal };
  return { names, dataSources: [...dataSources].sort(), metrics, flowUrl };
}
