import { describe, expect, it } from 'vitest';
import { bodySchema } from '../../../cli/events/body-schemas';
import { defaultFlowName, FLOW_ACTIONS, type FlowSpec } from '../../../cli/flows/flow-spec';
import { IS_TEST, messageHtml, recipients, SUBJECT } from '../../../cli/flows/message';
import { TRIGGER_IDS } from '../../../contract/events';
import { renderBody } from '../../../lambda/delivery/core/bodies/body';
import type { TriggerEvent } from '../../../lambda/events/core/trigger-event';
import { EXAMPLES, exampleInput } from '../../lambda/delivery/core/bodies/examples';
import { evaluate } from '../../support/workflow-language';

const ALL = TRIGGER_IDS.flatMap((trigger) => FLOW_ACTIONS.map((action) => [trigger, action] as const));
const specOf = (trigger: FlowSpec['trigger'], action: FlowSpec['action']): FlowSpec => ({
  ...{ trigger, action, name: defaultFlowName(trigger, action), to: [] },
});
const bodyOf = (...input: Parameters<typeof exampleInput>) => JSON.parse(renderBody(exampleInput(...input)));
const shown = (given: FlowSpec, body: Record<string, unknown>) =>
  String(evaluate(messageHtml(given, bodySchema(given.trigger, 'flat')), body));
const HOSTILE = `<img src=x onerror="alert(1)"> & 'it' @{triggerBody()}`;

describe.each(ALL)('the message for %s by %s', (trigger, action) => {
  const event: TriggerEvent = EXAMPLES[trigger];

  it('shows title, summary, error and link', () => {
    const body = bodyOf(event, 'flat');
    const html = shown(specOf(trigger, action), body);
    expect(html.startsWith(`<p><strong>${body.title}</strong></p><p>${body.summary}</p>`)).toBe(true);
    expect(html.includes('<a href=')).toBe(body.link !== '');
    if (body.errorHtml) expect(html).toContain(`<p>${body.errorHtml}</p>`);
    expect(html.includes('<p>Owners: ')).toBe(action === 'teams');
    expect(html).not.toContain('<p></p>');
  });

  it('shows external values as text', () => {
    const names = { dataSource: HOSTILE, segment: HOSTILE, measure: HOSTILE, error: HOSTILE, runId: HOSTILE };
    const own = Object.fromEntries(Object.entries(names).filter(([key]) => key in event));
    const html = shown(specOf(trigger, action), bodyOf({ ...event, ...own } as TriggerEvent, 'flat'));
    expect(
      html.match(/<[^>]*>/g)?.filter((tag) => !/^<\/?(p|strong|br)>$|^<a href="https:[^"]*">$|^<\/a>$/.test(tag)),
    ).toEqual([]);
    expect(html.replaceAll(/&(amp|lt|gt|quot|#39);/g, '')).not.toContain('&');
  });
});

it('escapes values and keeps the order of the parts', () => {
  const body = { title: HOSTILE, summary: '&lt;', owners: '', link: 'https://example.com/?a=1&b=2', errorHtml: '' };
  expect(shown(specOf('segment-threshold-crossed', 'teams'), body)).toBe(
    `<p><strong>&lt;img src=x onerror=&quot;alert(1)&quot;&gt; &amp; 'it' @{triggerBody()}</strong></p>` +
      '<p>&amp;lt;</p><p><a href="https://example.com/?a=1&amp;b=2">Open the page</a></p>',
  );
});

it('is sent to the owners, or to the given recipients if there are none', () => {
  const mail = specOf('full-refresh-completed', 'email');
  const withOthers = { ...mail, to: ["o'neil@example.com", 'kim@example.com'] };
  expect(evaluate(recipients(mail), { owners: 'a@example.com;b@example.com' })).toBe('a@example.com;b@example.com');
  expect(evaluate(recipients(withOthers), { owners: 'a@example.com' })).toBe('a@example.com');
  expect(evaluate(recipients(withOthers), { owners: '' })).toBe("o'neil@example.com;kim@example.com");
  expect(evaluate(SUBJECT, { title: 'Full refresh failed' })).toBe('Full refresh failed');
});

it('detects a test body', () => {
  const event = EXAMPLES['full-refresh-completed'];
  expect(evaluate(IS_TEST, bodyOf(event, 'flat', { isTest: true }))).toBe(true);
  expect(evaluate(IS_TEST, bodyOf(event, 'flat'))).toBe(false);
});
