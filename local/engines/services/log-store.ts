/** Records that a log group keeps: more than a fortnight's replay writes. */
const MAX_KEPT = 20_000;

/** A structured line of a log. */
export interface KeptRecord {
  readonly line: string;
  /** Epoch milliseconds. */
  readonly at: number;
  readonly message: string;
}

/** What the functions logged, the newest lines of each log group. */
export class KeptLogs {
  private readonly groups = new Map<string, KeptRecord[]>();

  /** Keeps a line that is a structured record; others, and metrics, are nothing that is looked for. */
  keep(group: string, line: string): void {
    const record = line.includes('"_aws":') ? undefined : recordOf(line);
    if (!record) return;
    const kept = this.groups.get(group) ?? [];
    kept.push(record);
    // Cut by halves: a shift at each line would move all of them.
    this.groups.set(group, kept.length >= 2 * MAX_KEPT ? kept.slice(-MAX_KEPT) : kept);
  }

  /** The records of a log group, oldest first. */
  records(group: string): readonly KeptRecord[] {
    return (this.groups.get(group) ?? []).slice(-MAX_KEPT);
  }
}

function recordOf(line: string): KeptRecord | undefined {
  try {
    const { timestamp, message } = JSON.parse(line);
    const at = Date.parse(timestamp);
    return typeof message === 'string' && !Number.isNaN(at) ? { line, at, message } : undefined;
  } catch {
    return undefined;
  }
}
