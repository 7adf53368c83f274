import { type Explanation, explain as explainFlow } from '../../diagnosis/explain/explain';
import { readExplainInput } from '../../diagnosis/explain/input';
import type { Mark } from '../../diagnosis/explain/step';
import { connectorCommand, jsonArg, nameArg, sinceArg } from '../../frame/command';
import { instantOption } from '../../frame/option-values';
import type { Terminal } from '../../shell/terminal';
import { openSubscription } from '../../subscriptions/find-subscription';

export const explain = connectorCommand({
  name: 'explain',
  description: 'explain why a flow ran or did not run',
  args: {
    ...nameArg,
    since: { ...sinceArg.since, default: '24h' },
    ...jsonArg,
  },
  notes: [
    "Prints a verdict, then each step of the event's path: ✓ done, ✗ the event stops here, – unknown or not reached.",
    'Queries the log of dispatch with CloudWatch Logs Insights for events that matched nothing. AWS charges per GB scanned. New log records can take a few seconds to appear.',
    'Exit status 0 means that the explanation succeeded. To test whether the flow ran, use "ran" of --json.',
  ],
  examples: ['explain vip-over-10k', 'explain tell-the-data-team --since 3d'],
  async run({ name, since: given, json }, context) {
    const { terminal } = context;
    const now = context.clock();
    const since = instantOption('--since', given, now) as number;
    const { connector, subscription } = await openSubscription(name, context);
    const explanation = explainFlow(await readExplainInput(subscription, now, since, connector));
    if (json) terminal.json({ subscription: name, since: new Date(since).toISOString(), ...explanation });
    else show(explanation, terminal);
  },
});

function show({ verdict, steps }: Explanation, { line, style }: Terminal): void {
  const paint: Readonly<Record<Mark, (text: string) => string>> = { '✓': style.green, '✗': style.red, '–': style.dim };
  line(style.bold(verdict));
  line('');
  for (const { mark, name, text, evidence } of steps) {
    line(`${paint[mark](mark)} ${name.padEnd(12)} ${text}`);
    for (const one of evidence) line(`${' '.repeat(15)}${style.dim(one)}`);
  }
}
