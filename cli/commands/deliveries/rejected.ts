import { messageSummary, peekAllDeadLetters } from '../../connector/dead-letters';
import { connectorCommand, jsonArg, limitArg } from '../../frame/command';
import { countOption } from '../../frame/option-values';
import { timeText } from '../../shell/time';

export const rejected = connectorCommand({
  name: 'rejected',
  description: 'list the messages in the dead-letter queues, with the reasons',
  args: {
    ...limitArg('messages per queue', '100'),
    ...jsonArg,
  },
  notes: [
    'Leaves the messages in the queues. SQS deletes them after 14 days. After you fix the cause, send the events again or start a redrive in the SQS console.',
  ],
  async run(args, { terminal, clock, ...context }) {
    const limit = countOption('--limit', args.limit, 1000);
    const connector = await context.connector();
    terminal.status('reading the dead-letter queues …');
    const all = (await peekAllDeadLetters(connector, limit)).sort((a, b) => b.sentAt - a.sentAt);
    if (args.json) {
      terminal.json(all.map((one) => ({ ...one, sentAt: new Date(one.sentAt).toISOString() })));
      return;
    }
    if (all.length === 0) terminal.line('No messages: the dead-letter queues are empty.');
    for (const { sentAt, reason, body, queue } of all) {
      terminal.line(`${timeText(sentAt, clock())}  ${terminal.style.yellow(reason)}`);
      terminal.line(`  ${messageSummary(body)}`);
      terminal.line(terminal.style.dim(`  in ${queue}`));
    }
  },
});
