import { PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { Output } from '../../../contract/outputs';
import { DOMAIN_EVENTS, eventDetail } from '../../events/event-input';
import { connectorCommand, jsonArg } from '../../frame/command';
import { CommandError } from '../../shell/exit';

export const emit = connectorCommand({
  name: 'emit',
  description: 'put an event on the bus, as a producer would',
  args: {
    event: {
      type: 'positional',
      valueHint: 'EVENT',
      required: true,
      description: `one of ${DOMAIN_EVENTS.join(', ')}`,
    },
    detail: { type: 'string', valueHint: 'JSON', description: 'detail of the event' },
    set: {
      type: 'string',
      multiple: true,
      valueHint: 'FIELD=VALUE',
      description: 'one field of the detail',
    },
    ...jsonArg,
  },
  notes: [
    'The event can start flows. It is validated first; if it is invalid, nothing is sent.',
    'Required fields runId and observedAt get a generated value if you omit them.',
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
    const response = await connector.clients.eventBridge.send(
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
    const { EventId: id, ErrorCode, ErrorMessage } = response.Entries?.[0] ?? {};
    if (!id) throw new CommandError(`EventBridge rejected the event: ${ErrorCode} ${ErrorMessage}`);
    if (args.json) terminal.json({ id, bus, detailType: args.event, detail });
    else {
      terminal.line(`put ${args.event} on ${bus}: ${JSON.stringify(detail)}`);
      terminal.line('To see which flows it starts, run deliveries or watch.');
    }
  },
});
