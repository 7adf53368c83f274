import type { FlowResponse } from '../../../lambda/delivery/core/response';
import type { SecretReference } from '../../../lambda/subscriptions/core/secret-reference';
import type { ResourceRequest } from '../aws/cloudformation';
import { SimulatedFlow, type SimulatedFlows } from '../flows';
import type { Oracle } from '../oracle/oracle';
import type { SimulatedStack } from '../stack';
import { DATA_SOURCES, HIGHEST, MEASURES, SEGMENTS } from '../workload';
import type { Chance } from '../world/chance';
import type { World } from '../world/world';

const MINUTE = 60_000;
const SECRET = 'flow-urls';
/** A container reads a secret again after 5 minutes (docs/delivery.md), and a worker keeps what it read for a minute. */
const LAST_CALL_MS = 7 * MINUTE;

/** An entry of a declared subscription. */
type Entry = Readonly<Record<string, unknown>> & { readonly name: string };
/** Resources by logical id. */
type Template = ReadonlyMap<string, Entry>;
interface Resource {
  readonly physicalId: string;
  readonly entry: Entry;
}

/**
 * Developers who declare subscriptions in a stack, and the deployments of that stack (CloudFormation user guide, "Update
 * behaviors of stack resources" and "Stack failure options"): new and changed resources first, then the removed and the
 * replaced ones; after a failure, everything that was done is undone.
 */
export class Deployments {
  /** A deployment is in progress. */
  busy = false;
  private readonly chance: Chance;
  private wanted = new Map<string, Entry>();
  private readonly deployed = new Map<string, Resource>();
  /** When the current URL of each flow was stored. */
  private readonly storedAt = new Map<string, number>();
  private readonly wrong: string[] = [];
  private names = 0;
  private ids = 0;

  constructor(
    private readonly world: World,
    private readonly stack: SimulatedStack,
    private readonly flows: SimulatedFlows,
    private readonly oracle: Oracle,
    private readonly disablesKeys: boolean,
  ) {
    this.chance = world.chance.of('deployments');
  }

  /** Deploys the first subscriptions. */
  start(count: number): void {
    for (let n = 0; n < count; n++) this.add();
    if (count > 0) this.run();
  }

  /** Changes the template or a secret. */
  act(): void {
    const { chance } = this;
    const what = chance.number();
    const id = this.wanted.size > 0 ? chance.among([...this.wanted.keys()]) : undefined;
    const entry = id === undefined ? undefined : this.wanted.get(id);
    if (id === undefined || entry === undefined || what < 0.15) this.add();
    else if (what < 0.4) this.wanted.set(id, this.entryOf(entry.name));
    else if (what < 0.5) this.wanted.set(id, this.entryOf(this.newName()));
    else if (what < 0.6) this.wanted.delete(id);
    else if (what < 0.7) {
      // The construct has another id, and its subscription the same name.
      this.wanted.delete(id);
      this.wanted.set(this.newId(), entry);
    } else {
      this.rotate(entry.name);
      return;
    }
    this.run(chance.is(0.2));
  }

  /** Deploys what is wanted once more. */
  settle(): void {
    this.stack.secrets.isKeyDisabled = false;
    this.stack.parameters.isKeyDisabled = false;
    for (const { name } of this.wanted.values()) this.store(name);
    this.run();
  }

  /** What is wrong once nothing happens any more. */
  atEnd(): string[] {
    const { versions } = this.oracle;
    const wrong = [...this.wrong];
    const { disputed } = this;
    const byName = new Map([...this.wanted].map(([id, entry]) => [entry.name, { id, entry }]));
    for (const name of versions.names()) {
      const current = versions.current(name);
      if (!current?.managedBy.startsWith('cdk:') || byName.has(name) || disputed.has(name)) continue;
      wrong.push(`LEAKED: ${name} is declared nowhere`);
    }
    for (const [name, { id, entry }] of byName) {
      wrong.push(...this.differences(id, entry));
      if (versions.current(name)?.takenFrom && !disputed.has(name))
        wrong.push(`LEAKED: ${name} can return to its old resource`);
    }
    return wrong;
  }

  /** How a subscription differs from its declaration. */
  private differences(logicalId: string, entry: Entry): string[] {
    const { name } = entry;
    const current = this.oracle.versions.current(name);
    if (current === undefined && this.disputed.has(name)) return [];
    if (current?.managedBy !== `cdk:Shop#${logicalId}`)
      return [`LOST: ${name} is declared by ${logicalId}, and managed by ${current?.managedBy}`];
    const { definition, flow } = current;
    const level = definition.threshold && 'value' in definition.threshold ? definition.threshold.value : undefined;
    const isAsDeclared =
      definition.trigger === entry.trigger &&
      level === entry.above &&
      JSON.stringify(flow && 'from' in flow ? flow.from : undefined) === JSON.stringify(entry.flowUrlFrom);
    return isAsDeclared ? [] : [`LOST: ${name} is not as ${JSON.stringify(entry)}`];
  }

  /** Names of subscriptions of which a request can have left any state. */
  private get disputed(): Set<string> {
    return new Set([...this.stack.cloudFormation.disputed].map((entry) => JSON.parse(entry).name));
  }

  private add(): void {
    this.wanted.set(this.newId(), this.entryOf(this.newName()));
  }

  private newId(): string {
    return `Resource${++this.ids}`;
  }

  private newName(): string {
    const name = `declared${++this.names}`;
    this.flows.add(new DeclaredFlow(name, this.replaced), name);
    this.store(name);
    return name;
  }

  private entryOf(name: string): Entry {
    const { chance } = this;
    const trigger = chance.among([
      'data-source-refresh-failed',
      'segment-threshold-crossed',
      'measure-threshold-crossed',
    ]);
    const subject =
      trigger === 'segment-threshold-crossed'
        ? { segment: chance.among(SEGMENTS) }
        : trigger === 'measure-threshold-crossed'
          ? { measure: chance.among(MEASURES) }
          : { dataSource: chance.among(DATA_SOURCES) };
    const isThreshold = trigger.endsWith('crossed');
    return {
      ...{ name, trigger, ...subject },
      ...(isThreshold && { above: chance.between(1, HIGHEST - 1) }),
      ...((!isThreshold || chance.is(0.8)) && { flowUrlFrom: referenceOf(name) }),
    };
  }

  /** The flow gets a new URL, and somebody stores it after a while. Or the key of the secrets is disabled for a while. */
  private rotate(name: string): void {
    const { chance, world, stack } = this;
    if (this.disablesKeys && chance.is(0.2)) {
      const store = chance.is(0.5) ? stack.secrets : stack.parameters;
      const set = (isDisabled: boolean) => {
        store.isKeyDisabled = isDisabled;
        this.oracle.keyChanged();
      };
      set(true);
      world.after(chance.between(MINUTE, 30 * MINUTE), () => set(false));
      return;
    }
    this.flows.flow(name).renew();
    this.storedAt.delete(name);
    world.after(chance.mostlySmall(0, 30 * MINUTE), () => this.store(name));
  }

  /** The flow was called at a URL that is no longer its own. */
  private readonly replaced = (name: string): void => {
    const storedAt = this.storedAt.get(name) ?? Infinity;
    const age = this.world.clock() - storedAt;
    if (age > LAST_CALL_MS) this.wrong.push(`LATE: ${name} was called at a URL that was replaced ${age} ms ago`);
  };

  private store(name: string): void {
    const { secrets, parameters } = this.stack;
    this.storedAt.set(name, this.world.clock());
    const reference = referenceOf(name);
    const { url } = this.flows.flow(name);
    if ('parameter' in reference) parameters.put(reference.parameter, url);
    else secrets.put(SECRET, JSON.stringify({ ...JSON.parse(secrets.text(SECRET) ?? '{}'), [name]: url }));
  }

  /** @param isWrong a mistake in the template makes the first deployment fail. */
  private run(isWrong = false): void {
    if (this.busy) return;
    this.busy = true;
    this.world.wake(() => {
      this.deploy(isWrong).then(
        () => {
          this.busy = false;
        },
        (error: Error) => {
          this.world.broken = error;
        },
      );
    });
  }

  /** Deploys until the deployed template is the wanted one. */
  private async deploy(isWrong: boolean): Promise<void> {
    for (let wrong = isWrong; ; wrong = false) {
      const template = new Map(this.wanted);
      // A stack cannot manage a subscription of the command line.
      if (wrong)
        template.set(this.newId(), { name: 's1', trigger: 'full-refresh-completed', flowUrlFrom: { secret: SECRET } });
      const isDone = await this.update(template);
      if (isDone && JSON.stringify([...this.wanted]) === JSON.stringify([...template])) return;
      await this.wait(this.chance.between(10_000, 5 * MINUTE));
    }
  }

  /** Updates the stack. Returns false if it was rolled back. */
  private async update(template: Template): Promise<boolean> {
    const before = new Map(this.deployed);
    const old: { readonly logicalId: string; readonly resource: Resource }[] = [];
    const ids = [...template.keys()].filter((id) => !isSame(before.get(id)?.entry, template.get(id)));
    const succeeded = await Promise.all(
      ids.map(async (logicalId) => {
        const resource = before.get(logicalId);
        const entry = template.get(logicalId) as Entry;
        const response = await this.change(resource ? 'Update' : 'Create', logicalId, resource?.physicalId, entry);
        // A failed creation is deleted by its physical id, too.
        if (response.succeeded || !resource) this.deployed.set(logicalId, { physicalId: response.physicalId, entry });
        if (response.succeeded && resource && resource.physicalId !== response.physicalId)
          old.push({ logicalId, resource });
        return response.succeeded;
      }),
    );
    if (!succeeded.every(Boolean)) {
      await this.rollBack(before, ids);
      return false;
    }
    for (const [logicalId, resource] of before) if (!template.has(logicalId)) old.push({ logicalId, resource });
    for (const { logicalId, resource } of old) {
      await this.remove(logicalId, resource);
      if (!template.has(logicalId)) this.deployed.delete(logicalId);
    }
    for (const { name } of template.values()) {
      const { thresholdId } = this.oracle.versions.current(name) ?? {};
      if (thresholdId !== undefined) this.oracle.registered.add(thresholdId);
    }
    return true;
  }

  private async rollBack(before: ReadonlyMap<string, Resource>, ids: readonly string[]): Promise<void> {
    for (const logicalId of ids) {
      const now = this.deployed.get(logicalId) as Resource;
      const resource = before.get(logicalId);
      if (!resource) {
        await this.remove(logicalId, now);
        this.deployed.delete(logicalId);
        continue;
      }
      let response = await this.change('Update', logicalId, now.physicalId, resource.entry);
      // An operator continues a rollback that failed.
      while (!response.succeeded) response = await this.change('Update', logicalId, now.physicalId, resource.entry);
      if (response.physicalId !== now.physicalId) await this.remove(logicalId, now);
      this.deployed.set(logicalId, { physicalId: response.physicalId, entry: resource.entry });
    }
    for (const [logicalId, { entry }] of before)
      if (!this.disputed.has(entry.name))
        this.wrong.push(...this.differences(logicalId, entry).map((one) => `${one}, after a rollback`));
  }

  private async remove(logicalId: string, { physicalId, entry }: Resource): Promise<void> {
    while (!(await this.change('Delete', logicalId, physicalId, entry)).succeeded) await this.wait(MINUTE);
  }

  private change(type: ResourceRequest['type'], logicalId: string, physicalId: string | undefined, entry: Entry) {
    return this.stack.cloudFormation.request({ type, logicalId, physicalId, entry: JSON.stringify(entry) });
  }

  private wait(milliseconds: number): Promise<void> {
    return new Promise((resolve) => this.world.after(milliseconds, () => this.world.wake(resolve)));
  }
}

/** A flow whose URL is in a secret. */
class DeclaredFlow extends SimulatedFlow {
  constructor(
    name: string,
    private readonly onOldUrl: (name: string) => void,
  ) {
    super(name);
  }

  override refusal(url: string): FlowResponse | undefined {
    const refusal = super.refusal(url);
    if (refusal) this.onOldUrl(this.name);
    return refusal;
  }
}

/** Every other flow's URL is in a parameter. */
const referenceOf = (name: string): SecretReference =>
  Number(name.at(-1)) % 2 === 0 ? { parameter: `/flows/${name}` } : { secret: SECRET, field: name };

const isSame = (a: Entry | undefined, b: Entry | undefined): boolean => JSON.stringify(a) === JSON.stringify(b);
