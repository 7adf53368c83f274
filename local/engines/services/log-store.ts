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

/** The newest structured log lines of the functions, by log group. */
export class LogStore {
  private readonly groups = new Map<string, LogRecord[]>();

  /** Stores a structured record. Ignores metrics and other lines, because no query looks for them. */
  store(group: string, line: string): void {
    const record = line.includes('"_aws":') ? undefined : recordOf(line);
    if (!record) return;
    const records = this.groups.get(group) ?? [];
    records.push(record);
    // Removes half at a time, because removing one at each line would move all others.
    this.groups.set(group, records.length >= 2 * MAX_RECORDS ? records.slice(-MAX_RECORDS) : records);
  }

  /** The records of a log group, oldest first. */
  records(group: string): readonly LogRecord[] {
    return (this.groups.get(group) ?? []).slice(-MAX_RECORDS);
  }
}

function recordOf(line: string): LogRecord | undefined {
  const { timestamp, message } = jsonObject(line) ?? {};
  const at = Date.parse(String(timestamp));
  return typeof message === 'string' && !Number.isNaN(at) ? { line, at, message } : undefined;
}
