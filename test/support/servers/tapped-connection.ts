import { once } from 'node:events';
import https from 'node:https';
import { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { vi } from 'vitest';

/** The milestones of a POST, in order. At a milestone exactly these bytes have passed. */
export const POST_MILESTONES = [
  'POST: before connecting',
  'POST: TLS connected',
  'POST: request line sent',
  'POST: request headers sent',
  'POST: half of the request sent',
  'POST: request sent',
  'POST: status line received',
  'POST: response headers received',
  'POST: half of the response received',
  'POST: response received',
] as const;
const [CONNECTING, SECURE, ...REST] = POST_MILESTONES;
const [REQUEST, ANSWER] = [REST.slice(0, 4), REST.slice(4)];
export const REQUEST_SENT = POST_MILESTONES[5];
export const RESPONSE_RECEIVED = POST_MILESTONES[9];

/** One direction of a keep-alive connection: consecutive HTTP messages, each with a `content-length` of 2 or more. */
class Direction {
  private bytes = Buffer.alloc(0);

  /** @param milestones after a message's first line, its headers, half of its body and the whole body. */
  constructor(private readonly milestones: readonly string[]) {}

  /** Splits a chunk into pieces, each up to a milestone or the chunk's end. */
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

  /** Offsets of the milestones of the message that are known so far. */
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

/** Methods that node:http calls on the sockets that it keeps. */
const SOCKET_CALLS = ['setKeepAlive', 'setNoDelay', 'setTimeout', 'ref', 'unref'];

/** A stand-in for the TLS socket. Calls `reach` at each milestone before any further byte passes. `reach` can throw. */
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
    /** Closes open connections, as the end of a process does. */
    breakOff: () => open.forEach((tap) => void tap.destroy()),
    restore: () => spy.mockRestore(),
  };
}
