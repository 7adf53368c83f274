/** Compares docs/connector-actions.md with the operations of the custom connector. */
import { expect, it } from 'vitest';
import { CONNECTOR_ACTIONS, connectorRoutes } from '../../contract/custom-connector';
import { OPERATIONS } from '../../lambda/custom-connector/core/definition/operations';
import { codeRows, readPage, sectionOf } from '../support/pages';

const PAGE = readPage('connector-actions.md').replaceAll(/\s+/g, ' ');
const ALLOWED = sectionOf(readPage('connector-actions.md'), '## What each action allows');

/** Operations that flow authors choose as an action. */
const ACTIONS = OPERATIONS.filter(({ trigger, visibility }) => trigger === undefined && visibility !== 'internal');

/** The page describes the lists together, without their inputs. */
const LISTS = ['GET /data-sources', 'GET /segments', 'GET /measures', 'GET /measure-members'];

it.each(ACTIONS)('$summary is on the page', ({ summary }) => expect(PAGE).toContain(summary));

it.each(ACTIONS.filter(({ route }) => !LISTS.includes(route)))(
  '$summary has its required inputs on the page',
  ({ parameters, body = [] }) => {
    for (const { title } of [...parameters, ...body].filter(({ required }) => required)) {
      expect(PAGE).toContain(`*${title}*`);
    }
  },
);

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
