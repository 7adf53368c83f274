import { PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { Output } from '../../../contract/outputs';
import { DOMAIN_EVENTS, eventDetail } from '../../events/event-input';
import { command, connectorArgs, jsonArg } from '../../frame/command';
import { CommandError } from '../../shell/exit';

export const emit = command({
  name: 'emit',
  description: 'put an event of your own on the bus, as a producer would',
  args: {
    event: {
      type: 'positional',
      valueHint: 'EVENT',
      required: true,
      description: `one of ${DOMAIN_EVENTS.join(', ')}`,
    },
    detail: { type: 'string', valueHint: 'JSON', description: "the event's detail" },
    set: {
      type: 'string',
      multiple: true,
      valueHint: 'FIELD=VALUE',
      description: 'a field of the detail',
    },
    ...jsonArg,
    ...connectorArgs,
  },
  notes: [
    'It goes the whole road: rules, thresholds, subscriptions, flows. It is checked first; what is wrong in it is said, and nothing is put.',
    'A runId or observedAt that the event needs and that is left out is made up.',
  ],
  examples: [
    'emit DataSourceRefreshed --set dataSource=Orders --set status=Failed',
    `emit SegmentRefreshed --detail '{"segment":"VIP customers","memberCount":10120}'`,
  ],
  async run(args, context) {
    const { terminal, clock } = context;
    const detail = eventDetail(args.event, { detail: args.detail, set: context.all('set') }, clock());
    const connector = await context.connector();
    const bus = connector.output(Output.EVENT_BUS_NAME);
    const answer = await connector.clients.eventBridge.send(
      new PutEventsCommand({
        Entries: [
          {
            EventBusName: bus,
            Source: connector.output(Output.EVENT_SOURCE),
            DetailType: args.event,
            Detail: JSON.stringify(detail),
          },
        ],
      }),
    );
    const { EventId: id, ErrorCode, ErrorMessage } = answer.Entries?.[0] ?? {};
    if (!id) throw new CommandError(`EventBridge did not take the event: ${ErrorCode} ${ErrorMessage}`);
    if (args.json) terminal.json({ id, bus, detailType: args.event, detail });
    else {
      terminal.line(`put ${args.event} on ${bus}: ${JSON.stringify(detail)}`);
      terminal.line('deliveries, or watch, shows which flows it starts.');
    }
    return true;
  },
});
