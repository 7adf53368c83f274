import { describe, expect, it } from 'vitest';
import { COMMANDS } from '../../cli/commands';
import { bodySchema } from '../../cli/events/body-schemas';
import { RUN_FAILED } from '../../cli/flows/message';
import { TRIGGER_IDS } from '../../contract/events';
import { FLAT_BODIES } from '../../lambda/delivery/core/bodies/flat-schema';
import { deliveryId } from '../../lambda/delivery/core/delivery-id';
import { outcomeLink } from '../../lambda/delivery/core/outcomes/outcome-link';
import { classify } from '../../lambda/delivery/core/response';
import { NOW } from '../support/evaluation';
import { MemoryApi } from '../support/memory/memory-api';
import { readPage } from '../support/pages';

const page = readPage('flow-author.md');

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
  for (const title of [...named, 'Change', 'Delivery id', 'Occurred at', 'Outcome URL']) {
    expect(page).toContain(`*${title}*`);
    expect(titles).toContain(title);
  }
  expect(Object.keys(FLAT_BODIES)).toEqual([...TRIGGER_IDS]);
});

describe('a report by an HTTP action', () => {
  const key = { subscription: 'nightly-report', eventId: '3b34970d3c8c103542da5ee326a6c24f' };
  const id = deliveryId(key.subscription, key.eventId);
  const exampleOf = (outcome: string) =>
    JSON.parse(new RegExp(`<!-- example: ${outcome} -->\n\`\`\`json\n(.*)\n`).exec(page)?.[1] ?? '');

  it.each(['succeeded', 'failed'])('of %s has the body of the page and its response', async (outcome) => {
    const api = new MemoryApi();
    const { hash, url } = outcomeLink('https://example.com/v1/outcomes', key, 's'.repeat(22));
    api.outcomes.rows.set(`${key.subscription} ${key.eventId}`, {
      ...{ ...key, uid: 'uid-1', trigger: 'full-refresh-completed', acceptedAt: NOW, n: 0, status: 'delivered' },
      ...{ links: [hash], attempts: [{ at: NOW, durationMs: 50, status: 202 }] },
    });
    const body = exampleOf(outcome);
    const link = url.split('/').at(-1) as string;
    const response = await api.send('POST /v1/outcomes/{link}', { parameters: { link }, headers: {}, body });
    expect(response).toEqual({ status: 200, body: { deliveryId: id, outcome } });
    expect(page).toContain(`{ "deliveryId": "${id}", "outcome": "failed" }`);
  });

  it('of a failure has the message of the generated flows', () => {
    expect(exampleOf('failed').message).toBe(RUN_FAILED);
  });
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
