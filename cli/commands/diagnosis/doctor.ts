import { counted } from '../../../lambda/shared/core/text';
import type { Connector } from '../../connector/connector';
import { acceptsReports, connectorApi, findConnectorApi } from '../../custom-connector/connector-api';
import { type ExportedDefinition, readExportedDefinition } from '../../custom-connector/exported-file';
import { definitionFindings, keyFindings } from '../../custom-connector/findings';
import { keyTable } from '../../custom-connector/keys';
import { diagnose, type Finding, problemsFirst } from '../../diagnosis/findings';
import { concernsOutcomes, outcomeFindings } from '../../diagnosis/outcome-findings';
import { takeSnapshot } from '../../diagnosis/snapshot';
import { connectorCommand, jsonArg } from '../../frame/command';
import type { Terminal } from '../../shell/terminal';
import { unfinishedDeliveries } from '../../subscriptions/unfinished';

export const doctor = connectorCommand({
  name: 'doctor',
  description: 'find current and upcoming problems of a connector, and how to fix them',
  args: {
    'connector-files': {
      type: 'string',
      valueHint: 'FOLDER',
      description: 'exported files of the custom connector to check (default: connector-files, if it exists)',
    },
    ...jsonArg,
  },
  notes: [
    'Checks the key of the flow URLs, queues and dead-letter queues, alarms, paused subscriptions, overdue scheduled work, orphaned items in the Thresholds table, subjects that no event names, idle flows, and flows that failed or did not report in time.',
    'For a custom connector also checks the keys of its API, flows that registered themselves and refuse every delivery, and the host and the version of the exported files.',
    'Reads all subscriptions and the Thresholds table. Changes nothing.',
    'Exit status 1: there are problems (✗). Notes (–) do not affect the exit status.',
  ],
  examples: ['doctor', 'doctor --json'],
  async run({ json, 'connector-files': folder }, { terminal, clock, ...context }) {
    const exported = readExportedDefinition(folder);
    const connector = await context.connector();
    if (folder !== undefined) connectorApi(connector);
    const now = clock();
    const outcomes = {
      unfinished: await unfinishedDeliveries(connector, now),
      acceptsReports: acceptsReports(connector),
      now,
    };
    const snapshot = await takeSnapshot(connector, now, terminal, (one) => concernsOutcomes(one, outcomes));
    const findings = problemsFirst([
      ...diagnose(snapshot),
      ...outcomeFindings({ subscriptions: snapshot.subscriptions, ...outcomes }),
      ...(await customConnectorFindings(connector, exported, now)),
    ]);
    const healthy = findings.every(({ severity }) => severity !== 'problem');
    if (json) terminal.json({ healthy, findings });
    else show(findings, terminal);
    return healthy;
  },
});

async function customConnectorFindings(
  connector: Connector,
  exported: ExportedDefinition | undefined,
  now: number,
): Promise<Finding[]> {
  const api = findConnectorApi(connector);
  if (!api) return [];
  return [
    ...(api.signIn.keys ? keyFindings(await keyTable(connector).list(), now) : []),
    ...(exported ? definitionFindings(exported, api.url) : []),
  ];
}

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
