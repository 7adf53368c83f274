// biome-ignore-all lint/suspicious/noTemplateCurlyInString: subscription files write variables this way.
import { describe, expect, it } from 'vitest';
import { COMMANDS } from '../../cli/commands';
import { bodySchema } from '../../cli/events/body-schemas';
import { checkArguments, findCommand } from '../../cli/frame/arguments';
import { readSubscriptionFile } from '../../cli/subscriptions/subscription-file';
import { TRIGGER_IDS } from '../../contract/events';
import { FLAT_BODIES } from '../../lambda/delivery/core/bodies/flat-schema';
import { classify } from '../../lambda/delivery/core/response';
import { readPage } from '../support/pages';

const page = readPage('flow-author.md');
const blocks = (language: string) =>
  [...page.matchAll(new RegExp(`^( *)\`\`\`${language}\n([^]*?)\n *\`\`\``, 'gm'))].map(([, indent = '', text = '']) =>
    text.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
  );
const URL =
  'https://default0.api.powerplatform.com/workflows/0/triggers/manual/paths/invoke?sig=0123456789-0123456789-0123456789-0123456789';

it.each(blocks('yaml'))('the subscription is valid: %s', (text) => {
  const names = [...text.matchAll(/\$\{(\w+)\}/g)].map(([, name]) => [name, URL]);
  const { entries } = readSubscriptionFile(text, { file: 'a.yaml', environment: Object.fromEntries(names) });
  expect(entries).toHaveLength(1);
});

it.each(blocks('sh').flatMap((block) => block.split('\n')))('the command is valid: %s', (line) => {
  const words = [...line.matchAll(/(?:"[^"]*"|[^\s"])+/g)].map(([word]) => word.replaceAll('"', ''));
  expect(words.slice(0, 4)).toEqual(['npm', 'run', 'connector', '--']);
  const found = findCommand(words.slice(4), COMMANDS);
  expect(found.command && checkArguments(found.command, found.rest).help).toBe(false);
});

it('names only existing commands', () => {
  for (const name of ['set-url', 'replay', 'rejected', 'explain']) {
    expect(page).toContain(`\`${name}`);
    expect(COMMANDS.map(({ meta }) => meta.name)).toContain(name);
  }
});

it('names fields by the titles of the schemas, as the flow designer does', () => {
  const titles = TRIGGER_IDS.flatMap((trigger) =>
    Object.values(bodySchema(trigger, 'flat').properties ?? {}).map((field) => (field as { title: string }).title),
  );
  const named = ['Is test', 'Title', 'Summary', 'Error as HTML', 'Run link', 'Owners', 'Link', 'Value as text'];
  for (const title of [...named, 'Change', 'Delivery id', 'Occurred at']) {
    expect(page).toContain(`*${title}*`);
    expect(titles).toContain(title);
  }
  expect(Object.keys(FLAT_BODIES)).toEqual([...TRIGGER_IDS]);
});

describe('troubleshooting', () => {
  const rows = [...page.matchAll(/^\| `(\d+)(?: (\w+))?` \| (paused|active) \|/gm)];

  it.each(rows.map(([, status, error, subscription]) => [status, error, subscription]))(
    '%s %s: %s',
    (status, error, subscription) => {
      expect(classify({ status: Number(status), error }) === 'pause' ? 'paused' : 'active').toBe(subscription);
    },
  );

  it('lists more than ten responses', () => {
    expect(rows.length).toBeGreaterThan(10);
  });
});
