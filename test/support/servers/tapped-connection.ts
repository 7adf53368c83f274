import { once } from 'node:events';
import https from 'node:https';
import { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { vi } from 'vitest';

/** How far a POST has come, in the order in which it goes. Reached means: these bytes have passed, and no others. */
export const POST_MILESTONES = [
  'POST: before connecting',
  'POST: TLS stands',
  'POST: request line sent',
  'POST: request headers sent',
  'POST: half of the request sent',
  'POST: request sent whole',
  'POST: status line received',
  'POST: answer headers received',
  'POST: half of the answer received',
  'POST: answer received whole',
] as const;
const [CONNECTING, SECURE, ...REST] = POST_MILESTONES;
const [REQUEST, ANSWER] = [REST.slice(0, 4), REST.slice(4)];
export const REQUEST_SENT = POST_MILESTONES[5];
export const ANSWER_RECEIVED = POST_MILESTONES[9];

/** One direction of a kept connection: HTTP messages one after the other, each with a `content-length` of 2 or more. */
class Direction {
  private bytes = Buffer.alloc(0);

  /** @param milestones after a message's first line, its headers, half of its body and all of it. */
  constructor(private readonly milestones: readonly string[]) {}

  /** A chunk in pieces, each up to a milestone or the chunk's end. */
  *pieces(chunk: Buffer): Generator<readonly [piece: Buffer, milestone: string | undefined]> {
    for (let rest = chunk; rest.length > 0; ) {
      const from = this.bytes.length;
      this.bytes = Buffer.concat([this.bytes, rest]);
      const ends = this.ends();
      const next = ends.findIndex((end) => end > from && end <= this.bytes.length);
      const to = ends[next] ?? this.bytes.length;
      this.bytes = next === this.milestones.length - 1 ? Buffer.alloc(0) : this.bytes.subarray(0, to);
      yield [rest.subarray(0, to - from), this.milestones[next]];
      rest = rest.subarray(to - from);
    }
  }

  /** Where the milestones of the message are, as far as that is known. */
  private ends(): number[] {
    const text = this.bytes.toString('latin1');
    const line = text.indexOf('\r\n') + 2;
    const head = text.indexOf('\r\n\r\n') + 4;
    if (head < 4) return line < 2 ? [] : [line];
    const length = Number(/\r\ncontent-length: (\d+)\r\n/i.exec(text)?.[1]);
    if (!(length >= 2)) throw new Error(`no milestones in a message without a content-length of 2 or more: ${text}`);
    return [line, head, head + Math.ceil(length / 2), head + length];
  }
}

/** Calls that node:http makes on the sockets it keeps. */
const SOCKET_CALLS = ['setKeepAlive', 'setNoDelay', 'setTimeout', 'ref', 'unref'];

/** What node:http takes for the TLS socket; `reach` is told each milestone before any further byte passes, and may throw. */
function tapped(socket: TLSSocket, reach: (milestone: string) => void): Duplex {
  const [sent, received] = [new Direction(REQUEST), new Direction(ANSWER)];
  const secure = once(socket, 'secureConnect').then(() => reach(SECURE));
  const send = async (chunk: Buffer) => {
    await secure;
    for (const [piece, milestone] of sent.pieces(chunk)) {
      await new Promise<void>((resolve, reject) => {
        socket.write(piece, (error) => (error ? reject(error) : resolve()));
      });
      if (milestone) reach(milestone);
    }
  };
  const tap = new Duplex({
    read() {},
    write: (chunk, _, done) => void send(chunk).then(() => done(), done),
    final: (done) => void socket.end(done),
    destroy(error, done) {
      socket.destroy();
      done(error);
    },
  });
  secure.catch((error) => tap.destroy(error));
  socket.on('data', (chunk: Buffer) => {
    try {
      for (const [piece, milestone] of received.pieces(chunk)) {
        tap.push(piece);
        if (milestone) reach(milestone);
      }
    } catch (error) {
      tap.destroy(error as Error);
    }
  });
  socket.on('end', () => tap.push(null));
  socket.on('error', (error) => tap.destroy(error));
  socket.on('close', () => tap.destroy());
  return Object.assign(tap, Object.fromEntries(SOCKET_CALLS.map((name) => [name, () => tap])));
}

/** Taps every TLS connection that this process makes from now on, until `restore`. */
export function tapConnections(reach: (milestone: string) => void) {
  const open = new Set<Duplex>();
  const original = https.Agent.prototype.createConnection;
  const spy = vi.spyOn(https.Agent.prototype, 'createConnection').mockImplementation(function (
    this: https.Agent,
    ...args
  ) {
    reach(CONNECTING);
    const tap = tapped(original.apply(this, args) as TLSSocket, reach);
    open.add(tap.once('close', () => open.delete(tap)));
    return tap;
  });
  return {
    /** Breaks off what is still connected, as the end of a process does. */
    breakOff: () => open.forEach((tap) => void tap.destroy()),
    restore: () => spy.mockRestore(),
  };
}
