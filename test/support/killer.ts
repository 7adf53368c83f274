import { Crash } from './interleaving';

/** Kills a worker at the n-th point that it reaches (from 1): from then on nothing of it goes on. */
export class Killer {
  /** Names of the points that were reached. */
  readonly points: string[] = [];
  killed = false;

  constructor(private readonly at = Number.POSITIVE_INFINITY) {}

  /** @throws Crash when the worker dies here, or has died already. */
  reach(point: string): void {
    if (this.killed) throw new Crash();
    this.points.push(point);
    if (this.points.length !== this.at) return;
    this.killed = true;
    throw new Crash();
  }

  /** A call with its two points: before the service has heard of it, and after it has answered. */
  async call<T>(name: string, make: () => Promise<T>): Promise<T> {
    this.reach(`before ${name}`);
    const result = await make();
    this.reach(`after ${name}`);
    return result;
  }

  /** An AWS client with this killer in every call's way. */
  inTheWayOf<Client extends { send: (...args: never[]) => unknown }>(client: Client): Client {
    const send = (command: object, ...rest: unknown[]) =>
      this.call(command.constructor.name, async () => client.send(...([command, ...rest] as never[])));
    return new Proxy(client, {
      get: (target, name) => (name === 'send' ? send : Reflect.get(target, name)),
    });
  }
}
