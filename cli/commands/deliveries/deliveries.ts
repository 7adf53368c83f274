import { DELIVERY_STATUSES, type DeliveryRow, type DeliveryStatus } from '../../../lambda/delivery/core/delivery';
import { deliveriesTable, deliveryJson, newest } from '../../diagnosis/delivery-text';
import { command, connectorArgs, jsonArg, subscriptionArgs } from '../../frame/command';
import { countOption } from '../../shell/numbers';
import { instantOption, timeText } from '../../shell/time';
import { subscriptionNamed, subscriptionOf } from '../../subscriptions/names';

export const deliveries = command({
  name: 'deliveries',
  description: 'list deliveries, the newest first, with what the flows answered',
  args: {
    ...subscriptionArgs,
    status: { type: 'enum', valueHint: 'STATUS', options: [...DELIVERY_STATUSES], description: 'of this status only' },
    since: {
      type: 'string',
      valueHint: 'WHEN',
      description: 'accepted since then: 2h, 3d, or an ISO 8601 instant',
      default: '24h',
    },
    limit: { type: 'string', valueHint: 'COUNT', description: 'how many at most', default: '50' },
    ...jsonArg,
    ...connectorArgs,
  },
  notes: ['Without NAME it reads the whole table of deliveries, which takes a while where there are many.'],
  examples: ['deliveries --status dead --since 7d', 'deliveries vip-over-10k --json'],
  async run(args, context) {
    const { terminal, clock } = context;
    const now = clock();
    const limit = countOption('--limit', args.limit, 10_000);
    const from = instantOption('--since', args.since, now);
    const { status } = args;
    const subscription = subscriptionOf(args);
    const connector = await context.connector();
    if (subscription !== undefined) await subscriptionNamed(subscription, connector);
    const rows = ofStatus(connector.deliveries.rows({ subscription, from }), status);
    const found = await newest(rows, limit, (seen) => terminal.progress('deliveries read', seen, seen));
    if (args.json) {
      terminal.json(found.rows.map(deliveryJson));
      return true;
    }
    if (found.seen === 0)
      terminal.line(`No ${status ? `${status} ` : ''}deliveries since ${timeText(from ?? 0, now)}.`);
    else terminal.table(deliveriesTable(found.rows, now, terminal.style));
    if (found.seen > found.rows.length) terminal.line(`and ${found.seen - found.rows.length} more: --limit shows them`);
    return true;
  },
});

async function* ofStatus(rows: AsyncIterable<DeliveryRow>, status: DeliveryStatus | undefined) {
  for await (const row of rows) if (status === undefined || row.status === status) yield row;
}
