import { needsCheck } from '../../lambda/registration/core/changes';
import { SubscriptionError } from '../../lambda/registration/core/errors';
import type { RegistryPorts } from '../../lambda/registration/core/ports';
import {
  type Change,
  type DesiredSubscription,
  planRegistration,
  register,
  SubscriptionConflictError,
  unregister,
} from '../../lambda/registration/core/register';
import { secretName } from '../../lambda/subscriptions/core/secret-reference';
import type { Subscription } from '../../lambda/subscriptions/core/subscription';
import { errorText } from '../shell/aws-errors';
import { MAX_MISTAKES, moreText } from '../shell/mistakes';
import { inSlices } from '../shell/slices';
import type { Report } from '../shell/terminal';

export interface ApplyOptions {
  readonly managedBy: string;
  readonly dryRun: boolean;
  /** Lists all stored subscriptions, to remove this manager's that are not desired. Undefined: none is removed. */
  readonly prune?: () => AsyncIterable<Subscription>;
}

/** The subscriptions of a file. */
export interface DesiredSubscriptions {
  readonly count: number;
  /** Reads the file again, in the same order. Throws if the file changed. */
  entries(): AsyncIterable<DesiredSubscription>;
}

/** Maximum number of concurrent reads: the size of a BatchGetItem request. */
const READS = 100;
/** Maximum number of concurrent changes. */
const CHANGES = 25;

const WOULD = { added: 'would add', changed: 'would change' } as const;
const FAILED_TO = { added: 'add', changed: 'change', unchanged: 'check' } as const;

type Counts = Record<Change | 'removed', number>;

/**
 * Makes the stored subscriptions equal to the desired ones. Changes nothing if one of them belongs to another manager.
 * A failed change does not stop the others; the next run completes it.
 *
 * Reads the desired subscriptions twice, to compare and to change them, and holds only their names and one slice of
 * them.
 * @returns whether everything succeeded.
 * @throws what the ports throw during the comparison, before anything is changed.
 */
export function applySubscriptions(
  desired: DesiredSubscriptions,
  options: ApplyOptions,
  ports: RegistryPorts,
  report: Report,
): Promise<boolean> {
  return new ApplyRun(desired, options, ports, report).run();
}

class ApplyRun {
  /** Changes to make, by the name of the subscription. */
  private readonly plan = new Map<string, Change>();
  /** Names of all desired subscriptions. */
  private readonly names = new Set<string>();

  constructor(
    private readonly desired: DesiredSubscriptions,
    private readonly options: ApplyOptions,
    private readonly ports: RegistryPorts,
    private readonly report: Report,
  ) {}

  async run(): Promise<boolean> {
    const { report, plan } = this;
    if (!(await this.compare())) {
      report.problem('nothing was changed');
      return false;
    }
    const toRemove = await this.findObsolete();
    const unchanged = this.desired.count - plan.size;
    const planned: Counts = { added: 0, changed: 0, unchanged, removed: toRemove?.length ?? 0 };
    for (const change of plan.values()) planned[change]++;
    const ifPruning = (text: string) => (toRemove ? `, ${text}` : '');
    const summary = `${planned.added} to add, ${planned.changed} to change${ifPruning(`${planned.removed} to remove`)}, ${planned.unchanged} unchanged`;
    const changes = planned.added + planned.changed;
    if (this.options.dryRun) {
      if (changes > 0) await this.printPlan();
      for (const name of toRemove ?? []) report.line(`would remove ${name}`);
      report.line(`${summary}; nothing was changed`);
      return true;
    }
    if (changes + planned.removed > 0) report.line(`${summary}:`);
    const counts: Counts = { added: 0, changed: 0, unchanged, removed: 0 };
    let failed = await this.change(counts);
    if (toRemove && toRemove.length > 0) {
      // A renamed subscription must keep its old name until the new one exists.
      if (failed > 0) report.problem(`removed none of ${toRemove.length}: other changes failed`);
      else counts.removed = await this.remove(toRemove);
      failed += toRemove.length - counts.removed;
    }
    const { added, changed, removed } = counts;
    const rest = failed > 0 ? `, ${failed} failed: run apply again to complete them` : '';
    report.line(
      `${added} added, ${changed} changed${ifPruning(`${removed} removed`)}, ${counts.unchanged} unchanged${rest}`,
    );
    return failed === 0;
  }

  /** Fills `plan` and `names`. Returns false, with the first conflicts reported, if there are any. */
  private async compare(): Promise<boolean> {
    let conflicts = 0;
    const plan = (one: DesiredSubscription) => settle(planRegistration(one, this.options.managedBy, this.ports));
    await inSlices(this.desired.entries(), READS, plan, ({ definition: { name, threshold } }, planned) => {
      this.names.add(name);
      if ('value' in planned) {
        const { change } = planned.value;
        // An unchanged one that needs a check is included: the last run can have ended before it requested the check.
        if (change !== 'unchanged' || needsCheck(threshold)) this.plan.set(name, change);
      } else {
        const { error } = planned;
        if (!(error instanceof SubscriptionConflictError || error instanceof SubscriptionError)) throw error;
        if (++conflicts <= MAX_MISTAKES) this.report.problem(error.message);
      }
      this.report.progress('compared', this.names.size, this.desired.count);
    });
    if (conflicts > MAX_MISTAKES) this.report.problem(moreText(conflicts - MAX_MISTAKES, 'conflict'));
    return conflicts === 0;
  }

  /** Names of the manager's subscriptions that are no longer desired, sorted. Undefined without `prune`. */
  private async findObsolete(): Promise<string[] | undefined> {
    const { prune, managedBy } = this.options;
    if (!prune) return undefined;
    const obsolete: string[] = [];
    let read = 0;
    for await (const one of prune()) {
      if (one.managedBy === managedBy && !this.names.has(one.definition.name)) obsolete.push(one.definition.name);
      this.report.progress('read', ++read, read);
    }
    return obsolete.sort();
  }

  private async *planned(): AsyncGenerator<DesiredSubscription> {
    if (this.plan.size === 0) return;
    for await (const one of this.desired.entries()) if (this.plan.has(one.definition.name)) yield one;
  }

  private async printPlan(): Promise<void> {
    for await (const one of this.planned()) {
      const change = this.plan.get(one.definition.name);
      if (change && change !== 'unchanged') this.report.line(`${WOULD[change]} ${textOf(one)}`);
    }
  }

  /** Makes the planned changes and counts them in `counts`. Returns the number of failures, which it reports. */
  private async change(counts: Counts): Promise<number> {
    const { plan, report } = this;
    let failed = 0;
    let done = 0;
    const change = (one: DesiredSubscription) => settle(register(one, this.options.managedBy, this.ports));
    await inSlices(this.planned(), CHANGES, change, (one, result) => {
      const { name } = one.definition;
      if ('error' in result) {
        failed++;
        report.problem(`cannot ${FAILED_TO[plan.get(name) ?? 'changed']} ${name}: ${errorText(result.error)}`);
      } else {
        counts[result.value]++;
        if (result.value !== 'unchanged') report.line(`${result.value} ${textOf(one)}`);
      }
      report.progress('done', ++done, plan.size);
    });
    return failed;
  }

  /** Returns the number of removed subscriptions. Reports failures. */
  private async remove(names: readonly string[]): Promise<number> {
    const { report } = this;
    let removed = 0;
    let done = 0;
    const remove = (name: string) => settle(unregister(name, this.options.managedBy, this.ports));
    await inSlices(names, CHANGES, remove, (name, result) => {
      if ('error' in result) report.problem(`cannot remove ${name}: ${errorText(result.error)}`);
      else {
        // False: it was already removed, or taken over by another manager. Both count as success.
        if (result.value) report.line(`removed ${name}`);
        removed++;
      }
      report.progress('removed', ++done, names.length);
    });
    return removed;
  }
}

/** The name of a subscription, and the secret or parameter of its flow URL, if it has one. */
function textOf({ definition, flowUrlFrom }: DesiredSubscription): string {
  if (!flowUrlFrom) return definition.name;
  const field = 'secret' in flowUrlFrom && flowUrlFrom.field !== undefined ? `, field ${flowUrlFrom.field}` : '';
  return `${definition.name} (flow URL from ${secretName(flowUrlFrom)}${field})`;
}

type Settled<T> = { readonly value: T } | { readonly error: unknown };

const settle = <T>(promise: Promise<T>): Promise<Settled<T>> =>
  promise.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
