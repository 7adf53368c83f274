import type { Attempt, DeliveryRow, DeliveryStatus } from '../../lambda/delivery/core/delivery';
import { deliveryId } from '../../lambda/delivery/core/delivery-id';
import type { Table } from '../shell/table';
import type { Paint, Style } from '../shell/terminal';
import { timeText } from '../shell/time';

export const COLORS: Readonly<Record<DeliveryStatus, keyof Style>> = {
  pending: 'yellow',
  delivered: 'green',
  held: 'yellow',
  dead: 'red',
  canceled: 'dim',
};

/** What the flow answered to a try: `202, run 0858…`, or why there was no answer. */
export function responseText(attempt: Attempt | undefined): string {
  if (!attempt) return 'not tried yet';
  const answer = [attempt.status, attempt.error].filter((part) => part !== undefined).join(' ') || 'no answer';
  return attempt.runId ? `${answer}, run ${attempt.runId}` : answer;
}

/** Deliveries as a table. */
export function deliveriesTable(rows: readonly DeliveryRow[], now: number, style: Style): Table {
  return {
    head: ['accepted', 'status', 'trigger', 'tries', 'last answer', 'id'],
    numbers: [3],
    rows: rows.map(({ acceptedAt, status, trigger, attempts, subscription, eventId }) => {
      const paint: Paint = style[COLORS[status]];
      return [
        timeText(acceptedAt, now),
        paint(status),
        trigger,
        String(attempts.length),
        responseText(attempts.at(-1)),
        deliveryId(subscription, eventId),
      ];
    }),
  };
}

/** A delivery for scripts. */
export const deliveryJson = ({ subscription, eventId, trigger, status, ...row }: DeliveryRow): object => ({
  id: deliveryId(subscription, eventId),
  subscription,
  trigger,
  status,
  occurredAt: new Date(row.occurredAt).toISOString(),
  acceptedAt: new Date(row.acceptedAt).toISOString(),
  attempts: row.attempts.map(({ at, ...attempt }) => ({ at: new Date(at).toISOString(), ...attempt })),
});

/**
 * The newest of many rows, newest first, and how many there were.
 * @param limit how many are given; no more than twice as many are kept meanwhile.
 */
export async function newest(
  rows: AsyncIterable<DeliveryRow>,
  limit: number,
  onRow: (seen: number) => void = () => {},
): Promise<{ readonly rows: DeliveryRow[]; readonly seen: number }> {
  let kept: DeliveryRow[] = [];
  let seen = 0;
  const best = () => kept.sort((a, b) => b.acceptedAt - a.acceptedAt).slice(0, limit);
  for await (const row of rows) {
    kept.push(row);
    onRow(++seen);
    if (kept.length >= 2 * limit) kept = best();
  }
  return { rows: best(), seen };
}
