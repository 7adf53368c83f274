/** Compares docs/connector-actions.md with the operations of the custom connector. */
import { describe, expect, it } from 'vitest';
import { CONNECTOR_ACTIONS, connectorRoutes } from '../../contract/custom-connector';
import { OPERATIONS } from '../../lambda/custom-connector/core/definition/operations';
import { codeRows, readPage, sectionOf } from '../support/pages';

const PAGE = readPage('connector-actions.md').replaceAll(/\s+/g, ' ');
const ALLOWED = sectionOf(readPage('connector-actions.md'), '## What each action allows');

/** Operations that flow authors choose as an action. */
const ACTIONS = OPERATIONS.filter(({ trigger, visibility }) => trigger === undefined && visibility !== 'internal');

describe.each(ACTIONS)('$summary', ({ summary, route, parameters, body = [] }) => {
  const isList = ['GET /data-sources', 'GET /segments', 'GET /measures', 'GET /measure-members'].includes(route);

  it('is on the page', () => expect(PAGE).toContain(summary));

  it.skipIf(isList)('has its required inputs there', () => {
    const inputs = [...parameters, ...body].filter(({ required }) => required);
    for (const { title } of inputs) expect(PAGE).toContain(`*${title}*`);
  });
});

it('the table of what an action allows has every action, and which are chosen by default', () => {
  const [, ...actions] = codeRows(ALLOWED);
  const rows = actions.map(([action = '', isDefault]) => [action.replaceAll('`', ''), isDefault]);
  const names = CONNECTOR_ACTIONS.map((id) => id.toUpperCase().replaceAll('-', '_'));
  expect(rows.map(([name]) => name).toSorted()).toEqual(names.toSorted());
  const defaults = rows.filter(([, isDefault]) => isDefault === 'yes').map(([name]) => name);
  expect(defaults).toEqual(['READ', 'TEST', 'REPORT_OUTCOMES']);
});

it('every route of an action is an operation on the page, or the link', () => {
  const routes = connectorRoutes(CONNECTOR_ACTIONS).filter((route) => !OPERATIONS.some((one) => one.route === route));
  expect(routes).toEqual(['POST /outcomes/{link}']);
});
