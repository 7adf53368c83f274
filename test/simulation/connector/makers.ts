import { definitionFor } from '../../../cli/custom-connector/connector-files';
import { API_KEY_HEADER, type ConnectorActionId } from '../../../contract/custom-connector';
import { KeyTable } from '../../../lambda/custom-connector/adapters/key-table';
import { keyHash, newKey } from '../../../lambda/custom-connector/core/api-key';
import { readConnectorFile } from '../../../local/power-automate/connector-file';
import type { FieldValues, Trigger } from '../../../local/power-automate/model';
import {
  type Connection,
  type HttpRequest,
  type HttpResponse,
  registrationRequest,
  unregistrationRequest,
} from '../../../local/power-automate/requests';
import { fillIn } from '../../support/power-automate/fill-in';
import type { SimulatedFlows } from '../flows';
import type { Oracle } from '../oracle/oracle';
import type { SimulatedStack } from '../stack';
import { DATA_SOURCES, HIGHEST, MEASURES, SEGMENTS } from '../workload';
import type { Chance } from '../world/chance';
import { Worker } from '../world/network';
import type { World } from '../world/world';
import { hashOfLocation, RegisteredFlow, workflowId } from './registered-flow';

const MINUTE = 60_000;
const ACTIONS: readonly ConnectorActionId[] = ['read', 'test'];
/** The makers know only the exported file. */
const FILE = readConnectorFile(
  definitionFor({ url: 'https://abc123.execute-api.eu-central-1.amazonaws.com', actions: ACTIONS }),
);
/** Triggers whose facts the oracle knows. */
const TRIGGERS = FILE.triggers.filter(({ path }) => !path.endsWith('overdue'));

/**
 * People who use the custom connector in Power Automate: they save flows, switch them off and on, and delete them. Requests
 * are those of local/power-automate. Power Automate sends POST when a flow is saved or switched on, one after the other, and
 * again after a failure; it sends DELETE in any order, late, twice or never (flow-registration.ts).
 */
export class Makers {
  readonly flows: RegisteredFlow[] = [];
  /** Changes and requests in progress. */
  busy = 0;
  private readonly chance: Chance;
  private connection: Connection = { headers: {} };

  constructor(
    private readonly world: World,
    private readonly stack: SimulatedStack,
    private readonly all: SimulatedFlows,
    private readonly oracle: Oracle,
  ) {
    this.chance = world.chance.of('makers');
  }

  /** Gets a key, and saves the first flows. */
  start(count: number): void {
    const key = newKey('makers', (size) => Uint8Array.from({ length: size }, () => this.chance.between(0, 255)));
    this.connection = { headers: { [API_KEY_HEADER]: key } };
    const { dynamodb } = this.stack.clients(new Worker('administrator'));
    const keys = new KeyTable(dynamodb, this.stack.places.subscriptions);
    this.run(async () => {
      await keys.create({ name: 'makers', hash: keyHash(key), createdAt: this.world.clock() });
      for (let n = 0; n < count; n++) await this.create();
    });
  }

  /** Does something to a random flow. */
  act(): void {
    const { chance } = this;
    if (this.flows.length === 0) return;
    if (this.flows.length < 20 && chance.is(0.05)) {
      this.run(() => this.create());
      return;
    }
    const flow = chance.among(this.flows);
    if (flow.isChanging) return;
    if (!flow.isOn) this.run(() => this.save(flow, chance.is(0.3)));
    else if (chance.is(0.6)) this.run(() => this.save(flow, true));
    else this.run(async () => this.switchOff(flow));
  }

  /** Saves every flow again that is on and could not register. */
  settle(): void {
    this.run(async () => {
      for (const flow of this.flows) {
        while (flow.isChanging) await this.wait(MINUTE);
        if (flow.isOn && flow.location === undefined) await this.save(flow, false);
      }
    });
  }

  private run(act: () => Promise<void>): void {
    this.busy++;
    this.world.wake(() => {
      act().then(
        () => {
          this.busy--;
        },
        (error: Error) => {
          this.world.broken = error;
        },
      );
    });
  }

  private async create(): Promise<void> {
    const workflow = this.flows.length + 1;
    const flow = new RegisteredFlow(workflow, this.chance.among(TRIGGERS), this.oracle.registrations.refused);
    this.flows.push(flow);
    this.all.add(flow, workflowId(workflow));
    this.oracle.registrations.add(flow);
    await this.save(flow, true);
  }

  /** @param changes false: the flow is switched on as it is. */
  private async save(flow: RegisteredFlow, changes: boolean): Promise<void> {
    const { chance } = this;
    flow.isChanging = true;
    this.world.trace.add(flow.name, changes ? 'is saved' : 'is switched on');
    const old = flow.isOn ? flow.location : undefined;
    const values = changes && (flow.version === 0 || chance.is(0.6)) ? await this.fieldsOf(flow.trigger) : flow.values;
    const deleteFirst = chance.is(0.5);
    if (old !== undefined && deleteFirst) {
      this.unregister(old, flow);
      await this.wait(chance.mostlySmall(0, 3 * MINUTE));
    }
    if (changes) flow.version++;
    flow.values = values;
    flow.isOn = true;
    flow.endedAt = undefined;
    flow.location = undefined;
    flow.location = await this.register(flow);
    if (old !== undefined && !deleteFirst) {
      await this.wait(chance.mostlySmall(0, 3 * MINUTE));
      this.unregister(old, flow);
    }
    flow.isChanging = false;
  }

  private switchOff(flow: RegisteredFlow): void {
    flow.isOn = false;
    this.world.trace.add(flow.name, 'is switched off');
    if (flow.location !== undefined) this.unregister(flow.location, flow);
  }

  /** Sends POST until it is answered. Returns the `Location`, or undefined after too many failures. */
  private async register(flow: RegisteredFlow): Promise<string | undefined> {
    const { chance } = this;
    for (let tries = 0; tries < 8; tries++) {
      const request = registrationRequest(FILE, flow.trigger, flow.values, flow.url, this.connection);
      if (chance.is(0.05)) await this.sendWithoutKey(request);
      const { response, underWay, copies } = this.stack.api.send(request, flow.name);
      const isImpatient = chance.is(0.2);
      const patience = underWay.then(() => this.wait(isImpatient ? chance.mostlySmall(0, 2000) : MINUTE));
      const answer = (await Promise.race([response, patience])) ?? undefined;
      // The next request comes after this one has begun.
      await underWay;
      if (answer?.status === 201) {
        flow.isDoubled = copies > 1;
        this.world.trace.add(
          flow.name,
          `version ${flow.version} is registered as ${answer.headers.location?.slice(-32)}`,
        );
        this.registered(flow, answer);
        return answer.headers.location;
      }
      if (answer && ![429, 500, 503].includes(answer.status)) {
        this.oracle.registrations.mistakes.push(`LOST: POST got ${answer.status} ${answer.body}`);
      }
      if (!answer && isImpatient && chance.is(0.5)) {
        // The author saves the flow again at once.
        flow.version++;
      } else await this.wait(chance.between(1000, 30_000));
    }
    return undefined;
  }

  /** The registration has requested the check of its threshold. */
  private registered({ name }: RegisteredFlow, { headers }: HttpResponse): void {
    const { thresholdId, registration } = this.oracle.versions.current(name) ?? {};
    const isCurrent = registration?.idHash === hashOfLocation(headers.location ?? '');
    if (isCurrent && thresholdId !== undefined) this.oracle.registered.add(thresholdId);
  }

  private async sendWithoutKey(request: HttpRequest): Promise<void> {
    const { response } = this.stack.api.send({ ...request, headers: { 'content-type': 'application/json' } });
    const answer = await Promise.race([response, this.wait(MINUTE)]);
    if (answer && answer.status < 400)
      this.oracle.registrations.mistakes.push('UNOWED: a request without key was served');
  }

  /** Sends DELETE, now or later. */
  private unregister(location: string, flow: RegisteredFlow): void {
    const { world, chance } = this;
    const { faults } = world;
    if (faults.happens('DELETE not sent')) return;
    const request = unregistrationRequest(location, `${FILE.baseUrl}${flow.trigger.path}`) as HttpRequest;
    const late = faults.happens('DELETE late') ? chance.between(1000, 60 * MINUTE) : 0;
    world.after(late, () => {
      world.trace.add(flow.name, `sends DELETE ${location.slice(-32)}`);
      this.oracle.registrations.deletionSent(location);
      this.run(async () => {
        const answer = await Promise.race([this.stack.api.send(request).response, this.wait(MINUTE)]);
        if (answer?.status === 200 && !flow.isOn && flow.location === location) flow.endedAt = world.clock();
      });
    });
  }

  private async fieldsOf(trigger: Trigger): Promise<FieldValues> {
    const { chance, connection } = this;
    const author = {
      connection,
      pick: <T>(of: readonly T[]): T => chance.among(of),
      numbers: Array.from({ length: HIGHEST - 1 }, (_, n) => n + 1),
      typed: (field: string) =>
        chance.among(field === 'segment' ? SEGMENTS : field === 'measure' ? MEASURES : DATA_SOURCES),
    };
    const send = async (request: HttpRequest): Promise<HttpResponse> => {
      const answer = await Promise.race([this.stack.api.send(request).response, this.wait(MINUTE)]);
      return answer ?? { status: 504, headers: {}, body: '' };
    };
    const values = await fillIn(FILE, trigger, author, send);
    // The oracle knows levels, not changes.
    const { comparedWith: _, ...levels } = values;
    return /By$/.test(String(values.direction)) ? { ...levels, direction: 'above' } : values;
  }

  private wait(milliseconds: number): Promise<void> {
    return new Promise((resolve) => this.world.after(milliseconds, () => this.world.wake(resolve)));
  }
}
