/** Lines that are kept: more than a fortnight's replay writes. */
const MAX_KEPT = 20_000;

/** What the functions logged, the newest lines: stands for CloudWatch Logs, for the CLI. */
export class KeptLogs {
  private lines: string[] = [];

  /** Keeps a line that is a structured record; others, and metrics, are nothing that is looked for. */
  keep(line: string): void {
    if (!line.startsWith('{') || line.includes('"_aws":')) return;
    this.lines.push(line);
    // Cut by halves: a shift at each line would move all of them.
    if (this.lines.length >= 2 * MAX_KEPT) this.lines = this.lines.slice(-MAX_KEPT);
  }

  /** The records, oldest first. */
  records(): unknown[] {
    return this.lines.slice(-MAX_KEPT).flatMap((line) => {
      try {
        return [JSON.parse(line)];
      } catch {
        return [];
      }
    });
  }
}
