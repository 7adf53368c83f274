import { Crash } from './interleaving';

/** Kills a worker at one of the points that it reaches. After that the worker does nothing more. */
export class Killer {
  /** Names of the reached points, in order. */
  readonly points: string[] = [];
  killed = false;

  /** @param isLast whether to kill the worker at the point that it just reached. */
  private constructor(private readonly isLast: (points: readonly string[]) => boolean) {}

  static never(): Killer {
    return new Killer(() => false);
  }

  /** Kills at the n-th point (from 1). */
  static atPoint(n: number): Killer {
    return new Killer(({ length }) => length === n);
  }

  /**
   * Kills at the n-th point (from 1) of another run: at the same call with the same count. Concurrent calls can end in
   * another order in this run.
   */
  static atSamePoint(others: readonly string[], n: number): Killer {
    const point = others[n - 1];
    const times = (points: readonly string[]) => points.filter((one) => one === point).length;
    const nth = times(others.slice(0, n));
    return new Killer((points) => points.at(-1) === point && times(points) === nth);
  }

  /**
   * Numbers (from 1) of the points where a sweep kills. `npm run test:soak` kills at every point with a distinct state.
   * Otherwise the sweep kills at the first two and the last point of each name, because a story repeats its attempts.
   */
  static pointsOf(points: readonly string[]): number[] {
    const distinct = Killer.distinctPoints(points);
    if (process.env.SOAK) return distinct;
    const byName = Map.groupBy(distinct, (at) => points[at - 1]);
    return distinct.filter((at) => {
      const same = byName.get(points[at - 1]) ?? [];
      return same.indexOf(at) < 2 || at === same.at(-1);
    });
  }

  /**
   * Numbers (from 1) of the points where a crash leaves a distinct state. Between a response and the next call, with nothing
   * else in progress, the state does not change: one crash covers both points.
   */
  private static distinctPoints(points: readonly string[]): number[] {
    let inProgress = 0;
    return points.flatMap((point, at) => {
      const isRepeated = inProgress === 0 && point.startsWith('before ') && points[at - 1]?.startsWith('after ');
      if (point.startsWith('before ')) inProgress++;
      if (point.startsWith('after ')) inProgress--;
      return isRepeated ? [] : [at + 1];
    });
  }

  /** @throws Crash if the worker dies here or is already dead. */
  reach(point: string): void {
    if (this.killed) throw new Crash();
    this.points.push(point);
    this.killed = this.isLast(this.points);
    if (this.killed) throw new Crash();
  }

  /** Makes a call with two points: before the request and after the response. */
  async call<T>(name: string, make: () => Promise<T>): Promise<T> {
    this.reach(`before ${name}`);
    const result = await make();
    this.reach(`after ${name}`);
    return result;
  }

  /** Wraps an AWS client so that every call reaches this killer's points. */
  wrap<Client extends { send: (...args: never[]) => unknown }>(client: Client): Client {
    const send = (command: object, ...rest: unknown[]) =>
      this.call(command.constructor.name, async () => client.send(...([command, ...rest] as never[])));
    return new Proxy(client, {
      get: (target, name) => (name === 'send' ? send : Reflect.get(target, name)),
    });
  }
}
