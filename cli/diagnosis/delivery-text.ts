import type { Attempt, DeliveryRow, DeliveryStatus } from '../../lambda/delivery/core/delivery';
import { deliveryId } from '../../lambda/delivery/core/delivery-id';
import type { Outcome, OutcomeState } from '../../lambda/delivery/core/outcomes/outcome';
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

const OUTCOME_COLORS: Readonly<Record<OutcomeState, keyof Style>> = {
  awaited: 'green',
  unconfirmed: 'yellow',
  failed: 'red',
  succeeded: 'green',
};

export const outcomeName = ({ state }: Outcome): string => (state === 'awaited' ? 'report awaited' : state);

/** `delivered`, or `delivered, failed` if the flow reported its outcome or should have. */
export function statusText({ status, outcome }: Pick<DeliveryRow, 'status' | 'outcome'>, style: Style): string {
  if (!outcome) return style[COLORS[status]](status);
  const paint: Paint = style[status === 'delivered' ? OUTCOME_COLORS[outcome.state] : COLORS[status]];
  return paint(`${status}, ${outcomeName(outcome)}`);
}

/** `failed: the mailbox is full`. */
export const outcomeText = (outcome: Outcome, style: Style): string =>
  style[OUTCOME_COLORS[outcome.state]](outcomeName(outcome)) + (outcome.message ? `: ${outcome.message}` : '');

type Unfinished = readonly { readonly state: 'unconfirmed' | 'failed' }[];

/** Numbers of accepted deliveries whose flow did not report in time, and whose flow reported a failure. */
export function unfinishedCounts(listed: Unfinished): { readonly unconfirmed: number; readonly failed: number } {
  const failed = listed.filter(({ state }) => state === 'failed').length;
  return { unconfirmed: listed.length - failed, failed };
}

/** `2 unconfirmed, 1 failed`. Empty if there are none. */
export const unfinishedText = (listed: Unfinished): string =>
  Object.entries(unfinishedCounts(listed))
    .filter(([, count]) => count > 0)
    .map(([state, count]) => `${count} ${state}`)
    .join(', ');

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
    rows: rows.map(
      ({ acceptedAt, status, outcome, trigger, attempts, subscription, eventId, awsAccount, awsRegion }) => [
        timeText(acceptedAt, now),
        statusText({ status, outcome }, style),
        awsAccount === undefined ? trigger : `${trigger} from ${awsAccount} in ${awsRegion}`,
        String(attempts.length),
        outcome?.message ? `${responseText(attempts.at(-1))}: ${outcome.message}` : responseText(attempts.at(-1)),
        deliveryId(subscription, eventId),
      ],
    ),
  };
}

export const deliveryJson = ({ subscription, eventId, trigger, status, ...row }: DeliveryRow): object => ({
  id: deliveryId(subscription, eventId),
  subscription,
  trigger,
  status,
  awsAccount: row.awsAccount,
  awsRegion: row.awsRegion,
  occurredAt: new Date(row.occurredAt).toISOString(),
  acceptedAt: new Date(row.acceptedAt).toISOString(),
  outcome: row.outcome && outcomeJson(row.outcome),
  attempts: row.attempts.map(({ at, ...attempt }) => ({ at: new Date(at).toISOString(), ...attempt })),
});

const outcomeJson = ({ state, by, at, message }: Outcome): object => ({
  state,
  dueAt: by === undefined ? undefined : new Date(by).toISOString(),
  at: at === undefined ? undefined : new Date(at).toISOString(),
  message,
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
