import type { Item } from '../aws/expressions';
import type { SimulatedTable } from '../aws/table';
import type { Post } from '../flows';
import type { Versions } from './versions';

type Reported = 'succeeded' | 'failed';

/** What became of a delivery with a link. */
interface Run {
  readonly name: string;
  readonly acceptedAt: number;
  /** Whether every request that the flow accepted had a link. */
  linked: boolean;
  /** Whether one of them had. */
  someLinked: boolean;
  /** `at`: when the report was answered. Undefined: without a response, so it can have been recorded or not. */
  readonly reports: { readonly outcome: Reported; readonly at: number | undefined }[];
}

/** Each accepted delivery under `finishWithin` ends as its reports say, and is announced once (docs/delivery.md, "Outcomes"). */
export class OutcomeModel {
  private readonly runs = new Map<string, Run>();
  /** By delivery and detail type: the values of `since`. */
  private readonly announced = new Map<string, Set<string>>();
  private readonly wrong: string[] = [];
  /** Deliveries that were marked as unconfirmed. */
  unconfirmed = 0;

  constructor(
    private readonly versions: Versions,
    private readonly clock: () => number,
    private readonly table: () => SimulatedTable,
  ) {}

  accepted({ webhookId, flow, body }: Post): void {
    const linked = body.outcomeUrl !== undefined;
    const run = this.runs.get(webhookId) ?? {
      name: flow,
      acceptedAt: this.clock(),
      linked,
      someLinked: false,
      reports: [],
    };
    run.linked &&= linked;
    run.someLinked ||= linked;
    this.runs.set(webhookId, run);
  }

  /** @param status of the response. Undefined: there was none. */
  reported(webhookId: string, outcome: Reported, status: number | undefined): void {
    const run = this.runs.get(webhookId) as Run;
    if (status === undefined) run.reports.push({ outcome, at: undefined });
    else if (status === 200) run.reports.push({ outcome, at: this.clock() });
    else if (![undefined, 'canceled'].includes(this.rowOf(webhookId, run)?.status as string | undefined))
      this.wrong.push(`LOST: a report of ${webhookId} by its link got ${status}`);
  }

  rowWritten(before: Item | undefined, after: Item | undefined): void {
    const [old, state] = [before, after].map((item) => (item?.outcome as Item | undefined)?.state);
    if (state === 'unconfirmed' && old !== 'unconfirmed') this.unconfirmed++;
  }

  eventPut(detailType: string, { deliveryId, since }: Readonly<Record<string, unknown>>): void {
    if (detailType !== 'DeliveryUnconfirmed' && detailType !== 'DeliveryFailedInFlow') return;
    const key = `${deliveryId} ${detailType}`;
    this.announced.set(key, (this.announced.get(key) ?? new Set()).add(String(since)));
  }

  mistakes(): string[] {
    return [...this.wrong, ...[...this.runs].flatMap(([id, run]) => this.mistakesOf(id, run))];
  }

  private mistakesOf(id: string, run: Run): string[] {
    const wrong: string[] = [];
    const { name, linked, someLinked, reports, acceptedAt } = run;
    const announced = (type: string) => this.announced.get(`${id} ${type}`)?.size ?? 0;
    const isKnown = (outcome: Reported) => reports.some((one) => one.outcome === outcome && one.at !== undefined);
    const isPossible = (outcome: Reported) => reports.some((one) => one.outcome === outcome);
    const [absences, failures] = [announced('DeliveryUnconfirmed'), announced('DeliveryFailedInFlow')];
    if (failures > 0 && !isPossible('failed')) wrong.push(`UNOWED: ${id} was announced as failed, and no flow said so`);
    if (absences > 1 || failures > 1) wrong.push(`TWICE: ${id} has ${absences} and ${failures} announcements`);
    const limits = this.versions.of(name).map(({ subscription }) => subscription.definition.finishWithin ?? Infinity);
    const deadline = acceptedAt + Math.min(...limits);
    if (absences > 0 && reports.some(({ at }) => at !== undefined && at < deadline))
      wrong.push(`UNOWED: ${id} was reported in time, and announced as unconfirmed`);

    const row = this.rowOf(id, run);
    if (row?.status !== 'delivered') return wrong;
    const { state = 'none', untold } = (row.outcome ?? {}) as Item;
    const known = (['succeeded', 'failed'] as const).find(isKnown);
    // Of two requests, one can have had a link, and the other one no `finishWithin`.
    const unknown = [...(someLinked ? ['unconfirmed'] : []), ...(linked ? [] : ['none'])];
    const allowed = [...(known ? [known] : unknown), ...(['failed', 'succeeded'] as const).filter(isPossible)];
    if (known === 'succeeded' && state !== known) wrong.push(`LOST: ${id} succeeded, and is ${state}`);
    else if (!allowed.includes(String(state)) && (linked || reports.length > 0))
      wrong.push(`${state === 'awaited' ? 'STUCK' : 'LOST'}: ${id} is ${state} and should be ${allowed.join(' or ')}`);
    if (untold !== undefined) wrong.push(`STUCK: ${id} is still to be announced`);
    // The outcomes of a removed subscription are not announced.
    if (this.versions.current(name)?.uid !== row.uid) return wrong;
    if (state === 'unconfirmed' && absences === 0) wrong.push(`SILENT: ${id} is unconfirmed and was not announced`);
    if (state === 'failed' && failures === 0) wrong.push(`SILENT: ${id} failed and was not announced`);
    return wrong;
  }

  private rowOf(id: string, { name }: Run): Item | undefined {
    return this.table().peek(name, id.slice(name.length + 1));
  }
}
