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

/** Response of the flow to an attempt: `202, run 0858…`, or the error if the flow did not respond. */
export function responseText(attempt: Attempt | undefined): string {
  if (!attempt) return 'not attempted yet';
  const response = [attempt.status, attempt.error].filter((part) => part !== undefined).join(' ') || 'no response';
  return attempt.runId ? `${response}, run ${attempt.runId}` : response;
}

export function deliveriesTable(rows: readonly DeliveryRow[], now: number, style: Style): Table {
  return {
    head: ['accepted', 'status', 'trigger', 'attempts', 'last response', 'id'],
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
 * The newest rows, newest first, and the number of all rows.
 * @param limit maximum number of rows returned. Holds up to twice as many in memory.
 */
export async function newestDeliveries(
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
