import { randomBytes } from 'node:crypto';
import type { SubjectKind } from '../../../contract/custom-connector';
import { API_KEY_HEADER, CONNECTOR_ACTIONS } from '../../../contract/custom-connector';
import { type ApiPorts, serve } from '../../../lambda/custom-connector/core/api';
import { keyHash, newKey } from '../../../lambda/custom-connector/core/api-key';
import type { ApiRequest, ApiResponse } from '../../../lambda/custom-connector/core/http';
import type { StoredKey } from '../../../lambda/custom-connector/core/ports';
import { deliveryId } from '../../../lambda/delivery/core/delivery-id';
import { Evaluator, NOW } from '../evaluation';
import { DeliveryRecords } from './delivery-records';
import type { Gate } from './memory';
import { MemoryDeliveries, type MemoryRow } from './memory-deliveries';
import { MemoryRefreshes } from './memory-refreshes';
import { registeredFlows } from './registered-flows';

const open: Gate = async () => {};
const ORIGIN = 'https://abc123.execute-api.eu-central-1.amazonaws.com';

/** The API of the custom connector on tables in memory. Every request is signed in with `key`, unless it has headers. */
export class MemoryApi {
  readonly world = new Evaluator();
  readonly deliveries = new DeliveryRecords();
  readonly sets = new Map<string, Set<string>>();
  readonly subjects: { [K in SubjectKind]: string[] } = { 'data-source': [], segment: [], measure: [] };
  readonly refreshes = new MemoryRefreshes();
  readonly key = newKey('test', randomBytes);
  readonly keys = new Map<string, StoredKey>([['test', { name: 'test', hash: keyHash(this.key), createdAt: 0 }]]);
  readonly outcomes = new MemoryDeliveries(() => true);
  maxFlows = 5;
  endGrace = 600_000;
  newRegistrationId = (): string => randomBytes(16).toString('hex');

  ports(gate: Gate = open): ApiPorts {
    const { tables, telemetry } = this.world;
    return {
      actions: CONNECTOR_ACTIONS,
      connectorId: 'connector-1',
      signIn: {
        settings: { keys: true },
        keys: { read: async (name) => this.keys.get(name), used: async () => {} },
        verifyToken: async () => ({ unavailable: 'this API accepts only keys' }),
        clock: () => this.world.now,
        telemetry,
      },
      registration: {
        ...this.world.registryPorts(gate),
        subscriptions: tables.registry(gate),
        flows: registeredFlows(this.sets, gate),
        telemetry,
        newRegistrationId: this.newRegistrationId,
      },
      subjects: { names: async (kind) => this.subjects[kind] },
      refreshes: this.refreshes,
      thresholds: tables.thresholds(gate),
      deliveries: this.deliveries.ports(gate),
      outcomes: this.outcomes.outcomes(gate),
      events: this.world.bus.publisher(gate),
      callbacks: {},
      maxFlows: this.maxFlows,
      endGrace: this.endGrace,
    };
  }

  /** @param body sent as JSON, unless it is bytes. */
  send(
    route: string,
    request: Partial<Omit<ApiRequest, 'body'>> & { readonly body?: unknown } = {},
  ): Promise<ApiResponse> {
    const { body, ...rest } = request;
    const bytes = body instanceof Uint8Array || body === undefined ? body : Buffer.from(JSON.stringify(body));
    const headers = { 'content-type': 'application/json; charset=utf-8', [API_KEY_HEADER]: this.key };
    return serve(
      { route, parameters: {}, query: {}, headers, origin: ORIGIN, ...rest, ...(bytes && { body: bytes }) },
      this.ports(),
    );
  }

  /** Stores a delivery that a flow accepted. Returns its id. */
  accept(subscription: string, eventId = '0'.repeat(32), change: Partial<MemoryRow> = {}): string {
    this.outcomes.rows.set(`${subscription} ${eventId}`, {
      ...{ subscription, eventId, uid: 'uid-1', trigger: 'data-source-refresh-failed', status: 'delivered' },
      ...{ n: 0, acceptedAt: NOW, attempts: [{ at: NOW, durationMs: 50, status: 202 }], links: [] },
      ...change,
    });
    return deliveryId(subscription, eventId);
  }

  register(trigger: string, fields: object): Promise<ApiResponse> {
    return this.send('POST /v1/triggers/{trigger}', { parameters: { trigger }, body: fields });
  }

  /** @param location header `Location` of a registration. */
  unregister(location: string): Promise<ApiResponse> {
    return this.send('DELETE /v1/registrations/{id}', { parameters: { id: location.split('/').at(-1) } });
  }
}

/** A callback URL of a flow, in Power Automate's form. */
export function callbackUrl({
  workflow = 1,
  version = 1,
  host = 'default0123.45.environment.api.powerplatform.com',
} = {}): string {
  const id = workflow.toString(16).padStart(32, '0');
  const path = `/powerautomate/automations/direct/workflows/${id}/triggers/When/versions/${String(version).padStart(20, '0')}/run`;
  return `https://${host}${path}?api-version=1&sp=%2Ftriggers%2FWhen%2Frun&sv=1.0&sig=${'s'.repeat(43)}`;
}
