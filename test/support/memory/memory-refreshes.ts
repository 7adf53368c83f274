import type { RefreshReader, RefreshStore } from '../../../lambda/custom-connector/core/ports';
import {
  type LastRefreshes,
  type Refresh,
  type Refreshed,
  resultOf,
} from '../../../lambda/custom-connector/core/refresh';

const keyOf = (refreshed: Refreshed): string => JSON.stringify(Object.values(refreshed));
const positionOf = ({ endedAt, id }: Refresh): string => `${new Date(endedAt).toISOString()}#${id}`;
const newestFirst = (a: Refresh, b: Refresh): number => (positionOf(a) < positionOf(b) ? 1 : -1);

/** The recorded refreshes, computed from all events on every read. */
export class MemoryRefreshes implements RefreshStore, RefreshReader {
  private readonly recorded = new Map<
    string,
    { readonly refreshed: Refreshed; readonly refreshes: Map<string, Refresh> }
  >();

  async record(refreshed: Refreshed, refresh: Refresh): Promise<void> {
    const known = this.recorded.get(keyOf(refreshed)) ?? { refreshed, refreshes: new Map() };
    this.recorded.set(keyOf(refreshed), known);
    if (!known.refreshes.has(refresh.id)) known.refreshes.set(refresh.id, refresh);
  }

  /** Records only the name of a data source, as before refreshes were recorded. */
  name(instanceId: string, name: string): void {
    const refreshed = { kind: 'data-source', instanceId, name } as const;
    this.recorded.set(keyOf(refreshed), { refreshed, refreshes: new Map() });
  }

  async dataSource(instanceId: string, name: string): Promise<LastRefreshes | undefined> {
    return this.lastOf({ kind: 'data-source', instanceId, name });
  }

  async dataSources(instanceId: string) {
    return [...this.recorded.values()].flatMap(({ refreshed }) =>
      refreshed.kind === 'data-source' && refreshed.instanceId === instanceId
        ? [{ name: refreshed.name, refreshes: this.lastOf(refreshed) ?? {} }]
        : [],
    );
  }

  async runs(instanceId: string) {
    return {
      fullRefresh: this.lastOf({ kind: 'full-refresh', instanceId }) ?? {},
      unification: this.lastOf({ kind: 'unification', instanceId }) ?? {},
    };
  }

  async refreshes(instanceId: string, name: string, size: number, after?: string) {
    const rest = this.all({ kind: 'data-source', instanceId, name }).filter(
      (one) => after === undefined || positionOf(one) < after,
    );
    const refreshes = rest.slice(0, size);
    const last = rest.length > size ? refreshes.at(-1) : undefined;
    return { refreshes, ...(last && { next: positionOf(last) }) };
  }

  /** Newest first. */
  private all(refreshed: Refreshed): Refresh[] {
    return [...(this.recorded.get(keyOf(refreshed))?.refreshes.values() ?? [])].toSorted(newestFirst);
  }

  private lastOf(refreshed: Refreshed): LastRefreshes | undefined {
    if (!this.recorded.has(keyOf(refreshed))) return undefined;
    const oldestFirst = this.all(refreshed).reverse();
    return Object.fromEntries(oldestFirst.map((one) => [resultOf(one.status), one]));
  }
}
