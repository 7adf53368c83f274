import { createHash } from 'node:crypto';
import {
  type OutcomePorts,
  reportOutcome,
  reportOutcomeByLink,
} from '../../lambda/custom-connector/core/outcomes/report-outcome';
import { deliverBatch } from '../../lambda/delivery/core/deliver';
import { deliveryId } from '../../lambda/delivery/core/delivery-id';
import type { ReportedOutcome } from '../../lambda/delivery/core/outcomes/outcome';
import { outcomeLink } from '../../lambda/delivery/core/outcomes/outcome-link';
import type {
  DeliverPorts,
  DeliveryKey,
  DeliveryReader,
  DeliveryStore,
  OutcomeStore,
} from '../../lambda/delivery/core/ports';
import type { FlowResponse } from '../../lambda/delivery/core/response';
import { runScheduledWork, type ScheduledWorkPorts } from '../../lambda/delivery/core/scheduled-work';
import type { TriggerEvent } from '../../lambda/events/core/trigger-event';
import type { Subscription } from '../../lambda/subscriptions/core/subscription';
import { NOW } from './evaluation';
import { Crash, Interleaving, randomFrom } from './memory/interleaving';
import { type Gate, MemoryBus, MemoryRejected, MemoryTables, MemoryTelemetry } from './memory/memory';
import { MemoryCallBook } from './memory/memory-deliveries';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const CALLER = 'key:team';
export const FINISH_WITHIN = 10 * MINUTE;

/** The Deliveries table of a history. `isAlive` tells whether the worker with a lease's owner runs. */
export interface HistoryTable {
  store(gate: Gate): DeliveryStore & DeliveryReader;
  outcomes(gate: Gate): OutcomeStore & { due(now: number): Promise<DeliveryKey[]> };
}

export interface HistoryOptions {
  /** Name of the subscription. */
  readonly name: string;
  readonly table: (isAlive: (leaseOwner: string) => boolean) => HistoryTable;
  /** Kills at calls of a port. */
  readonly crashes: number;
  /** Flow responses that are errors, or lost although the flow started. */
  readonly failures: number;
}

/** What a history showed. */
export interface HistoryResult {
  /** Violations in words. Empty for a correct history. */
  readonly wrong: string[];
  /** Final states, and events on the bus, with their numbers. */
  readonly seen: Readonly<Record<string, number>>;
}

interface Report {
  readonly id: string;
  readonly outcome: ReportedOutcome;
  /** When the flow sends it, epoch milliseconds. */
  readonly at: number;
  /** Undefined: by the connector's action. */
  readonly link?: string;
}

/**
 * A random history of deliveries to a flow that reports its outcomes: early, in time, late, twice, both outcomes, by link and
 * by action, while workers, reports and sweeps run at the same time and are killed. Runs the real code.
 */
export async function outcomeHistory(seed: number, options: HistoryOptions): Promise<HistoryResult> {
  const random = randomFrom(seed);
  const chance = (probability: number) => random() < probability;
  const between = (from: number, to: number) => from + Math.floor(random() * (to - from));
  const interleaving = new Interleaving(random);
  const alive = new Set<string>();
  const table = options.table((owner) => alive.has(owner.split('/')[0] as string));
  const bus = new MemoryBus();
  const telemetry = new MemoryTelemetry();
  const tables = new MemoryTables();
  const calls = new MemoryCallBook();
  const wrong: string[] = [];
  const trace: string[] = [];
  let now = NOW;
  let ids = 0;
  let crashes = options.crashes;
  let failures = options.failures;

  const subscription = {
    definition: {
      name: options.name,
      trigger: 'data-source-refresh-failed',
      instanceId: 'default',
      filter: {},
      format: 'flat',
      owners: [],
      finishWithin: FINISH_WITHIN,
    },
    uid: 'uid-1',
    generation: 1,
    managedBy: 'connector',
    flow: { ciphertext: 'url', host: 'example.com', fingerprint: 'f' },
    registration: { idHash: 'h', by: CALLER, at: NOW },
  } as const satisfies Subscription;
  tables.subscriptions.set(options.name, subscription);

  const queue: { body: string; visibleAt: number }[] = [];
  const reports: Report[] = [];
  const told = (detailType: string, id: string) =>
    bus.published.filter((one) => one.detailType === detailType && one.detail.deliveryId === id);
  /** Reports that the API accepted, and when it did. */
  const accepted: { id: string; outcome: ReportedOutcome; at: number }[] = [];
  /** Reports that were killed, and can have been recorded. */
  const unsure: { id: string; outcome: ReportedOutcome }[] = [];
  let sweepCrashes = 0;

  const ports = (worker: string, gate: Gate): DeliverPorts & ScheduledWorkPorts => {
    const store = table.store(gate);
    return {
      deliveries: store,
      kept: store,
      outcomes: table.outcomes(gate),
      expectations: tables.expectations(gate),
      due: { dueSubscriptions: async () => [], unannounced: async () => [] },
      subscriptions: tables.registry(gate),
      events: bus.publisher(gate),
      rejected: new MemoryRejected(),
      telemetry,
      calls: calls.book(gate),
      connectorId: 'test',
      clock: () => now,
      random: () => 0,
      newId: () => `${worker}/${++ids}`,
      newOutcomeLink: (key) =>
        outcomeLink(
          'https://example.com',
          key,
          createHash('sha256').update(`${seed}/${++ids}`).digest('base64url').slice(0, 22),
        ),
      open: async () => ({ url: 'https://example.com/flow' }),
      post: async (_, { headers, body }): Promise<FlowResponse> => {
        await gate('before post');
        const response = answer(String(headers['webhook-id']), JSON.parse(body).outcomeUrl);
        await gate('after post');
        return response;
      },
      send: async (message, delaySeconds) => {
        await gate('before send');
        queue.push({ body: JSON.stringify(message), visibleAt: now + delaySeconds * SECOND });
        await gate('after send');
      },
    };
  };

  /** The flow: it can fail, or start and lose its response. A run that starts reports later, twice, or never. */
  function answer(id: string, outcomeUrl: string | undefined): FlowResponse {
    if (!outcomeUrl) wrong.push(`the body of ${id} has no link`);
    const fails = failures > 0 && chance(0.4);
    if (fails) failures--;
    if (fails && chance(0.5)) return { status: 500 };
    const link = outcomeUrl?.split('/').at(-1);
    for (let count = between(0, 3); count > 0; count--) {
      const outcome = chance(0.6) ? 'succeeded' : 'failed';
      // Around the deadline, or at once: before the response is recorded.
      const after = chance(0.3) ? 0 : chance(0.5) ? between(0, 2 * FINISH_WITHIN) : FINISH_WITHIN + between(-2, 3);
      reports.push({ id, outcome, at: now + after, ...(chance(0.6) && { link }) });
    }
    return fails ? { error: 'ECONNRESET' } : { status: 202, runId: `run-${++ids}` };
  }

  /** Runs a worker that can be killed at any call. Returns undefined if it was killed. */
  const asWorker = async <T>(
    kind: string,
    work: (worker: string, gate: Gate) => Promise<T>,
  ): Promise<T | undefined> => {
    const worker = `${kind}${++ids}`;
    alive.add(worker);
    const fate = (call: string) => {
      trace.push(`${now - NOW} ${worker} ${call}`);
      if (crashes <= 0 || !chance(0.06)) return;
      crashes--;
      alive.delete(worker);
      trace.push(`${worker} CRASH ${call}`);
      throw new Crash();
    };
    try {
      return await interleaving.start((gate) => work(worker, gate), fate);
    } catch (error) {
      if (error instanceof Crash || !alive.has(worker)) return undefined;
      throw error;
    } finally {
      alive.delete(worker);
    }
  };

  const deliver = async (message: { body: string; visibleAt: number }) => {
    if (chance(0.05)) queue.push({ ...message });
    const failed = await asWorker('deliver', (worker, gate) =>
      deliverBatch([{ id: 'm', body: message.body }], now + MINUTE, ports(worker, gate)),
    );
    if (failed === undefined || failed.length > 0) queue.push({ body: message.body, visibleAt: now + 6 * MINUTE });
  };
  const report = async ({ id, outcome, link, at }: Report) => {
    const response = await asWorker('report', (worker, gate) => {
      const { subscriptions, outcomes } = ports(worker, gate);
      const outcomePorts: OutcomePorts = { subscriptions, outcomes, telemetry, clock: () => now };
      const body = Buffer.from(JSON.stringify(link ? { outcome } : { outcome, deliveryId: id }));
      const request = { route: '', query: {}, headers: {}, origin: '', body, parameters: link ? { link } : {} };
      return link
        ? reportOutcomeByLink(request, outcomePorts)
        : reportOutcome(request, { id: CALLER, name: 'team' }, outcomePorts);
    });
    if (!response) {
      unsure.push({ id, outcome });
      // Power Automate repeats a request without a response.
      if (chance(0.7)) reports.push({ id, outcome, link, at: now + between(0, MINUTE) });
    } else if (response.status === 200) accepted.push({ id, outcome, at: now });
    else wrong.push(`a report for ${id} (${link ? 'by link' : 'by action'}, due ${at - NOW}) got ${response.status}`);
  };
  const sweep = async () => {
    const before = crashes;
    const ended = await asWorker('sweep', async (worker, gate) => {
      await runScheduledWork(ports(worker, gate));
      return true;
    });
    if (!ended && crashes < before) sweepCrashes++;
  };

  const events = Array.from({ length: between(1, 4) }, (_, n) => `${n}`.padStart(32, '0'));
  for (const eventId of events) {
    const event = {
      ...{ eventId, trigger: 'data-source-refresh-failed', instanceId: 'default', occurredAt: NOW, dataSource: 'CRM' },
      ...{ runId: 'run', status: 'Failed', willRetry: false },
    } as TriggerEvent;
    const message = { subscription: options.name, uid: 'uid-1', event, acceptedAt: NOW, n: 0 };
    queue.push({ body: JSON.stringify(message), visibleAt: now });
  }

  let lastSweep = now;
  /** Starts what is due. An invocation of `deliver` ends within a minute, so time passes slowly while one runs. */
  const startDue = () => {
    const started = reports.length;
    for (const list of [queue, reports] as { visibleAt?: number; at?: number }[][]) {
      for (const one of [...list]) {
        if ((one.visibleAt ?? one.at ?? 0) > now || !chance(0.7)) continue;
        list.splice(list.indexOf(one), 1);
        if ('body' in one) void deliver(one as { body: string; visibleAt: number });
        else void report(one as Report);
      }
    }
    // Often together with a report, so that both compete at the deadline.
    if (now - lastSweep >= MINUTE || chance(reports.length < started ? 0.4 : 0.02)) {
      lastSweep = now;
      void sweep();
    }
  };
  const nextDue = () =>
    Math.min(...queue.map((one) => one.visibleAt), ...reports.map((one) => one.at), lastSweep + MINUTE);
  const end = NOW + 4 * 24 * 60 * MINUTE;
  const settled = async () => {
    while (await interleaving.step());
  };
  while (queue.length > 0 || reports.length > 0 || interleaving.workers > 0) {
    startDue();
    if (await interleaving.step()) continue;
    // Nothing runs: to the next due time.
    now = Math.max(now, Math.min(nextDue(), end));
    if (now >= end) break;
    if (queue.length === 0 && reports.length === 0) break;
  }
  await settled();
  // No more faults: every deadline passes.
  crashes = 0;
  now += 2 * FINISH_WITHIN;
  for (let n = 0; n < 2; n++) {
    const swept = sweep();
    await settled();
    await swept;
  }

  const seen: Record<string, number> = {};
  const count = (what: string) => {
    seen[what] = (seen[what] ?? 0) + 1;
  };
  const { read, due } = table.outcomes(async () => {});
  for (const eventId of events) {
    const key = { subscription: options.name, eventId };
    const id = deliveryId(options.name, eventId);
    const row = await read(key);
    if (row?.status !== 'delivered') {
      wrong.push(`${id} ended as ${row?.status}`);
      continue;
    }
    const { state = 'none', by = 0 } = row.outcome ?? {};
    count(state);
    const ok = (outcome: ReportedOutcome) => accepted.some((one) => one.id === id && one.outcome === outcome);
    const maybe = (outcome: ReportedOutcome) => unsure.some((one) => one.id === id && one.outcome === outcome);
    const expected = ok('succeeded') ? 'succeeded' : ok('failed') ? 'failed' : 'unconfirmed';
    const allowed = [expected, ...(['failed', 'succeeded'] as const).filter(maybe)];
    if (!allowed.includes(state)) wrong.push(`${id} is ${state}, expected ${allowed.join(' or ')}`);
    if (state !== 'succeeded' && expected === 'succeeded') wrong.push(`${id} lost a report of success`);

    const absences = told('DeliveryUnconfirmed', id).length;
    const failed = told('DeliveryFailedInFlow', id).length;
    if (absences > 0) count('DeliveryUnconfirmed');
    if (failed > 0) count('DeliveryFailedInFlow');
    const inTime = accepted.some((one) => one.id === id && one.at < by);
    if (inTime && absences > 0) wrong.push(`${id} was reported in time and announced as unconfirmed`);
    if (state === 'unconfirmed' && absences === 0) wrong.push(`${id} is unconfirmed and was not announced`);
    if (state === 'failed' && failed === 0) wrong.push(`${id} failed and was not announced`);
    if (absences > 1 + sweepCrashes) wrong.push(`${id} was announced ${absences} times as unconfirmed`);
    if (failed > 1 + sweepCrashes) wrong.push(`${id} was announced ${failed} times as failed`);
    if (row.outcome?.untold) wrong.push(`${id} is still to be announced`);
  }
  const left = (await due(now)).filter((key) => key.subscription === options.name);
  if (left.length > 0) wrong.push(`${left.length} outcomes are still due`);
  const text = JSON.stringify([bus.published, telemetry.lines]);
  for (const { link } of reports) if (link && text.includes(link)) wrong.push('a link is in an event or a log line');
  if (wrong.length > 0) wrong.push(...trace.slice(-120));
  return { wrong, seen };
}
