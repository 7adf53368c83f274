import { DELIVERY_STATUSES, type DeliveryRow, type DeliveryStatus } from '../../../lambda/delivery/core/delivery';
import { OUTCOME_STATES, type OutcomeState } from '../../../lambda/delivery/core/outcomes/outcome';
import { deliveriesTable, deliveryJson, newestDeliveries } from '../../diagnosis/delivery-text';
import { connectorCommand, jsonArg, limitArg, sinceArg, subscriptionArgs } from '../../frame/command';
import { countOption, instantOption } from '../../frame/option-values';
import { timeText } from '../../shell/time';
import { findSubscription, subscriptionName } from '../../subscriptions/find-subscription';

export const deliveries = connectorCommand({
  name: 'deliveries',
  description: 'list deliveries and the responses of the flows, newest first',
  args: {
    ...subscriptionArgs,
    status: {
      type: 'enum',
      valueHint: 'STATUS',
      options: [...DELIVERY_STATUSES, ...OUTCOME_STATES],
      description: 'only deliveries with this status, or with this outcome of the flow',
    },
    since: { ...sinceArg.since, default: '24h' },
    ...limitArg('deliveries', '50'),
    ...jsonArg,
  },
  notes: ['Without NAME, reads the whole Deliveries table, which can take a while.'],
  examples: ['deliveries --status dead --since 7d', 'deliveries vip-over-10k --json'],
  async run(args, { terminal, clock, ...context }) {
    const now = clock();
    const limit = countOption('--limit', args.limit, 10_000);
    const from = instantOption('--since', args.since, now);
    const { status } = args;
    const subscription = subscriptionName(args);
    const connector = await context.connector();
    if (subscription !== undefined) await findSubscription(subscription, connector);
    const rows = withStatus(connector.deliveries.rows({ subscription, from }), status);
    const found = await newestDeliveries(rows, limit, (seen) => terminal.progress('deliveries read', seen, seen));
    if (args.json) terminal.json(found.rows.map(deliveryJson));
    else if (found.seen === 0)
      terminal.line(`No ${status ? `${status} ` : ''}deliveries since ${timeText(from ?? 0, now)}.`);
    else terminal.table(deliveriesTable(found.rows, now, terminal.style));
    const more = found.seen - found.rows.length;
    if (more > 0 && !args.json) terminal.line(`${more} more: use --limit ${found.seen}`);
  },
});

async function* withStatus(rows: AsyncIterable<DeliveryRow>, status: DeliveryStatus | OutcomeState | undefined) {
  for await (const row of rows) {
    if (status === undefined || row.status === status || row.outcome?.state === status) yield row;
  }
}
