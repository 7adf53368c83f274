/** Compares docs/runbook.md with the alarms, notifications, resources and log messages that it names. */
import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { expect, it } from 'vitest';
import { HealthEvent } from '../../contract/events';
import { LogMessage } from '../../lambda/shared/core/log-messages';
import { ConnectorAlarms, ConnectorSignIn, Notifications, PowerAutomateConnector, Source } from '../../lib';
import { addEverySource } from '../support/app/sources';
import { readPage } from '../support/pages';

const PAGE = readPage('runbook.md');
const sections = PAGE.split('\n## ').slice(1);
const anchorOf = (section: string) =>
  (section.split('\n')[0] as string)
    .toLowerCase()
    .replaceAll(/[^a-z -]/g, '')
    .replaceAll(' ', '-');
const entries = Object.fromEntries(
  sections.filter((section) => section.includes('**What it means.**')).map((section) => [anchorOf(section), section]),
);

const stack = new Stack(new App(), 'Stack');
const connector = new PowerAutomateConnector(stack, 'Connector', {
  notifications: Notifications.email('a@example.com'),
});
connector.addConnectorApi('Api', { signIn: [ConnectorSignIn.keys()] });
addEverySource(connector);
const reconciled = Source.glueJob({ jobName: 'load-returns', dataSource: 'Returns' });
connector.addSource('Reconciled', reconciled, { reconciliation: {} });
new ConnectorAlarms(connector, 'Alarms', { connector });
const template = Template.fromStack(stack);
const logicalIds = Object.keys(template.toJSON().Resources);

const links = (value: unknown) => JSON.stringify(value).match(/docs\/runbook\.md#[a-z-]+/g) ?? [];
const alarms = Object.entries(template.findResources('AWS::CloudWatch::Alarm')).map(([id, { Properties }]) => ({
  id: id.replace(/^ConnectorAlarms/, '').replace(/[0-9A-F]{8}$/, ''),
  links: links(Properties.AlarmDescription),
}));
const messages = Object.values(template.findResources('AWS::Events::Rule'))
  .filter(({ Properties }) => Properties.Targets[0].InputTransformer?.InputPathsMap)
  .map(({ Properties }) => ({ id: Properties.EventPattern['detail-type'][0], links: links(Properties.Targets) }));

it('every alarm and every notification links the entry that names it', () => {
  expect(alarms.length).toBe(34);
  expect(messages.map(({ id }) => id).sort()).toEqual(Object.values(HealthEvent).sort());
  for (const { id, links } of [...alarms, ...messages]) {
    expect(links, id).toHaveLength(1);
    const entry = entries[links[0]?.split('#')[1] as string];
    expect(entry, `${id} links ${links}`).toBeDefined();
    expect(entry).toContain(`\`${id}\``);
  }
});

it('every entry is linked and has all four parts', () => {
  const linked = new Set([...alarms, ...messages].flatMap(({ links }) => links.map((link) => link.split('#')[1])));
  // No alarm and no notification: a source did not come, and the connector works.
  linked.add('overdue-refreshes');
  expect(Object.keys(entries).sort()).toEqual([...linked].sort());
  for (const [name, entry] of Object.entries(entries)) {
    for (const part of ['What it means', 'How to investigate', 'How to fix it', 'Can it wait?']) {
      expect(entry, name).toMatch(new RegExp(`\\*\\*${part.replace('?', '\\?')}\\.?\\*\\*`));
    }
  }
});

it('the template has each resource that a command names once', () => {
  const named = [...PAGE.matchAll(/(?:\$\(resource|\blogs) (Connector\w+)/g)].map(([, id]) => id as string);
  expect(named.length).toBeGreaterThan(15);
  for (const name of new Set(named)) {
    expect(
      logicalIds.filter((id) => id.startsWith(name) && id.length === name.length + 8),
      name,
    ).toHaveLength(1);
  }
});

it('every message in a query is a log message of the code', () => {
  const filters = PAGE.match(/message (?:=|in) [^|"]+/g) ?? [];
  const quoted = filters.flatMap((filter) => [...filter.matchAll(/'([^']+)'/g)].map(([, message]) => message));
  expect(quoted.length).toBeGreaterThan(5);
  for (const message of quoted) expect(Object.values(LogMessage)).toContain(message);
});
