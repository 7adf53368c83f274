import { createHash } from 'node:crypto';
import type { Oracle } from './oracle/oracle';
import { SimulatedStack } from './stack';
import { Worker } from './world/network';
import { World } from './world/world';

/** A short name of a text: two texts with the same name are the same, except by an accident of 96 bits. */
export const digestOf = (...parts: readonly string[]): string => {
  const hash = createHash('md5');
  for (const part of parts) hash.update(part).update('\n');
  return hash.digest('base64').slice(0, 16);
};

/** Immutable values that are written again and again, such as the items of a table. */
const written = new WeakMap<object, string>();

/** A text that is the same for equal values, whatever the order of their properties and entries. Ignores functions. */
export function canonical(value: unknown, numbers: (name: string, value: number) => number = (_, n) => n): string {
  const walk = (one: unknown, name: string): string => {
    if (typeof one === 'number') return String(numbers(name, one));
    if (typeof one !== 'object' || one === null) return typeof one === 'string' ? JSON.stringify(one) : String(one);
    if (one instanceof Worker) return `${one.name} ${one.alive} ${one.invocation.faults}`;
    if (one instanceof World || one instanceof SimulatedStack) return '';
    if (Array.isArray(one)) return `[${one.map((inner) => walk(inner, name)).join()}]`;
    if (one instanceof Set)
      return `{${[...one]
        .map((inner) => walk(inner, name))
        .toSorted()
        .join()}}`;
    if (one instanceof Map) return entriesOf([...one]);
    if (one instanceof Uint8Array) return Buffer.from(one).toString('base64');
    if (one instanceof Error) return `${one.name} ${one.message}`;
    return entriesOf(Object.entries(one));
  };
  const entriesOf = (entries: readonly (readonly [unknown, unknown])[]): string => {
    const known = entries.filter(([, inner]) => inner !== undefined && typeof inner !== 'function');
    return `{${known
      .map(([key, inner]) => `${typeof key === 'object' ? walk(key, '') : String(key)}:${walk(inner, String(key))}`)
      .toSorted()
      .join()}}`;
  };
  return walk(value, '');
}

function canonicalItem(item: object): string {
  const known = written.get(item) ?? canonical(item);
  written.set(item, known);
  return known;
}

/** The services and flows, without names that depend on the order of calls. */
export function textOfStack({ dynamodb, sqs, kms }: SimulatedStack): string[] {
  return [
    String(kms.isDisabled),
    ...[...dynamodb.tables.values()].flatMap((table) => [
      ...[...table.all()].map(canonicalItem).toSorted(),
      canonical(table.lagging()),
    ]),
    ...sqs.queues.map((queue) => canonical(queue.contents())),
  ];
}

/**
 * What the oracle knows. It numbers the reads and writes that it observes, to compare them with the writes of subscriptions
 * and with when thresholds became effective. Each number therefore becomes its place among those.
 * @param workers those whose calls can still take effect.
 */
export function textOfOracle(oracle: Oracle, workers: Iterable<Worker>): string {
  const {
    order: _,
    reads,
    subscriptionReads,
    ...known
  } = oracle as unknown as {
    readonly order: number;
    readonly reads: WeakMap<object, Map<string, { readonly version: unknown; readonly order: number }>>;
    readonly subscriptionReads: WeakMap<object, Map<string, number>>;
  };
  const versions = oracle.versions.names().flatMap((name) => oracle.versions.of(name));
  const edges = new Set([...versions.flatMap(({ from, to }) => [from, to]), ...oracle.effective()]);
  const sorted = [...edges].toSorted((a, b) => a - b);
  const place = (order: number) => sorted.filter((edge) => edge < order).length + (edges.has(order) ? 0.5 : 0);
  const numbers = (name: string, value: number) => (['from', 'to', 'order'].includes(name) ? place(value) : value);
  const readings = [...workers].flatMap((worker) => {
    const times = [...(reads.get(worker.invocation) ?? [])].map(([metric, { version, order }]) => [
      metric,
      version,
      place(order),
    ]);
    return [...times, ...(subscriptionReads.get(worker.invocation) ?? [])].map((read) => `${worker.name} ${read}`);
  });
  return canonical(known, numbers) + canonical(oracle.surplus()) + readings.toSorted().join();
}
