import { jsonObject } from '../../shared/json';

/** Records kept per log group: more than replaying a fortnight of events writes. */
const MAX_RECORDS = 20_000;

/** A structured log line. */
interface LogRecord {
  readonly line: string;
  /** Epoch milliseconds. */
  readonly at: number;
  readonly message: string;
}

/** Lines beyond `MAX_RECORDS` that are removed together, because a removal moves all others. */
const SURPLUS = 2_000;

/** The newest structured log lines of the functions, by log group. */
export class LogStore {
  private readonly groups = new Map<string, string[]>();

  /** Stores a structured record. Ignores metrics and other lines, because no query looks for them. */
  store(group: string, line: string): void {
    if (!line.startsWith('{') || line.includes('"_aws":')) return;
    const lines = this.groups.get(group) ?? [];
    lines.push(line);
    if (lines.length >= MAX_RECORDS + SURPLUS) lines.splice(0, SURPLUS);
    this.groups.set(group, lines);
  }

  /** The records of a log group, oldest first. */
  records(group: string): readonly LogRecord[] {
    return (this.groups.get(group) ?? []).slice(-MAX_RECORDS).flatMap((line) => recordOf(line) ?? []);
  }
}

function recordOf(line: string): LogRecord | undefined {
  const { timestamp, message } = jsonObject(line) ?? {};
  const at = Date.parse(String(timestamp));
  return typeof message === 'string' && !Number.isNaN(at) ? { line, at, message } : undefined;
}
