import { counted } from '../../../lambda/shared/core/text';
import { diagnose, type Finding } from '../../diagnosis/findings';
import { takeSnapshot } from '../../diagnosis/snapshot';
import { connectorCommand, jsonArg } from '../../frame/command';
import type { Terminal } from '../../shell/terminal';

export const doctor = connectorCommand({
  name: 'doctor',
  description: 'find current and upcoming problems of a connector, and how to fix them',
  args: jsonArg,
  notes: [
    'Checks the key of the flow URLs, queues and dead-letter queues, alarms, paused subscriptions, overdue scheduled work, orphaned items in the Thresholds table, subjects that no event names, and idle flows.',
    'Reads all subscriptions and the Thresholds table. Changes nothing.',
    'Exit status 1: there are problems (✗). Notes (–) do not affect the exit status.',
  ],
  examples: ['doctor', 'doctor --json'],
  async run({ json }, { connector, terminal, clock }) {
    const findings = diagnose(await takeSnapshot(await connector(), clock(), terminal));
    const healthy = findings.every(({ severity }) => severity !== 'problem');
    if (json) terminal.json({ healthy, findings });
    else show(findings, terminal);
    return healthy;
  },
});

function show(findings: readonly Finding[], { line, style }: Terminal): void {
  for (const { severity, title, impact, action } of findings) {
    line(`${severity === 'problem' ? style.red('✗') : style.dim('–')} ${style.bold(title)}`);
    line(`  ${impact}`);
    line(`  → ${action}`);
    line('');
  }
  const problems = findings.filter(({ severity }) => severity === 'problem').length;
  const notes = findings.length - problems;
  const more = notes > 0 ? `, ${counted(notes, 'note', 'notes')}` : '';
  line(
    problems === 0
      ? `${style.green('✓')} no problems found${more}`
      : `${counted(problems, 'problem', 'problems')}${more}`,
  );
}
