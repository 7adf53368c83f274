import { Output } from '../../../contract/outputs';
import { aboutMessage, lookAtDeadLetters } from '../../connector/dead-letters';
import { command, connectorArgs, jsonArg } from '../../frame/command';
import { countOption } from '../../shell/numbers';
import { timeText } from '../../shell/time';

export const rejected = command({
  name: 'rejected',
  description: 'show what the connector could not read or work off, with the reasons',
  args: {
    limit: { type: 'string', valueHint: 'COUNT', description: 'how many of each queue at most', default: '100' },
    ...jsonArg,
    ...connectorArgs,
  },
  notes: [
    'It stands in dead-letter queues for 14 days; looking at it leaves it there. Once what was wrong is mended, put the events again, or start a redrive in the SQS console.',
  ],
  async run(args, context) {
    const { terminal, clock } = context;
    const limit = countOption('--limit', args.limit, 1000);
    const connector = await context.connector();
    const urls = connector.output(Output.DEAD_LETTER_QUEUE_URLS).split(',');
    let looked = 0;
    const perQueue = await Promise.all(
      urls.map(async (url) => {
        const found = await lookAtDeadLetters(connector.clients.sqs, url, limit);
        terminal.status(`${++looked} of ${urls.length} queues looked at`);
        return found;
      }),
    );
    const all = perQueue.flat().sort((a, b) => b.sentAt - a.sentAt);
    if (args.json) {
      terminal.json(all.map((one) => ({ ...one, sentAt: new Date(one.sentAt).toISOString() })));
      return true;
    }
    if (all.length === 0) terminal.line('Nothing: the dead-letter queues are empty.');
    for (const { sentAt, reason, body, queue } of all) {
      terminal.line(`${timeText(sentAt, clock())}  ${terminal.style.yellow(reason)}`);
      terminal.line(`  ${aboutMessage(body)}`);
      terminal.line(terminal.style.dim(`  in ${queue}`));
    }
    return true;
  },
});
