import { readdirSync, readFileSync } from 'node:fs';

/** Clock ticks in a second of the times in /proc (proc(5); `getconf CLK_TCK` is 100 on every supported Linux). */
const TICKS = 100;

/** Use of a process and all its descendants. */
export interface TreeUse {
  /** CPU time, user and system, including descendants that ended, milliseconds. */
  readonly cpuMs: number;
  /** Resident memory of the living processes, MB. Shared pages count for each of them. */
  readonly rssMb: number;
  /** Resident memory of the process itself, MB. */
  readonly ownMb: number;
  /** The highest value of `ownMb` so far. */
  readonly peakMb: number;
}

/** Reads /proc. Undefined on a system without it. */
export function treeUse(pid: number): TreeUse | undefined {
  const parents = new Map<number, number>();
  const times = new Map<number, number>();
  try {
    for (const name of readdirSync('/proc')) {
      if (!/^\d+$/.test(name)) continue;
      // The command, which can contain spaces, is in parentheses.
      const stat = textOf(`/proc/${name}/stat`)
        ?.replace(/^.*\) /s, '')
        .split(' ');
      if (!stat) continue;
      parents.set(Number(name), Number(stat[1]));
      times.set(
        Number(name),
        [11, 12, 13, 14].reduce((sum, field) => sum + Number(stat[field]), 0),
      );
    }
  } catch {
    return undefined;
  }
  const tree = [...parents.keys()].filter((one) => {
    for (let at: number | undefined = one; at; at = parents.get(at)) if (at === pid) return true;
    return false;
  });
  if (tree.length === 0) return undefined;
  return {
    cpuMs: (tree.reduce((sum, one) => sum + (times.get(one) ?? 0), 0) / TICKS) * 1000,
    rssMb: tree.reduce((sum, one) => sum + memoryMb(one, 'VmRSS'), 0),
    ownMb: memoryMb(pid, 'VmRSS'),
    peakMb: memoryMb(pid, 'VmHWM'),
  };
}

const memoryMb = (pid: number, field: string): number =>
  Number(new RegExp(`${field}:\\s+(\\d+) kB`).exec(textOf(`/proc/${pid}/status`) ?? '')?.[1] ?? 0) / 1024;

/** Undefined if the process has ended. */
function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
