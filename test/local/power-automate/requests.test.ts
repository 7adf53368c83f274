import { describe, expect, it } from 'vitest';
import { readConnectorFile } from '../../../local/power-automate/connector-file';
import type { FieldValues } from '../../../local/power-automate/model';
import {
  connectionTestRequest,
  dropdownItems,
  dropdownRequest,
  errorMessage,
  nextPageRequest,
  registrationRequest,
  unregistrationRequest,
} from '../../../local/power-automate/requests';
import { readValues } from '../../../local/power-automate/values';
import { connectorDocument } from '../../support/power-automate/connector-document';

const file = readConnectorFile(connectorDocument());
const [measure, refresh] = file.triggers as [(typeof file.triggers)[0], (typeof file.triggers)[0]];
const connection = { headers: { 'x-api-key': 'key-1' } };
const CALLBACK = 'https://flows.example.com/run';
const dropdownOf = (name: string) => {
  const dropdown = measure.fields.find((field) => field.name === name)?.dropdown;
  if (!dropdown) throw new Error(`${name} has no dropdown`);
  return dropdown;
};
const response = (body: string, status = 200) => ({ status, headers: {}, body });

describe('a registration', () => {
  it('sends the values, defaults of required fields and the callback URL with the key of the connection', () => {
    const { body, ...request } = registrationRequest(
      file,
      measure,
      { measure: 'Revenue', level: 5 },
      CALLBACK,
      connection,
    );
    expect(request).toEqual({
      ...{ method: 'POST', url: 'https://api.example.com/v1/triggers/measure' },
      headers: { 'content-type': 'application/json', 'x-api-key': 'key-1' },
    });
    expect(JSON.parse(body ?? '')).toEqual({ measure: 'Revenue', direction: 'above', level: 5, callbackUrl: CALLBACK });
  });

  it('sends the default of a hidden field, and no empty field', () => {
    const { body } = registrationRequest(file, refresh, {}, CALLBACK, connection);
    expect(JSON.parse(body ?? '')).toEqual({ source: 'flow', callbackUrl: CALLBACK });
  });
});

describe('the end of a registration', () => {
  const registrationUrl = 'https://api.example.com/v1/triggers/measure';
  it.each([
    ['an address', 'https://api.example.com/v1/registrations/a.1', 'https://api.example.com/v1/registrations/a.1'],
    ['a path', '/v1/registrations/a.1', 'https://api.example.com/v1/registrations/a.1'],
  ])('goes to %s, without the key', (_, location, url) => {
    expect(unregistrationRequest(location, registrationUrl)).toEqual({ method: 'DELETE', url, headers: {} });
  });

  it('has no request if the location is not an address', () => {
    expect(unregistrationRequest('https://', registrationUrl)).toBeUndefined();
  });
});

it('tests a connection with the key', () => {
  const url = 'https://api.example.com/v1/me';
  expect(connectionTestRequest(file, connection)).toEqual({ method: 'GET', url, headers: connection.headers });
});

describe('a dropdown', () => {
  const request = (name: string, values: FieldValues) =>
    dropdownRequest(file, measure.fields, dropdownOf(name), values, connection);

  it('asks its operation with the key', () => {
    expect(request('measure', {})).toEqual({
      ...{ method: 'GET', url: 'https://api.example.com/v1/measures', headers: connection.headers },
    });
  });

  it('sends the values of other fields, fixed values, and defaults of required parameters', () => {
    const { url } = request('members', { measure: 'A & B/C' }) as { url: string };
    expect(Object.fromEntries(new URL(url).searchParams)).toEqual({ measure: 'A & B/C', view: 'full', search: '' });
  });

  it('names the field that must be filled in first', () => {
    expect(request('members', {})).toEqual({ missing: 'Measure' });
  });

  it('reads the items', () => {
    const page = { value: [{ name: 'a', title: 'A' }, { name: 'b' }, { title: 'no value' }, 7] };
    expect(dropdownItems(dropdownOf('members'), response(JSON.stringify(page)))).toEqual([
      { value: 'a', title: 'A' },
      { value: 'b', title: 'b' },
    ]);
  });

  it.each(['', 'no JSON', '[]', '{"value":{}}', '{"other":[]}'])('reads nothing from %j', (body) => {
    expect(dropdownItems(dropdownOf('members'), response(body))).toBeUndefined();
  });

  it.each([
    ['a link of the same server', 'https://api.example.com/v1/members?page=2'],
    ['a path', '/v1/members?page=2'],
  ])('follows %s with the key', (_, link) => {
    const { href: url } = new URL(link, 'https://api.example.com');
    const next = nextPageRequest(link, 'https://api.example.com/v1/members', connection);
    expect(next).toEqual({ method: 'GET', url, headers: connection.headers });
  });

  it.each(['https://other.example.com/', 'http://api.example.com/v1', '//other.example.com/', 'https://'])(
    'does not follow a link to %s',
    (link) => expect(nextPageRequest(link, 'https://api.example.com/v1/members', connection)).toBeUndefined(),
  );
});

it.each([
  ['{"code":"invalid","message":"Level: write a number."}', 'Level: write a number.'],
  ['{"message":""}', 'The API responded with status 400.'],
  ['<html>', 'The API responded with status 400.'],
])('the message of the error %s is %j', (body, message) => {
  expect(errorMessage(response(body, 400))).toBe(message);
});

describe('typed values', () => {
  const read = (texts: Record<string, string[]>, trigger = measure) =>
    readValues(trigger.fields, (name) => texts[name] ?? []);

  it('have the types of their fields, and empty fields are missing', () => {
    expect(
      read({ measure: ['Revenue'], direction: ['below'], level: [' 12.5 '], members: [' '], once: ['true'] }),
    ).toEqual({
      values: { measure: 'Revenue', direction: 'below', level: 12.5, once: true },
    });
    expect(read({ status: ['Successful', '', 'Other'], source: ['typed'] }, refresh)).toEqual({
      values: { status: ['Successful', 'Other'] },
    });
  });

  it('have mistakes with the titles of the fields', () => {
    expect(read({ level: ['many'], once: ['maybe'] })).toEqual({
      mistakes: [
        "'Measure' is required.",
        "'Direction' is required.",
        "'Level' must be a number.",
        "'Run once' must be Yes or No.",
      ],
    });
  });
});
